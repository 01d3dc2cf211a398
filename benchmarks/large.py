"""What fitting again adds to a run of a million songs.

    python -m benchmarks.large            a quarter of an hour

The songs are drawn from a mixture of ten components fitted to Spotify's table (REAL_DATA names the
folder); those with a feature outside its range are left out. The stages run in a scratch clone of
HEAD by their own commands, with the params of that commit and tables in Parquet. Stage soft_assign
averages over refits; what that adds is its time less that with one refit of either kind.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._tables import DOCS, markdown, put_table
from benchmarks.calibration import drawn_songs
from benchmarks.pipeline import StageCost, scratch_clone, stage_cost
from benchmarks.results import OWN_TABLE, set_params
from benchmarks.songs import IDENTITY, tables
from song_mixtures.fitting.em import MixtureParams
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import StageError, run_program
from stages.preprocess import fit_scaler
from stages.soft_assign import REFITS

SONGS = 1_000_000
K = 10
SHARES = ("energy", "valence", "danceability")  # features from 0 to 1
BEFORE = ("input", "preprocess", "k_sweep")
ADDED = ("stability", "refits")


def many_songs(songs: int) -> pd.DataFrame:
    """Return a table of songs like Spotify's, whose groups are known to be there."""
    if "Spotify" not in tables():
        raise StageError("Spotify's table is not here: REAL_DATA must name the folder it is in")
    scaling = fit_scaler(tables()["Spotify"], list(IDENTITY), IDENTITY)[1]
    points = scaling.standardize(tables()["Spotify"])
    mixture = fit_mixture(points, K, "full", read_params("mixture", MixtureParams)).mixture
    drawn, _ = drawn_songs(mixture, songs + songs // 2, np.random.default_rng(0))
    table = pd.DataFrame(scaling.original_units(drawn), columns=list(IDENTITY))
    inside = table[list(SHARES)].ge(0).all(axis=1) & table[list(SHARES)].le(1).all(axis=1)
    table = table[inside & (table["tempo"] > 0)].head(songs).reset_index(drop=True)
    return table.assign(filename=[f"song {i}" for i in range(songs)], genre="")


def with_one_refit(project: Path) -> StageCost:
    """Return what soft_assign takes where it averages over a single refit of either kind."""
    path = project / REFITS
    kept = path.read_text()
    refits = json.loads(kept)
    path.write_text(json.dumps(refits | {kind: refits[kind][:1] for kind in ("cold", "warm")}))
    cost = stage_cost("soft_assign", project)
    path.write_text(kept)
    return cost


def costs(songs: int) -> Iterator[tuple[str, float, float]]:
    """Yield what was run, its seconds and its peak of memory [MB], in the order of the run."""
    with tempfile.TemporaryDirectory() as name:
        project = scratch_clone(Path(name))
        many_songs(songs).to_parquet(project / "data/raw/songs.parquet", index=False)
        changes = {"input.table": "data/raw/songs.parquet", "tables.format": "parquet"}
        set_params(project / "params.yaml", OWN_TABLE | changes)
        run = ("stability", "choose_k", "train_gmm", "refits")
        found = {stage: stage_cost(stage, project) for stage in (*BEFORE, *run)}
        for stage in (BEFORE[-1], *ADDED):
            yield stage, found[stage].seconds, found[stage].peak_mb
        whole, one = stage_cost("soft_assign", project), with_one_refit(project)
    yield "soft_assign", whole.seconds, whole.peak_mb
    yield "soft_assign with one refit", one.seconds, one.peak_mb
    added = sum(found[stage].seconds for stage in ADDED) + whole.seconds - one.seconds
    yield "what refits add", added, max(whole.peak_mb, *(found[s].peak_mb for s in ADDED))


def main() -> None:
    """Run the stages, print what each took and put it into docs/scaling.md."""
    rows = [[words, f"{seconds:.0f}", f"{peak:,.0f}"] for words, seconds, peak in costs(SONGS)]
    header = [f"{SONGS:,} songs", "seconds", "peak, MB"]
    put_table(DOCS / "scaling.md", "large", markdown(header, rows))


if __name__ == "__main__":
    run_program(main)
