"""Say how sure the mixture is of each song: entropy, margin, and which songs are ambiguous.

Entropy counts how widely a song's posteriors spread; the margin only looks at the two best. Both
speak of how undecided the mixture is between its own components, not of whether these are real.
`gmm_…` is what the one fit believes; which songs are the surest and the least sure, the posteriors
averaged over refits say. Here what is known of a song comes together: its name and what is kept of
the user's table, the words of its component, the reasons to look at it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from song_mixtures.mixture.selection import comes_back
from song_mixtures.mixture.uncertainty import entropy, margin
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.files import write_metrics
from song_mixtures.pipeline.params import Range, read_param, read_params
from song_mixtures.pipeline.stage import run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.suspects.kinds import KINDS, OCTAVE, rows

FEATURES_SELECTED = Path("data/processed/features_selected.csv")  # from preprocess
SONG_DETAILS = Path("data/processed/song_details.csv")  # from preprocess
POSTERIORS = Path("data/processed/posteriors.csv")  # from soft_assign
STABILITY = Path("data/processed/component_stability.csv")  # from refits
SUSPECTS = Path("data/processed/suspects.csv")  # from suspects
OUT_OF_FOLD = Path("data/processed/out_of_fold.csv")  # from suspects
MEANS = Path("data/processed/gmm_means.csv")  # from components
ASSIGNMENTS = Path("data/processed/gmm_cluster_assignments.csv")
EXTREMES = Path("data/processed/surest_and_least_sure.csv")
SUSPICIOUS = Path("data/processed/suspicious_songs.csv")
BY_COMPONENT = Path("data/processed/uncertainty_by_component.csv")
BY_GENRE = Path("data/processed/uncertainty_by_genre.csv")
METRICS = Path("metrics/uncertainty.json")


@dataclass(frozen=True)
class Uncertainty:
    """What counts as ambiguous, how many songs are listed, and whose group hangs on the octave."""

    ambiguous_margin: Annotated[float, Range(0, 1)]
    n_extremes: Annotated[int, Range(1)]
    octave_share: Annotated[float, Range(0, 1)]  # probability of the other reading of the tempo


def probabilities(songs: pd.DataFrame, name: str) -> FloatArray:
    """Return the columns <name>_prob_0 ... of songs as one array, (N, K), a copy of them."""
    return songs.filter(like=f"{name}_prob_").to_numpy()


def evaluate_songs(posterior: FloatArray, ambiguous_margin: float) -> pd.DataFrame:
    """Return the uncertainty of each song; gmm_entropy_share is entropy / log K, 0 to 1."""
    nats = entropy(posterior)
    margins = margin(posterior)
    return pd.DataFrame(
        {
            "gmm_max_prob": posterior.max(axis=1),
            "gmm_entropy": nats,
            "gmm_entropy_share": nats / np.log(posterior.shape[1]),
            "gmm_margin": margins,
            "gmm_ambiguous": (margins < ambiguous_margin).astype(int),
        }
    )


def evaluate_averaged(posterior: FloatArray, ambiguous_margin: float) -> pd.DataFrame:
    """Return the same of posteriors averaged over refits, (N, K), as far as soft_assign has not."""
    return pd.DataFrame(
        {
            "averaged_max_prob": posterior.max(axis=1),
            "averaged_ambiguous": (margin(posterior) < ambiguous_margin).astype(int),
        }
    )


def extremes(songs: pd.DataFrame, count: int, nowhere_below: float) -> pd.DataFrame:
    """Return the surest and the least sure songs; equals stay in the table's order.

    The least sure have the highest averaged entropy. The surest (our choice) have the highest
    averaged posterior of their component times typicality: they are its own and in its middle. Far
    from everything one component wins by a mile, so no song that belongs nowhere is called sure:
    none whose density has a p-value below `nowhere_below`, 0 to 1.
    """
    labels, own = songs["gmm_cluster"].to_numpy(), np.empty(len(songs))
    for component in np.unique(labels):
        mine = labels == component
        own[mine] = songs[f"averaged_prob_{component}"].to_numpy()[mine]
    dense = songs["density_p_value"] >= nowhere_below
    sureness = np.where(dense, own * songs["typicality"], -1.0)
    surest = np.argsort(-sureness, kind="stable")[: min(count, dense.sum())]
    least_sure = np.argsort(-songs["averaged_entropy"].to_numpy(), kind="stable")[:count]
    ends = {"surest": songs.iloc[surest], "least sure": songs.iloc[least_sure]}
    return pd.concat(ends, names=["end"]).reset_index(level="end").reset_index(drop=True)


def octave_rows(assigned: pd.DataFrame, least_share: float) -> pd.DataFrame:
    """Return a row per song whose component hangs on the octave of its tempo.

    The score is the probability of the tempo it has. Without second readings there is no row.
    """
    if "tempo_other" not in assigned:
        return rows(OCTAVE, np.array([], dtype=int), np.array([]), [])
    share = assigned["tempo_other_share"]
    moved = assigned["gmm_cluster"] != assigned["tempo_other_cluster"]
    hanging = assigned[moved & (share >= least_share)]
    reasons = [
        f"at {one.tempo_other:.0f} BPM ({one.tempo_other_share:.0%} likely) it would be of "
        f"component {one.tempo_other_cluster}, not {one.gmm_cluster}"
        for one in hanging.itertuples()
    ]
    score = 1 - hanging["tempo_other_share"].to_numpy()
    return rows(OCTAVE, hanging.index.to_numpy(), score, reasons)


def by_kind(found: pd.DataFrame) -> pd.DataFrame:
    """Return rows of several kinds in the order of KINDS; within a kind their order stays."""
    places = found["kind"].map({kind: place for place, kind in enumerate(KINDS)})
    return found.iloc[places.argsort(kind="stable")].reset_index(drop=True)


def suspicious(found: pd.DataFrame, details: pd.DataFrame, deciding: pd.Series) -> pd.DataFrame:
    """Return the reasons to look at songs with all that goes along with each song.

    Parameters
    ----------
    found : a row per reason, as in the table of stage suspects
    details : song, name and kept columns of every song, (N,)
    deciding : the feature that decides on each, (N,)
    """
    row, other = (found[key].to_numpy(dtype=np.intp) for key in ("row", "other_row"))
    others = details.iloc[other]  # of the songs that are named, and not of all
    reasons = found[["kind", "score", "reason"]].assign(
        other_song=np.where(other < 0, "", others["song"]),
        other_name=np.where(other < 0, "", others["name"]),
        deciding_feature=deciding.to_numpy()[row],
    )
    return details.iloc[row].reset_index(drop=True).join(reasons)


def by_group(songs: pd.DataFrame, group: str) -> pd.DataFrame:
    """Return the uncertainty by component or genre; songs without a genre are in no row."""
    known = songs[songs[group] != ""] if group in songs else songs.head(0).assign(**{group: ""})
    return known.groupby(group, as_index=False).agg(
        songs=("gmm_entropy", "size"),
        mean_entropy=("gmm_entropy", "mean"),
        mean_margin=("gmm_margin", "mean"),
        ambiguous_share=("gmm_ambiguous", "mean"),
    )


def beside_stability(components: pd.DataFrame, stability: pd.DataFrame) -> pd.DataFrame:
    """Return the uncertainty by component, and in words whether each comes back when fitted again.

    Songs may be surely in a component that would not come back: one says nothing of the other.
    """
    rows = zip(stability["jaccard"], stability["jaccard_se"], strict=True)
    words = pd.Series([comes_back(*row) for row in rows], stability["component"], dtype=object)
    return components.assign(comes_back=components["gmm_cluster"].map(words))


def summarize(songs: pd.DataFrame) -> dict[str, float]:
    """Return the stage's metrics."""
    return {
        "mean_entropy_nats": songs["gmm_entropy"].mean(),
        "median_entropy_nats": songs["gmm_entropy"].median(),
        "max_entropy_nats": songs["gmm_entropy"].max(),
        "mean_entropy_share": songs["gmm_entropy_share"].mean(),
        "mean_averaged_entropy_nats": songs["averaged_entropy"].mean(),
        "averaged_above_90_percent_share": (songs["averaged_max_prob"] > 0.9).mean(),
        "averaged_ambiguous_songs_count": int(songs["averaged_ambiguous"].sum()),
        "averaged_ambiguous_songs_share": songs["averaged_ambiguous"].mean(),
        "mean_mutual_information_nats": songs["mutual_information"].mean(),
        "mean_kept_share": songs["kept_share"].mean(),
        "mean_margin": songs["gmm_margin"].mean(),
        "ambiguous_songs_count": int(songs["gmm_ambiguous"].sum()),
        "ambiguous_songs_share": songs["gmm_ambiguous"].mean(),
    }


def main() -> None:
    """Read the posteriors, write the uncertainty of each song and of each group."""
    tables = read_params("tables", Tables)
    parameters = read_params("uncertainty", Uncertainty)
    nowhere_below = read_param("suspects", "nowhere_below", Annotated[float, Range(0, 1)])
    details = tables.read(SONG_DETAILS, text=True)
    assigned = tables.read(POSTERIORS).drop(columns="song")
    words = tables.read(MEANS)["profile"].to_numpy()[assigned["gmm_cluster"]]
    assigned.insert([*assigned].index("gmm_cluster") + 1, "gmm_words", words)

    ambiguous_margin = parameters.ambiguous_margin
    rated = evaluate_songs(probabilities(assigned, "gmm"), ambiguous_margin)
    again = evaluate_averaged(probabilities(assigned, "averaged"), ambiguous_margin)
    p_values = tables.read(OUT_OF_FOLD, ["density_p_value"])
    features = tables.read(FEATURES_SELECTED).drop(columns="song")
    songs = details.join([features, assigned, p_values, rated, again])
    by_component = beside_stability(by_group(songs, "gmm_cluster"), tables.read(STABILITY))
    hanging = octave_rows(assigned, parameters.octave_share)
    found = by_kind(pd.concat([tables.read(SUSPECTS), hanging]))
    metrics = summarize(songs) | {"octave_decides_count": len(hanging)}

    tables.write(ASSIGNMENTS, songs)
    tables.write(EXTREMES, extremes(songs, parameters.n_extremes, nowhere_below))
    tables.write(SUSPICIOUS, suspicious(found, details, assigned["deciding_feature"]))
    tables.write(BY_COMPONENT, by_component)
    tables.write(BY_GENRE, by_group(songs, "genre"))
    write_metrics(METRICS, metrics)
    say(
        f"by one fit the mean entropy is {metrics['mean_entropy_nats']:.3f} nats and "
        f"{metrics['ambiguous_songs_share']:.1%} of songs are ambiguous, averaged over refits "
        f"{metrics['mean_averaged_entropy_nats']:.3f} and "
        f"{metrics['averaged_ambiguous_songs_share']:.1%}; a song keeps its component in "
        f"{metrics['mean_kept_share']:.0%} of refits, and the group of "
        f"{metrics['octave_decides_count']} hangs on the octave of the tempo"
    )


if __name__ == "__main__":
    run(main)
