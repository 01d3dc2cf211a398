"""Compile what fits need and is not compiled yet: `python -m song_mixtures.fitting`.

`make` does it at set-up, so that no run waits for it; without it the first fit compiles.
"""

from dataclasses import replace

import numpy as np

from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.pipeline.params import read_params


def main() -> None:
    """Fit a small table by either recipe."""
    points = np.random.default_rng(0).normal(size=(100, 5))
    params = replace(read_params("mixture", MixtureParams), short_runs=1, n_init=1)
    fit_mixture(points, 2, "full", replace(params, init="varied"))
    fit_mixture(points, 2, "full", replace(params, init="kmeans"))


if __name__ == "__main__":
    main()
