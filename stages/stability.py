"""Ask of the sweep's mixtures whether their components would come back.

Every mixture is fitted anew to bootstrap samples of the songs, and so are tables without groups,
whose features have the same distributions and correlations: a few broad components come back on
any table, so only a lead over these counts. What comes back need not mean anything to a listener.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import pandas as pd

from song_mixtures.compute.parallel import Compute
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import Mixture
from song_mixtures.mixture.selection import STABLE, TRUSTED, mixture_name
from song_mixtures.pipeline.files import read_json, write_metrics
from song_mixtures.pipeline.params import Range, read_params, read_some_params
from song_mixtures.pipeline.stage import run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.refits.cold import ColdParams, Stability, refit_all
from song_mixtures.sampling.rows import sampled_rows
from song_mixtures.songs.scaling import Scaling

FEATURES_SELECTED = Path("data/processed/features_selected.csv")  # from preprocess
SCALING = Path("models/scaling.json")  # from preprocess
K_SWEEP = Path("data/processed/k_sweep.csv")  # from k_sweep
SWEEP = Path("models/sweep.json")  # from k_sweep, in the order of that table
STABILITY = Path("data/processed/stability.csv")
COMPONENTS = Path("data/processed/stability_components.csv")
METRICS = Path("metrics/stability.json")


@dataclass(frozen=True)
class Support:
    """Which mixtures of the sweep are looked at, and what it takes for one to be supported."""

    n_components: tuple[Annotated[int, Range(2)], ...]
    lead: Annotated[float, Range(0, 1)]  # of the mean ARI over that of tables without groups


@dataclass(frozen=True)
class MixtureRow:
    """A row per mixture: whether the songs support it."""

    k: int
    covariance_type: str
    songs: int  # that a refit draws
    ari: float  # of refit and fit, the mean over refits
    ari_se: float
    reference_ari: float  # the same on tables without groups
    reference_ari_se: float
    min_jaccard: float  # of the least stable component
    trusted_components: int
    stable_components: int
    supported: int  # 1: a valid fit, every component can be trusted, and the ARI leads


@dataclass(frozen=True)
class ComponentRow:
    """A row per component of each mixture."""

    k: int
    covariance_type: str
    component: int
    jaccard: float  # the mean over refits
    jaccard_se: float


def mixture_row(
    mixture: Mixture, valid: bool, found: Stability, songs: int, lead: float
) -> MixtureRow:
    """Return the row of a mixture; when one is supported is our choice.

    Parameters
    ----------
    mixture : of the sweep
    valid : whether its fit is
    found : what its refits came to
    songs : how many each of them drew
    lead : of its mean ARI over that of tables without groups, 0 to 1
    """
    (ari, ari_se), (reference, reference_se) = found.ari(), found.reference_ari()
    jaccards, _ = found.jaccards()
    trusted = jaccards >= TRUSTED
    return MixtureRow(
        k=len(jaccards),
        covariance_type=mixture.covariance_type,
        songs=songs,
        ari=ari,
        ari_se=ari_se,
        reference_ari=reference,
        reference_ari_se=reference_se,
        min_jaccard=float(jaccards.min()),
        trusted_components=int(trusted.sum()),
        stable_components=int((jaccards >= STABLE).sum()),
        supported=int(valid and trusted.all() and ari - reference >= lead),
    )


def component_rows(mixture: Mixture, found: Stability) -> Iterator[ComponentRow]:
    """Yield the rows of a mixture's components."""
    for component, (jaccard, error) in enumerate(zip(*found.jaccards(), strict=True)):
        k = len(mixture.weights)
        yield ComponentRow(k, mixture.covariance_type, component, float(jaccard), float(error))


def table(rows: Sequence[MixtureRow | ComponentRow], kind: type) -> pd.DataFrame:
    """Return rows of a kind as a table, which may be empty but has its columns."""
    return pd.DataFrame(rows, columns=[field.name for field in fields(kind)])


def summarize(mixtures: pd.DataFrame) -> dict[str, float]:
    """Return the stage's metrics."""
    supported = mixtures[mixtures["supported"] == 1]
    return {
        "mixtures_count": len(mixtures),
        "supported_count": len(supported),
        "largest_supported_k": int(supported["k"].max()) if len(supported) else 0,
    }


def outcome(mixtures: pd.DataFrame) -> str:
    """Return the line that says what came out."""
    said = [
        f"{mixture_name(one, mixtures)} ARI {one['ari']:.2f} (without groups "
        f"{one['reference_ari']:.2f}), {one['trusted_components']} of {one['k']} components to be "
        "trusted"
        for _, one in mixtures.iterrows()
    ]
    return "; ".join(said) or "the sweep has no valid fit for any of stability.n_components"


def main() -> None:
    """Refit the sweep's mixtures, write how stable each and each of its components is."""
    tables = read_params("tables", Tables)
    support = read_params("stability", Support)
    params = read_some_params("refits", ColdParams)
    recipe = read_params("mixture", MixtureParams)
    compute = read_params("compute", Compute)
    scaling = Scaling.from_json(read_json(SCALING))
    songs = tables.read(FEATURES_SELECTED, scaling.features)
    swept = [Mixture.from_json(content) for content in read_json(SWEEP)["mixtures"]]
    valid = tables.read(K_SWEEP)["valid"] == 1
    tried = [i for i, one in enumerate(swept) if len(one.weights) in support.n_components]

    rows = sampled_rows(len(songs), params.sample_above, params.seed)
    sample = scaling.standardize(songs.iloc[rows])
    mixtures = [swept[i] for i in tried]
    found = list(refit_all(sample, mixtures, params, recipe, compute))
    fits = zip(mixtures, valid[tried], found, strict=True)
    by_mixture = table([mixture_row(*fit, len(sample), support.lead) for fit in fits], MixtureRow)
    pairs = zip(mixtures, found, strict=True)
    by_component = table([row for pair in pairs for row in component_rows(*pair)], ComponentRow)

    tables.write(STABILITY, by_mixture)
    tables.write(COMPONENTS, by_component)
    write_metrics(METRICS, summarize(by_mixture))
    say(outcome(by_mixture))


if __name__ == "__main__":
    run(main)
