"""A finished run from Python: posteriors of any songs, the components, the songs it was made of.

    from song_mixtures.placing.run import load_run

    run = load_run()                       # the project's folder, or load_run("path/to/it")
    run.posteriors(values)                 # an array (N, d) of run.features, original units
    run.posteriors_of(songs)               # a DataFrame with these columns, and a DataFrame back
    run.components()                       # a row per component: words, weight, means
    run.songs()                            # a row per song of the run, all that is said of it

It reads models/*.json and the tables, no pickle, and fits nothing. Arrays are placed without
pandas, scikit-learn or scipy, each of which takes longer to import than a song to place; what
returns a DataFrame imports pandas when it is called.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from song_mixtures.mixture.model import Mixture
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.params import Range, read_param
from song_mixtures.pipeline.stage import StageError
from song_mixtures.placing.density import Judges
from song_mixtures.placing.known import KnownSongs, Nearest, read_known, read_texts
from song_mixtures.placing.posteriors import Placed, placed
from song_mixtures.songs.scaling import Scaling
from song_mixtures.sources.making import Making

if TYPE_CHECKING:
    import pandas as pd

# By stages preprocess, train_gmm, refits, suspects.
SCALING, MAKING = Path("models/scaling.json"), Path("models/making.json")
GMM, REFITS = Path("models/gmm.json"), Path("models/refits.json")
DENSITIES = Path("models/out_of_fold_densities.json")
PARAMS = Path("params.yaml")
PROCESSED = Path("data/processed")
MEANS, WEIGHTS = PROCESSED / "gmm_means", PROCESSED / "gmm_weights"  # from components
ASSIGNMENTS = PROCESSED / "gmm_cluster_assignments"  # from uncertainty
DECIMALS = 6  # of a posterior, as stage soft_assign writes it


@dataclass(frozen=True)
class Run:
    """What a finished run knows: its models, and where its tables are; load_run() reads one."""

    folder: Path
    scaling: Scaling
    making: Making
    mixture: Mixture
    cold: Sequence[Mixture]  # refits that were initialized anew, component k matched to k
    warm: Sequence[Mixture]  # refits that started at the mixture
    judges: Judges

    @property
    def features(self) -> tuple[str, ...]:
        """Return the names of the d features, in the order in which arrays have them."""
        return self.scaling.features

    def points(self, values: FloatArray) -> FloatArray:
        """Return songs as standardized features, (N, d), NaN where a value is missing.

        Missing is what is no number, what a feature cannot be (a tempo of 0), and what its
        transform is not defined for.

        Parameters
        ----------
        values : features in original units, (N, d), NaN where one is not known
        """
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(self.features):
            raise ValueError(
                f"expected an array of shape (songs, {len(self.features)}), a column for each of "
                f"{', '.join(self.features)}; found shape {values.shape}"
            )
        with np.errstate(divide="ignore", invalid="ignore"):
            points = self.scaling.standardized(self.making.possible(values))
        return np.where(np.isfinite(points), points, np.nan)

    def place(self, values: FloatArray) -> Placed:
        """Return all that mixture and refits say of songs: see Placed.

        A missing feature is integrated out. Raises ValueError where of a song nothing is known.

        Parameters
        ----------
        values : features in original units, (N, d), NaN where one is not known
        """
        return self.place_points(self.points(values))

    def place_points(self, points: FloatArray) -> Placed:
        """Return the same of standardized features, (N, d), as points() gives them."""
        return placed(self.mixture, self.cold, self.warm, points)

    def posteriors(self, values: FloatArray, averaged: bool = True) -> FloatArray:
        """Return the posteriors of songs, (N, K), rows summing to 1; raises as place().

        Parameters
        ----------
        values : features in original units, (N, d), NaN where one is not known
        averaged : over refits (13), which know that the mixture may be wrong; False: the mixture's
            own (3)
        """
        found = self.place(values)
        return found.averaged if averaged else found.posterior

    def posteriors_of(self, songs: "pd.DataFrame", averaged: bool = True) -> "pd.DataFrame":
        """Return the posteriors of a DataFrame's songs as columns 0 to K - 1, with its index.

        Parameters
        ----------
        songs : with a column for each of `features`, by that name, in original units
        averaged : as in posteriors()
        """
        import pandas as pd

        values = songs[list(self.features)].to_numpy(dtype=np.float64)
        return pd.DataFrame(self.posteriors(values, averaged), index=songs.index)

    def p_values(self, values: FloatArray) -> FloatArray:
        """Return how many songs like those of the run lie as far out as each, (N,), 0 to 1.

        See Judges. NaN where a feature is missing: without it the densities are of another kind.
        """
        return self.judges.p_values(self.points(values))

    def nearest(self, values: FloatArray, count: int = 5) -> Nearest:
        """Return the songs of the run that are nearest to each, see KnownSongs.nearest()."""
        return self.known.nearest(self.points(values), count)

    @cached_property
    def known(self) -> KnownSongs:
        """The songs of the run, read when they are first asked for."""
        return read_known(self.folder, self.table_suffix, self.scaling)

    @cached_property
    def table_suffix(self) -> str:
        """Suffix of the run's tables, by tables.format."""
        return f".{read_param('tables', 'format', str, self.folder / PARAMS)}"

    def threshold(self, section: str, key: str) -> float:
        """Return a parameter of the run between 0 and 1, such as uncertainty.ambiguous_margin."""
        kind = Annotated[float, Range(0, 1)]
        found: float = read_param(section, key, kind, self.folder / PARAMS)
        return found

    def words(self) -> list[str]:
        """Return what each component sounds like, (K,), such as `fast, energetic`."""
        return read_texts(self._path(MEANS), "profile")

    def components(self) -> "pd.DataFrame":
        """Return a row per component: its words, weight and means in original units.

        Besides `effective_songs` and `hard_songs`, how many songs it has, and `jaccard`, how well
        it comes back in refits: 0.75 or more is stable, below 0.6 not to be trusted.
        """
        means, weights = self.table(MEANS.name), self.table(WEIGHTS.name)
        rows = means[["component", "profile"]].merge(weights, on="component")
        return rows.merge(means.drop(columns=["profile", "profile_shares"]), on="component")

    def songs(self) -> "pd.DataFrame":
        """Return a row per song of the run: features, posteriors, how sure (docs/tables.md)."""
        return self.table(ASSIGNMENTS.name)

    def table(self, name: str) -> "pd.DataFrame":
        """Return a table of data/processed by its name, such as `k_sweep`: docs/tables.md."""
        from song_mixtures.pipeline.tables import read_table

        return read_table(self._path(PROCESSED / name))

    def _path(self, table: Path) -> Path:
        return (self.folder / table).with_suffix(self.table_suffix)


def load_run(folder: str | Path = ".") -> Run:
    """Return the finished run in a project's folder.

    Raises StageError, a sentence, where a file of it is not there or they are of different runs.
    """
    folder = Path(folder)
    read: dict[Path, Any] = {
        path: read_json(folder / path) for path in (SCALING, MAKING, GMM, REFITS, DENSITIES)
    }
    scaling, mixture = Scaling.from_json(read[SCALING]), Mixture.from_json(read[GMM])
    cold, warm = ([Mixture.from_json(one) for one in read[REFITS][kind]] for kind in KINDS)
    run = Run(
        folder,
        scaling,
        Making.from_json(read[MAKING]),
        mixture,
        cold,
        warm,
        Judges.from_json(read[DENSITIES]),
    )
    others = {path: read[path]["features"] for path in (GMM, REFITS, DENSITIES)}
    for path, found in {MAKING: list(run.making.columns), **others}.items():
        if found != list(scaling.features):
            raise StageError(
                f"{folder / path} has the features {', '.join(found)}, {SCALING} "
                f"{', '.join(scaling.features)}: they are of different runs, `dvc repro` ends one"
            )
    if {one.means.shape for one in (*cold, *warm)} != {mixture.means.shape}:
        raise StageError(
            f"{folder / REFITS} has refits of another mixture than {GMM}: they are of different "
            "runs, `dvc repro` ends one"
        )
    return run


KINDS = ("cold", "warm")
