"""Is 90 % right nine times in ten? Songs drawn from a mixture, and so of known component.

    python -m benchmarks.calibration        after a run of the pipeline, five minutes

The truth is a mixture fitted to a table, K = 10; songs drawn from it are fitted anew. Compared are
the posteriors of the truth itself, of the one fit, and those that the pipeline gives out, averaged
over warm refits. Pairs of songs need no matching of components: predicted is r_i . r_j, true is
whether both are of the same component. The greatest posterior is right when its component,
matched to the true ones by the posteriors in common, is the song's own.

Errors are standard errors of the mean over simulations.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks._tables import DOCS, markdown, put_table
from benchmarks.songs import standardized_tables
from song_mixtures.compute.parallel import Compute, parallel_map
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import Mixture, posteriors
from song_mixtures.mixture.simulation import drawn_points
from song_mixtures.pipeline.arrays import BoolArray, FloatArray, IntArray
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import run_program
from song_mixtures.refits.cold import mean_and_error
from song_mixtures.refits.songs import averaged
from song_mixtures.refits.warm import RefitParams, warm_refit

K = 10
SONGS = (1_000, 10_000)
SIMULATIONS = 10
PAIRS = 100_000
BINS = 10
NAMES = ("the true posteriors", "one fit", "averaged over warm refits")
PICTURE = DOCS / "calibration.png"


@dataclass(frozen=True)
class Stated:
    """Probabilities, (n,), and whether what they speak of came true."""

    probability: FloatArray
    true: BoolArray

    def brier(self) -> float:
        """Return the mean squared error of the probabilities, Brier (1950)."""
        return float(np.mean((self.probability - self.true) ** 2))

    def reliability(self) -> list[tuple[float, float, float]]:
        """Return share of all, mean probability and share true of each bin that is not empty."""
        bins = np.minimum((self.probability * BINS).astype(int), BINS - 1)
        within = [bins == one for one in np.unique(bins)]
        return [(own.mean(), self.probability[own].mean(), self.true[own].mean()) for own in within]

    def calibration_error(self) -> float:
        """Return the expected calibration error, 0 to 1, Naeini, Cooper & Hauskrecht (2015)."""
        return float(sum(n * abs(stated - true) for n, stated, true in self.reliability()))


def pairs_stated(posterior: FloatArray, components: IntArray, seed: int) -> Stated:
    """Return what posteriors, (N, K), say of pairs of songs: that they are of one component."""
    one, other = np.random.default_rng(seed).integers(len(posterior), size=(2, PAIRS))
    one, other = one[one != other], other[one != other]
    same = (posterior[one] * posterior[other]).sum(axis=1)
    return Stated(same, components[one] == components[other])


def greatest_stated(posterior: FloatArray, components: IntArray) -> Stated:
    """Return what the greatest posterior of each song says, (N, K), components matched."""
    k = posterior.shape[1]
    common = np.eye(k)[components].T @ posterior
    true, own = linear_sum_assignment(common, maximize=True)
    meant = np.empty(k, dtype=int)
    meant[own] = true
    return Stated(posterior.max(axis=1), meant[posterior.argmax(axis=1)] == components)


def simulated(
    truth: Mixture, songs: int, seed: int, params: RefitParams, recipe: MixtureParams
) -> list[tuple[Stated, Stated]]:
    """Return what is stated of pairs and of the greatest posterior, of each of NAMES.

    Parameters
    ----------
    truth : the mixture that songs are drawn from
    songs : how many are drawn
    seed : of the songs and of all fits to them
    params : section `refits`
    recipe : section `mixture`
    """
    points, components = drawn_points(truth, songs, np.random.default_rng(seed))
    recipe, params = replace(recipe, seed=seed), replace(params, seed=seed)
    fit = fit_mixture(points, len(truth.weights), truth.covariance_type, recipe).mixture
    warm = [warm_refit(points, fit, number, params, recipe) for number in range(params.warm)]
    given = [posteriors(truth, points)[0], posteriors(fit, points)[0]]
    return [
        (pairs_stated(one, components, seed), greatest_stated(one, components))
        for one in [*given, averaged(warm, points).posterior]
    ]


def figures(pairs: Stated, greatest: Stated) -> list[float]:
    """Return the figures of one row in one simulation."""
    above = greatest.probability > 0.9
    right = greatest.true[above].mean()
    errors = (pairs.calibration_error(), greatest.calibration_error())
    return [pairs.brier(), *errors, right]


def rows(name: str, found: list[list[tuple[Stated, Stated]]]) -> Iterator[list[str]]:
    """Yield a table's rows out of its simulations."""
    for place, title in enumerate(NAMES):
        values = np.array([figures(*simulation[place]) for simulation in found])
        cells = [
            f"{mean:.4f} ± {error:.4f}" for mean, error in zip(*mean_and_error(values), strict=True)
        ]
        yield [name, title, *cells]


def well_filled(pooled: Stated) -> list[tuple[float, float, float]]:
    """Return the bins of at least 50 songs: of fewer the share says nothing."""
    return [one for one in pooled.reliability() if one[0] * len(pooled.probability) >= 50]


def draw(panels: dict[str, list[list[tuple[Stated, Stated]]]]) -> None:
    """Draw the reliability diagram of the greatest posterior, a panel per table."""
    import matplotlib.pyplot as plt

    drawing, axes = plt.subplots(
        1, len(panels), figsize=(4.2 * len(panels), 4.2), sharey=True, squeeze=False
    )
    for (name, found), panel in zip(panels.items(), axes[0], strict=True):
        panel.plot([0, 1], [0, 1], color="0.7", linewidth=1)
        for place, title in enumerate(NAMES):
            of_all = [simulation[place][1] for simulation in found]
            pooled = Stated(
                np.concatenate([one.probability for one in of_all]),
                np.concatenate([one.true for one in of_all]),
            )
            _, stated, true = zip(*well_filled(pooled), strict=True)
            panel.plot(stated, true, marker="o", markersize=4, label=title)
        panel.set(title=name, xlabel="greatest posterior", xlim=(0, 1), ylim=(0, 1))
    axes[0][0].set_ylabel("share of songs of that component")
    axes[0][0].legend(loc="upper left", frameon=False)
    drawing.tight_layout()
    drawing.savefig(PICTURE, dpi=110, metadata={"Software": None})


def main() -> None:
    """Print the table, put it into docs/method.md, draw the reliability diagram."""
    params, recipe = read_params("refits", RefitParams), read_params("mixture", MixtureParams)
    found = {}
    for name in [name for name in ("demo", "GTZAN") if name in standardized_tables()]:
        truth = fit_mixture(standardized_tables()[name], K, "full", recipe).mixture
        for songs in SONGS:
            calls = [(truth, songs, seed, params, recipe) for seed in range(SIMULATIONS)]
            title = f"{name}, {songs:,} songs"
            found[title] = list(parallel_map(simulated, calls, Compute(), threads=True))
    header = ["truth", "posteriors", "Brier of pairs", "ECE of pairs", "ECE of the greatest"]
    header += ["right where above 0.9"]
    body = [row for name, simulations in found.items() for row in rows(name, simulations)]
    put_table(DOCS / "method.md", "calibration", markdown(header, body))
    draw({name: simulations for name, simulations in found.items() if "10,000" not in name})


if __name__ == "__main__":
    run_program(main)
