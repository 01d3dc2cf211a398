"""How many songs keep the number of their component when a table grows by a twentieth.

    python -m benchmarks.numbering        after a run of the pipeline, half a minute

A mixture is fitted to 950 of the last run's songs, drawn by chance, and one to all 1,000; the songs
asked are the 950. Numbered by weight, numbers are chance's; with the first as reference, components
that correspond keep them; matched, every component has the one with most songs in common, which is
the most that any numbers could reach.
"""

import numpy as np

from benchmarks._tables import DOCS, markdown, put_table
from benchmarks.songs import standardized, tables
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.labels.numbering import corresponding, keep_numbers, kept_songs_share
from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import run_program
from song_mixtures.refits.cold import hard_labels

KS = (4, 10)
DRAWS = 10
ADDED = 0.05  # of the songs
HEADER = ["K", "numbered by weight", "`train_gmm.reference`", "matched", "components kept"]


def shares(
    earlier: IntArray, labels: IntArray, old: IntArray, weights: FloatArray
) -> tuple[float, float, float, float]:
    """Return the shares of old songs with their number in three ways, and of components kept.

    Parameters
    ----------
    earlier : components of all songs in the earlier mixture, (N,)
    labels : in the new one, (N,), by weight
    old : rows of the songs that the earlier run had
    weights : of the new mixture's components, (K,)
    """
    k = len(weights)
    numbering = keep_numbers(earlier, labels, k, weights)
    matched, _ = corresponding(earlier[old], labels[old], k, k)
    was = earlier[old]
    return (
        float((labels[old] == was).mean()),
        kept_songs_share(was, labels[old], numbering),
        float((matched[was] == labels[old]).mean()),
        float(numbering.kept().mean()),
    )


def main() -> None:
    """Fit, compare and put the table into docs/method.md."""
    recipe = read_params("mixture", MixtureParams)
    songs = tables()["demo"].reset_index(drop=True)
    points = standardized(songs)
    rows = []
    for k in KS:
        mixture = fit_mixture(points, k, "full", recipe).mixture
        labels = hard_labels(mixture, points)
        found = []
        for seed in range(DRAWS):
            count = round((1 - ADDED) * len(songs))
            old = np.sort(np.random.default_rng(seed).permutation(len(songs))[:count])
            own = points[old]
            mean, deviation = own.mean(axis=0), own.std(axis=0)
            before = fit_mixture((own - mean) / deviation, k, "full", recipe).mixture
            earlier = hard_labels(before, (points - mean) / deviation)
            found.append(shares(earlier, labels, old, mixture.weights))
        cells = [
            f"{values.mean():.0%} ({values.min():.0%} to {values.max():.0%})"
            for values in np.array(found).T
        ]
        rows.append([str(k), *cells])
    put_table(DOCS / "method.md", "numbering", markdown(HEADER, rows))


if __name__ == "__main__":
    run_program(main)
