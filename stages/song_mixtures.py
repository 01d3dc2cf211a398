"""What a stage finds in place of the package where it is run as `python stages/<stage>.py`.

Python then looks for modules beside the stage and not in the project's folder. Run as a module,
which is what dvc.yaml does, a stage never comes here.
"""

import sys
from pathlib import Path

name = Path(sys.argv[0]).stem
sys.exit(f"{name}: run it as `python -m stages.{name}` in the project's folder, or `dvc repro`")
