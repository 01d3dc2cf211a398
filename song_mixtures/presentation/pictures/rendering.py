"""Charts as PNG, rendered by the library that the page carries, in a process of its own.

Its engine holds Python's lock while it renders, so in one process nothing could be drawn beside it.
The other process runs this file, which imports next to nothing. It reads what it is asked for from
standard input and writes a line per picture.
"""

import json
import signal
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import IO, Any

PIXELS_AN_INCH = 96  # of a specification


def rendered(specs: Sequence[dict[str, Any]], version: str, dpi: int) -> list[bytes]:
    """Return the pictures of charts as PNG, in order; the same bytes again.

    Parameters
    ----------
    specs : their specifications
    version : of Vega-Lite, such as 6.4
    dpi : dots per inch
    """
    asked = {"specs": specs, "version": version, "scale": dpi / PIXELS_AN_INCH}
    command = [sys.executable, "-P", __file__]
    done = subprocess.run(
        command, input=json.dumps(asked).encode(), stdout=subprocess.PIPE, check=True
    )
    return [b64decode(line) for line in done.stdout.splitlines()]


def render(asked: IO[str], pictures: IO[str]) -> None:
    """Render what is asked for, a line of base64 per picture."""
    import vl_convert  # whoever begins to render need not wait for it

    request = json.load(asked)
    for spec in request["specs"]:
        picture = vl_convert.vegalite_to_png(
            spec, vl_version=request["version"], scale=request["scale"], allowed_base_urls=[]
        )
        print(b64encode(picture).decode(), file=pictures)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches both, and the stage says so
    render(sys.stdin, sys.stdout)
