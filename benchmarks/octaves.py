"""What a tempo in the wrong octave does to posteriors, and what averaging over readings gives back.

    python -m benchmarks.octaves        after a run of the pipeline, two minutes

The truth is the mixture of the last run; songs drawn from it have a known component. Of a fifth of
them the tempo is doubled, and all have half the tempo they are given as a second reading, with the
true share: a fifth. Mixtures are fitted to the songs with their right tempos, as if the mixture
were known from elsewhere, and to the songs as they are, as the pipeline would. Errors are standard
errors of the mean over simulations.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks._tables import DOCS, ROOT, markdown, put_table
from benchmarks.calibration import Stated, greatest_stated
from song_mixtures.compute.parallel import Compute, parallel_map
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import Mixture, posteriors
from song_mixtures.mixture.simulation import drawn_points
from song_mixtures.pipeline.arrays import BoolArray, FloatArray
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import run_program
from song_mixtures.refits.cold import mean_and_error
from song_mixtures.refits.songs import averaged
from song_mixtures.refits.warm import RefitParams, warm_refit
from song_mixtures.songs.scaling import Scaling
from stages.soft_assign import GMM, SCALING, over_readings

SONGS = 1_000
SIMULATIONS = 10
DOUBLED_SHARE = 0.2
FITTED_TO = ("right tempos", "tempos as given")
NAMES = ("one fit", "… and both readings", "averaged over refits", "… and both readings")


def with_tempo(points: FloatArray, factor: FloatArray | float, scaling: Scaling) -> FloatArray:
    """Return points, (N, d), with their tempo times a factor, (N,) or one for all."""
    songs = pd.DataFrame(scaling.original_units(points), columns=list(scaling.features))
    return scaling.standardize(songs.assign(tempo=songs["tempo"] * factor))


def of_both(at_tempo: FloatArray, at_half: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return posteriors at the tempo, (N, K), and the average over both readings."""
    share = np.full(len(at_tempo), DOUBLED_SHARE)
    return at_tempo, over_readings(at_tempo, at_half, share)


def simulated(
    truth: Mixture, scaling: Scaling, seed: int, params: RefitParams, recipe: MixtureParams
) -> list[list[Stated]]:
    """Return what the greatest posteriors of NAMES say, for each of FITTED_TO.

    Parameters
    ----------
    truth : the mixture that songs are drawn from
    scaling : of its features
    seed : of the songs and of all fits to them
    params : section `refits`
    recipe : section `mixture`
    """
    rng = np.random.default_rng(seed)
    right, components = drawn_points(truth, SONGS, rng)
    doubled: BoolArray = rng.random(SONGS) < DOUBLED_SHARE
    given = with_tempo(right, np.where(doubled, 2.0, 1.0), scaling)
    half = with_tempo(given, 0.5, scaling)
    recipe, params = replace(recipe, seed=seed), replace(params, seed=seed)
    found = []
    for points in (right, given):
        fit = fit_mixture(points, len(truth.weights), truth.covariance_type, recipe).mixture
        warm = [warm_refit(points, fit, number, params, recipe) for number in range(params.warm)]
        stated = [
            *of_both(*(posteriors(fit, place)[0] for place in (given, half))),
            *of_both(*(averaged(warm, place).posterior for place in (given, half))),
        ]
        found.append([greatest_stated(one, components) for one in stated])
    return found


def figures(greatest: Stated) -> list[float]:
    """Return the figures of one row in one simulation."""
    above = greatest.true[greatest.probability > 0.9].mean()
    return [greatest.brier(), greatest.calibration_error(), above]


def rows(found: list[list[list[Stated]]]) -> Iterator[list[str]]:
    """Yield the table's rows out of the simulations."""
    for fit, fitted_to in enumerate(FITTED_TO):
        for place, name in enumerate(NAMES):
            values = np.array([figures(simulation[fit][place]) for simulation in found])
            means = zip(*mean_and_error(values), strict=True)
            yield [fitted_to, name, *(f"{mean:.3f} ± {error:.3f}" for mean, error in means)]


def main() -> None:
    """Print the table and put it into docs/method.md."""
    params, recipe = read_params("refits", RefitParams), read_params("mixture", MixtureParams)
    truth = Mixture.from_json(read_json(ROOT / GMM))
    scaling = Scaling.from_json(read_json(ROOT / SCALING))
    calls = [(truth, scaling, seed, params, recipe) for seed in range(SIMULATIONS)]
    found = list(parallel_map(simulated, calls, Compute(), threads=True))
    header = ["fitted to", "posteriors", "Brier of the greatest", "ECE of the greatest"]
    header += ["right where above 0.9"]
    put_table(DOCS / "method.md", "octaves", markdown(header, list(rows(found))))


if __name__ == "__main__":
    run_program(main)
