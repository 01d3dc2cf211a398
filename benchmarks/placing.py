"""What it costs to place songs in the finished run, beside one import of sklearn.cluster.

    python -m benchmarks.placing

The command is run as people run it, by a new process each time, and so is the import, in turns;
the least of the times counts, for other work on the machine only ever adds. The run is the one in
this folder; of one that is of no audio the clip is left out.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._tables import DOCS, markdown, put_table
from benchmarks.extraction_cost import made_clips
from song_mixtures.audio.version import MADE_BY
from song_mixtures.placing.run import Run, load_run

REPEATS = 5
MANY = 10_000  # songs
REFERENCE = ["-c", "import sklearn.cluster"]


def made_table(run: Run, songs: int) -> pd.DataFrame:
    """Return a table with the columns that the run's own has, of songs drawn near its own."""
    rng = np.random.default_rng(0)
    near = rng.choice(run.known.points, songs) + rng.normal(0, 0.1, (songs, len(run.features)))
    values = run.scaling.original_units(near)
    table = pd.DataFrame(values, columns=list(run.making.columns.values()))
    return table.assign(**({MADE_BY: run.making.made_by} if run.making.made_by else {}))


def least_seconds(commands: Mapping[str, list[str]], repeats: int) -> dict[str, float]:
    """Return the least time of each command of python, by name [s], run in turns."""
    least = dict.fromkeys(commands, np.inf)
    for _ in range(repeats):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *command], stdout=subprocess.DEVNULL, check=True)
            least[name] = min(least[name], time.perf_counter() - start)
    return least


def costs(run: Run, folder: Path, repeats: int) -> dict[str, float]:
    """Return the seconds of the import, of a row of a table, of many, of a clip of 30 s.

    Parameters
    ----------
    run : a finished run
    folder : where songs are put
    repeats : runs of each command
    """
    given = {}
    for name, songs in {"a row of a table": 1, f"a table of {MANY:,} rows": MANY}.items():
        given[name] = folder / f"{songs}.csv"
        made_table(run, songs).to_csv(given[name], index=False)
    if run.making.made_by:
        given["a clip of 30 s"] = made_clips(folder)[0]
    place = ["-m", "song_mixtures.placing", "--csv", "--run", str(run.folder)]
    commands = {name: [*place, str(path)] for name, path in given.items()}
    return least_seconds({"the import": REFERENCE, **commands}, repeats)


def main() -> None:
    """Time everything; print the table and put it into docs/using.md."""
    with tempfile.TemporaryDirectory() as folder:
        found = costs(load_run(), Path(folder), REPEATS)
    reference = found.pop("the import")
    rows = [
        [name, f"{seconds:.2f} s", f"{seconds / reference:.2f}"] for name, seconds in found.items()
    ]
    rows.append(["`import sklearn.cluster`, for comparison", f"{reference:.2f} s", "1"])
    put_table(DOCS / "using.md", "placing", markdown(["", "takes", "ratio"], rows))


if __name__ == "__main__":
    main()
