"""One module per DVC stage, of the stage's name."""

import sys

from song_mixtures.pipeline.interruption import end_at_once_on_ctrl_c

if sys.argv[0] == "-m":  # `python -m stages.…`, before the stage's own imports
    end_at_once_on_ctrl_c()
