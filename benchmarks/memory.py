"""What memory every stage of the table pipeline takes per song, and how long it is at work.

    python -m benchmarks.memory            a quarter of an hour

Tables of benchmarks/made_songs.py, as Parquet; each stage by its own command in a scratch clone of
HEAD. What takes time and no memory is cut short: the sweep is of K = 9 and 10 alone, stability of
K = 10, and refits have few initializations. Memory is what a stage takes above its peak with FEW
songs, when all libraries are loaded and all processes started: the larger of its own process's
(Linux's VmHWM) and of all of its processes' together (Pss). Processor time counts, for other work
on the machine adds to the seconds.
"""

from benchmarks._tables import DOCS, markdown, put_table
from benchmarks.pipeline import StageCost, stage_costs
from song_mixtures.pipeline.stage import run_program

FEW = 10_000  # songs
SIZES = (100_000, 300_000, 1_000_000)
PARAMS = {
    "k_sweep.k_min": 9,
    "k_sweep.k_max": 10,
    "stability.n_components": [10],
    "refits.short_runs": 5,
    "refits.carried_on": 1,
}


def added(few: StageCost, many: StageCost) -> float:
    """Return the memory that more songs take, MB, no less than 0."""
    return max(many.own_peak_mb - few.own_peak_mb, many.peak_mb - few.peak_mb, 0.0)


def rows(few: list[StageCost], by_size: list[list[StageCost]]) -> list[list[str]]:
    """Return table rows, the stage that takes most memory of the largest table first.

    Parameters
    ----------
    few : what each stage took with FEW songs
    by_size : the same of each of SIZES, the stages in the same order
    """
    found = []
    for base, *larger in zip(few, *by_size, strict=True):
        memory = [added(base, cost) for cost in larger]
        largest = larger[-1]
        cells = [f"{base.own_peak_mb:.0f}", *(f"{value:.0f}" for value in memory)]
        cells += [f"{largest.table_mb:.0f}", f"{largest.processor:.1f}", f"{largest.seconds:.1f}"]
        found.append((memory[-1], [base.stage, *cells]))
    return [cells for _, cells in sorted(found, key=lambda one: -one[0])]


def main() -> None:
    """Run the stages with every size, print the table and put it into docs/scaling.md."""
    few, *by_size = (stage_costs(songs, PARAMS) for songs in (FEW, *SIZES))
    header = ["stage", f"peak with {FEW:,} songs, MB"]
    header += [f"more with {songs:,}" for songs in SIZES]
    header += ["largest table, MB", "processor time, s", "seconds"]
    put_table(DOCS / "scaling.md", "memory", markdown(header, rows(few, by_size)))


if __name__ == "__main__":
    run_program(main)
