"""Whether log2 and logit describe the songs better, and whether components come back as often.

    python -m benchmarks.transforms            after a run of the pipeline, a quarter of an hour

The tables are those of benchmarks/songs.py, of Spotify's a sample. BIC is in the units of the
standardized original features under either, so it may be compared.

Bootstrap ARI: that of fit and refit, as stages stability and refits have it. Both transforms see
the same draws, so their difference has a standard error of its own.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from benchmarks._tables import DOCS, markdown, put_table
from benchmarks.songs import IDENTITY, SMALL, tables
from benchmarks.stability import cold_refits
from song_mixtures.compute.parallel import Compute, parallel_map
from song_mixtures.fitting.criteria import evaluate_fit
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import run_program
from song_mixtures.songs.scaling import Transform, squeeze_of
from stages.k_sweep import Sweep
from stages.preprocess import scaling_of

TRANSFORMED: dict[str, Transform] = IDENTITY | {
    "tempo": "log2",
    "energy": "logit",
    "valence": "logit",
    "danceability": "logit",
}
REFITS = 50
STABLE_KS = range(2, 6)


@dataclass(frozen=True)
class Table:
    """A table under one choice of transforms."""

    points: FloatArray  # standardized, (N, d)
    log_jacobian: float  # Scaling.log_jacobian()


def seen(songs: pd.DataFrame, transform: dict[str, Transform]) -> Table:
    """Return the songs as a mixture sees them under these transforms."""
    squeeze = squeeze_of(songs, transform)
    scaling = scaling_of(songs, list(transform), transform, squeeze)
    return Table(scaling.standardize(songs), scaling.log_jacobian(songs))


def bic(table: Table, k: int, params: MixtureParams) -> tuple[float, bool]:
    """Return BIC in the units of the original features, and whether the fit is valid."""
    fitted = fit_mixture(table.points, k, "full", params)
    fit = evaluate_fit(fitted, table.points, params.reg_covar, table.log_jacobian)
    return fit.bic, bool(fit.valid)


def lowest_bic(table: Table, sweep: Sweep, params: MixtureParams) -> tuple[int, float]:
    """Return the K of the sweep's valid fits where BIC is lowest, and that BIC."""
    ks = range(sweep.k_min, sweep.k_max + 1)
    calls = ((table, k, params) for k in ks)
    found = list(parallel_map(bic, calls, Compute(), threads=True))
    valid = {k: value for k, (value, is_valid) in zip(ks, found, strict=True) if is_valid}
    k = min(valid, key=valid.__getitem__)
    return k, valid[k]


def bootstrap_aris(table: Table, k: int, params: MixtureParams) -> FloatArray:
    """Return the ARI of every refit's labels with those of the fit, (REFITS,)."""
    return np.array([refit.ari for refit in cold_refits(table.points, k, REFITS, params)])


def with_error(values: FloatArray, sign: str = "") -> str:
    """Return the mean of values with its standard error."""
    return f"{values.mean():{sign}.2f} ± {values.std(ddof=1) / np.sqrt(len(values)):.2f}"


@dataclass(frozen=True)
class Compared:
    """A table and the transforms that are compared with none."""

    name: str
    songs: pd.DataFrame
    transform: dict[str, Transform]


def compared() -> list[Compared]:
    """Return every table under log2 and logit, and GTZAN's under logit alone.

    The latter are what stage gtzan_table would make without its logistic functions.
    """
    found = {name: tables()[name] for name in SMALL if name in tables()}
    rows = [
        Compared(f"{name}, {len(songs):,} songs", songs, TRANSFORMED)
        for name, songs in found.items()
    ]
    if "GTZAN" in found:
        logit_alone = TRANSFORMED | {"tempo": "identity"}
        rows.append(Compared("GTZAN, logit alone", found["GTZAN"], logit_alone))
    return rows


def bic_row(row: Compared, sweep: Sweep, params: MixtureParams) -> list[str]:
    """Return a row of the first table: the lowest BIC of the sweep under either."""
    plain = lowest_bic(seen(row.songs, IDENTITY), sweep, params)
    curved = lowest_bic(seen(row.songs, row.transform), sweep, params)
    cells = [f"{value:.0f} at K = {k}" for k, value in (plain, curved)]
    return [row.name, *cells, f"{curved[1] - plain[1]:+.0f}"]


def ari_row(row: Compared, k: int, params: MixtureParams) -> list[str]:
    """Return a row of the second table: the bootstrap ARI at one K under either."""
    plain = bootstrap_aris(seen(row.songs, IDENTITY), k, params)
    curved = bootstrap_aris(seen(row.songs, row.transform), k, params)
    cells = [with_error(plain), with_error(curved), with_error(curved - plain, "+")]
    return [row.name, str(k), *cells]


def main() -> None:
    """Print both tables and put them into docs/method.md."""
    params = replace(read_params("mixture", MixtureParams), init="varied")
    sweep = read_params("k_sweep", Sweep)
    rows = compared()
    first = [bic_row(row, sweep, params) for row in rows]
    second = [ari_row(row, k, params) for row in rows for k in STABLE_KS]
    heads = ["identity", "log2 and logit", "difference"]
    put_table(
        DOCS / "method.md",
        "transforms",
        f"{markdown(['lowest BIC of the sweep', *heads], first)}\n\n"
        f"{markdown(['bootstrap ARI', 'K', *heads], second)}",
    )


if __name__ == "__main__":
    run_program(main)
