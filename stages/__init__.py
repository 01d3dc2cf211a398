"""One module per DVC stage, of the stage's name."""

import sys

from song_mixtures.pipeline.process import begin

if sys.argv[0] == "-m":  # `python -m stages.…`, before the stage's own imports
    begin()
