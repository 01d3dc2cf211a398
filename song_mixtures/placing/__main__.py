"""Say of songs which components of the run they are of, how sure that is, and what they are like.

Audio files, folders of them, tables with the columns of the run's own (CSV or Parquet), and songs
of the run by their name: 'what is like this one?'. Nothing is fitted. Distances to the nearest
songs of the run are in standard deviations of the features.

Exit code 1 and a line on standard error for each thing that cannot be used; the rest is placed.
"""

import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from song_mixtures.pipeline.stage import run_program, say
from song_mixtures.placing.answer import answer, as_csv, as_json, as_text
from song_mixtures.placing.given import Gathering
from song_mixtures.placing.run import load_run


def arguments() -> Namespace:
    """Return what the command is called with."""
    parser = ArgumentParser(
        prog="python -m song_mixtures.placing",
        description=__doc__,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("songs", nargs="+", metavar="song", help="a file, a folder or a name")
    parser.add_argument("--run", type=Path, default=Path(), help="folder of the run; default: here")
    parser.add_argument("--nearest", type=int, default=5, help="songs that are named; default: 5")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="everything, as JSON")
    form.add_argument("--csv", action="store_true", help="a row per song, as CSV")
    found = parser.parse_args()
    if found.nearest < 0:
        parser.error(f"--nearest is {found.nearest}, expected 0 or more")
    return found


def main() -> None:
    """Place the songs and print what came out."""
    asked = arguments()
    run = load_run(asked.run)
    gathering = Gathering(run)
    for argument in asked.songs:
        gathering.add(argument)
    placed = answer(run, gathering.given(), asked.nearest)
    try:
        if asked.json:
            print(as_json(placed.records(), gathering.faults))
        elif asked.csv:
            print(as_csv(placed.records(), len(run.mixture.weights)))
        elif placed.given.songs:
            print(as_text(placed.records()))
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has read what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    for fault in gathering.faults:
        say(fault)
    if gathering.faults:
        sys.exit(1)


if __name__ == "__main__":
    sys.argv[0] = str(Path(__file__).parent)  # a message is headed by `placing`
    run_program(main)
