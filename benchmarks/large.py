"""What fitting again adds to a run of a million songs.

    python -m benchmarks.large            ten minutes

The songs are drawn from a mixture of ten components fitted to Spotify's table (REAL_DATA names the
folder); those with a feature outside its range are left out. The stages run in a scratch clone of
HEAD by their own commands, with the params of that commit, but for tables in Parquet and a sweep
that ends at the K that is trained. Stage soft_assign averages over refits; what that adds is its
time less that with one refit of either kind. Processor time stands beside the seconds, for other
work on the machine adds to these.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._tables import DOCS, markdown, put_table
from benchmarks.pipeline import scratch_clone, stage_cost
from benchmarks.results import OWN_TABLE, set_params
from benchmarks.songs import IDENTITY, tables
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.simulation import drawn_points
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import StageError, run_program
from stages.preprocess import scaling_of
from stages.soft_assign import REFITS

SONGS = 1_000_000
K = 10
SHARES = ("energy", "valence", "danceability")  # features from 0 to 1
STAGES = ("input", "preprocess", "k_sweep", "stability", "choose_k", "train_gmm", "refits",
          "soft_assign")  # fmt: skip
SHOWN = ("stability", "refits", "soft_assign", "soft_assign with one refit", "what refits add")


def many_songs(songs: int) -> pd.DataFrame:
    """Return a table of songs like Spotify's, whose groups are known to be there."""
    if "Spotify" not in tables():
        raise StageError("Spotify's table is not here: REAL_DATA must name the folder it is in")
    scaling = scaling_of(tables()["Spotify"], list(IDENTITY), IDENTITY, {})
    points = scaling.standardize(tables()["Spotify"])
    mixture = fit_mixture(points, K, "full", read_params("mixture", MixtureParams)).mixture
    drawn, _ = drawn_points(mixture, songs + songs // 2, np.random.default_rng(0))
    table = pd.DataFrame(scaling.original_units(drawn), columns=list(IDENTITY))
    inside = table[list(SHARES)].ge(0).all(axis=1) & table[list(SHARES)].le(1).all(axis=1)
    table = table[inside & (table["tempo"] > 0)].head(songs).reset_index(drop=True)
    return table.assign(filename=[f"song {i}" for i in range(songs)], genre="")


@dataclass(frozen=True)
class Cost:
    """What a stage took."""

    seconds: float
    processor: float  # seconds on all cores together
    peak_mb: float


def cost(stage: str, project: Path) -> Cost:
    """Run a stage by its own command and return what it took."""
    found = stage_cost(stage, project)
    return Cost(found.seconds, found.processor, found.peak_mb)


def with_one_refit(project: Path) -> Cost:
    """Return what soft_assign takes where it averages over a single refit of either kind."""
    path = project / REFITS
    kept = path.read_text()
    refits = json.loads(kept)
    path.write_text(json.dumps(refits | {kind: refits[kind][:1] for kind in ("cold", "warm")}))
    found = cost("soft_assign", project)
    path.write_text(kept)
    return found


def costs(songs: int) -> dict[str, Cost]:
    """Return what was run and what it took, in the order of the run."""
    with tempfile.TemporaryDirectory() as name:
        project = scratch_clone(Path(name))
        many_songs(songs).to_parquet(project / "data/raw/songs.parquet", index=False)
        changes = {
            "input.table": "data/raw/songs.parquet",
            "tables.format": "parquet",
            "k_sweep.k_max": K,
        }
        set_params(project / "params.yaml", OWN_TABLE | changes)
        found = {stage: cost(stage, project) for stage in STAGES}
        return found | {"soft_assign with one refit": with_one_refit(project)}


def added(found: dict[str, Cost]) -> Cost:
    """Return what refits add to a run."""
    more = [found[stage] for stage in ("stability", "refits", "soft_assign")]
    one = found["soft_assign with one refit"]
    return Cost(
        sum(stage.seconds for stage in more) - one.seconds,
        sum(stage.processor for stage in more) - one.processor,
        max(stage.peak_mb for stage in more),
    )


def main() -> None:
    """Run the stages, print what each took and put it into docs/scaling.md."""
    found = costs(SONGS)
    rows = [
        [words, f"{one.seconds:.0f}", f"{one.processor:.0f}", f"{one.peak_mb:,.0f}"]
        for words, one in (found | {"what refits add": added(found)}).items()
        if words in SHOWN
    ]
    header = [f"{SONGS:,} songs", "seconds", "of processor time", "peak, MB"]
    put_table(DOCS / "scaling.md", "large", markdown(header, rows))


if __name__ == "__main__":
    run_program(main)
