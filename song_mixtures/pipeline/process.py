"""What a stage's process is before its imports: with room for them, and ended by Ctrl-C in a line.

`stages/__init__.py` imports this first of all, so it imports next to nothing.
"""

import os
import resource
import signal
import sys
from pathlib import Path
from threading import Timer
from typing import NoReturn

INTERRUPTED = "interrupted; nothing half-written is left. `dvc repro` starts this stage again"
LEAST_SPACE = 4  # GB of addresses, not of memory, that libraries and a few threads reserve
CODE = 130  # as shells have it: 128 and the number of the signal


def missing_space(least: int) -> str:
    """Return what is wrong where `ulimit -v` leaves fewer than so many GB of addresses, else ""."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY or limit >= least * 10**9:
        return ""
    return (
        f"`ulimit -v` leaves {limit / 1e9:.1f} GB of addresses, and libraries reserve up to "
        f"{least} GB, though they use less; lift it (`ulimit -v unlimited`) and run `dvc repro`"
    )


def begin() -> None:
    """Set up the process of a stage, or end it where its imports would fail or hang."""
    end_at_once_on_ctrl_c()
    if fault := missing_space(LEAST_SPACE):
        sys.exit(f"{sys.orig_argv[-1].removeprefix('stages.')}: {fault}")


def end_at_once_on_ctrl_c() -> None:
    """End this process at Ctrl-C without a traceback: nothing is at work that must be tidied up.

    During imports a KeyboardInterrupt would show dozens of lines of them, and while the interpreter
    ends it would be ignored, and DVC go on.
    """
    signal.signal(signal.SIGINT, _end)


def interrupt_on_ctrl_c() -> None:
    """Raise KeyboardInterrupt at Ctrl-C, and once more where it was ignored.

    A callback from C code, such as numba's while it loads a function, has nobody to raise it to.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.unraisablehook = _again


def _again(ignored: "sys.UnraisableHookArgs") -> None:
    if not issubclass(ignored.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(ignored)
        return
    later = Timer(0.01, os.kill, (os.getpid(), signal.SIGINT))  # here it would be ignored again
    later.daemon = True
    later.start()


def _end(*_: object) -> NoReturn:
    os.write(2, f"{Path(sys.argv[0]).stem}: {INTERRUPTED}\n".encode())
    os._exit(CODE)
