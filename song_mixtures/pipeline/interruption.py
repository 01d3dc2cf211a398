"""Ctrl-C before a stage's main() and after it: one line and exit code 130 there, too.

`stages/__init__.py` imports this first of all, so it imports next to nothing.
"""

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

INTERRUPTED = "interrupted; nothing half-written is left. `dvc repro` starts this stage again"
CODE = 130  # as shells have it: 128 and the number of the signal


def end_at_once_on_ctrl_c() -> None:
    """End this process at Ctrl-C without a traceback: nothing is at work that must be tidied up.

    During imports a KeyboardInterrupt would show dozens of lines of them, and while the interpreter
    ends it would be ignored, and DVC go on.
    """
    signal.signal(signal.SIGINT, _end)


def _end(*_: object) -> NoReturn:
    os.write(2, f"{Path(sys.argv[0]).stem}: {INTERRUPTED}\n".encode())
    os._exit(CODE)
