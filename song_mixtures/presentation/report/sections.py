"""What a run found, for people: the facts that matter most and the sections of its page.

Numbers are taken from the metrics and tables of the stages as they stand and only put into words:
nothing is computed. Metrics are the dicts of metrics/<stage>.json by the name of the stage; the
functions are named by the heading of their section.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from song_mixtures.mixture.selection import CRITERIA, SAID_OF, best_fit, lowest_at
from song_mixtures.presentation.report.document import Facts, Picture, Section, Table
from song_mixtures.presentation.report.warnings import Metrics, counted
from song_mixtures.songs.features import FEATURES, feature, heading

CAPTIONS = {  # in reading order; a picture that is not named here comes after these
    "component_means": "What each component sounds like",
    "bic_aic": "What each K is worth: lower is better",
    "pca_map": "The songs on the plane that shows most of their spread",
    "weights": "How much of the songs each component has",
    "feature_densities": "How the values of each feature are spread, and what the mixture expects",
    "entropy_histogram": "How unsure the mixture is of the songs",
    "posterior_vs_entropy": "Maximum posterior of each song against its entropy",
    "component_overlap": "Which components are confused with which",
    "pca_entropy": "Where on that plane the songs are that the mixture is unsure of",
    "covariances": "How the features of each component go together",
    "kmeans_elbow": "K-Means: inertia and silhouette of each K",
    "kmeans_gmm_confusion": "Which K-Means clusters the songs of each component are in",
    "pca_kmeans": "The same plane, songs by their K-Means cluster",
    "genre_by_component": "Which components the songs of each genre are in",
}
MOST_SONGS = 10  # least sure; their table has as many as uncertainty.n_extremes
MOST_GENRES = 3  # of a component
MOST_COMPONENTS = 3  # of a song
LONGEST_NAME = 80  # letters of a song's or genre's name


def name_shown(name: str) -> str:
    """Return a song's or genre's name as it is shown: not empty and not endless."""
    short = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
    return short if short.strip() else "(no name)"


def facts(
    metrics: Metrics, fits: pd.DataFrame, chosen: Mapping[str, Any], by: str, warnings: int
) -> Facts:
    """Return what matters most, a line each; `by` is choose_k.by."""
    songs, fit, uncertainty = metrics["preprocess"], metrics["train_gmm"], metrics["uncertainty"]
    found = metrics["compare_kmeans"]
    mean, share = uncertainty["mean_entropy_nats"], uncertainty["mean_entropy_share"]
    entropy = f"{mean:.3f} nats, {share:.1%} of log K"
    matched = f"{found['equal_labels_matched_share']:.1%} of labels equal once matched"
    genres = "not known"
    if "gmm_genre_ari" in found:
        genres = f"{songs['genres_count']:,}; ARI {found['gmm_genre_ari']:.3f}"
    return [
        ("songs", f"{songs['songs_kept_count']:,} kept, {songs['songs_dropped_count']:,} dropped"),
        ("K", f"{chosen['n_components']}, {chosen['covariance_type']} covariances, {SAID_OF[by]}"),
        ("BIC", f"{fit['bic']:,.1f}; lowest at {lowest_at(fits, 'bic')}"),
        ("mean entropy", entropy),
        (
            "ambiguous songs",
            f"{uncertainty['ambiguous_songs_count']:,}, {uncertainty['ambiguous_songs_share']:.1%}",
        ),
        ("K-Means", f"ARI {found['ari']:.3f}; {matched}"),
        ("genres", genres),
        ("warnings", str(warnings)),
    ]


def the_songs(
    metrics: Metrics, origin: str, dropped: pd.DataFrame, features: Sequence[str]
) -> Section:
    """Say which songs were grouped by which features, how many were dropped, and why."""
    songs = metrics["preprocess"]
    genres = f"{songs['genres_count']:,}" if songs["genres_count"] else "not known"
    counts = (
        f"{counted(songs['songs_read_count'], 'song', 'songs')} from {origin}: "
        f"{songs['songs_kept_count']:,} kept, {songs['songs_dropped_count']:,} dropped. Genres: "
        f"{genres}. Features: {', '.join(features)}; the condition number of their correlations "
        f"is {songs['correlation_condition']:.1f} (1: uncorrelated)."
    )
    reasons = [
        (str(reason), f"{count:,}") for reason, count in dropped["reason"].value_counts().items()
    ]
    table = [Table("lr", ("dropped for", "songs"), reasons)] if reasons else []
    sources = ("metrics/preprocess.json", "data/processed/songs_dropped.csv")
    return Section("The songs", [counts, *table], sources)


def the_number_of_components(
    metrics: Metrics, fits: pd.DataFrame, chosen: Mapping[str, Any], by: str
) -> Section:
    """Say which K was trained and why, and what the criteria think of it."""
    fit = metrics["train_gmm"]
    trained = (
        f"K = {chosen['n_components']} with {chosen['covariance_type']} covariances, "
        f"{SAID_OF[by]}: log-likelihood {fit['log_likelihood_nats']:,.1f} nats, "
        f"{fit['iterations_count']:,} iterations of EM. The criteria, lower is better:"
    )
    rows = [
        (
            name.upper(),
            lowest_at(fits, name),
            f"{best_fit(fits, name)[name]:,.1f}",
            f"{fit[name]:,.1f}",
        )
        for name in CRITERIA
    ]
    table = Table("llrr", ("criterion", "lowest at", "there", "of the trained"), rows)
    sources = ("metrics/train_gmm.json", "data/processed/k_sweep.csv")
    return Section("The number of components", [trained, table], sources)


def the_components(
    means: pd.DataFrame, weights: pd.DataFrame, by_component: pd.DataFrame
) -> Section:
    """Say what each component sounds like, how much it weighs and how sure its songs are."""
    entropies = dict(zip(by_component["gmm_cluster"], by_component["mean_entropy"], strict=True))
    profiles = dict(zip(means["component"], means["profile"], strict=True))
    described = [
        (
            str(row["component"]),
            f"{row['weight_percent']:.1f}%",
            f"{row['hard_songs']:,}",
            f"{entropies[row['component']]:.3f}" if row["component"] in entropies else "–",
            profiles[row["component"]],
        )
        for row in weights.to_dict("records")
    ]
    features = [name for name in FEATURES if name in means]
    measured = [
        (str(row["component"]), *(f"{row[name]:.{feature(name).decimals}f}" for name in features))
        for row in means.to_dict("records")
    ]
    words = (
        "The words compare a component's mean with that of all songs of this run. Songs are "
        "counted where they are likeliest, and the mean entropy, in nats, is theirs."
    )
    header = ("component", *(heading(name) for name in features))
    sources = ("gmm_weights", "gmm_means", "uncertainty_by_component")
    return Section(
        "The components",
        [
            words,
            Table("rrrrl", ("component", "weight", "songs", "entropy", "sounds"), described),
            "Their means:",
            Table("r" * len(header), header, measured),
        ],
        [f"data/processed/{name}.csv" for name in sources],
    )


def typical_songs(exemplars: pd.DataFrame, genres: pd.DataFrame, song: str) -> Section:
    """Name the songs most typical of each component and, where known, its commonest genres."""
    header, sources = ("component", song), ("data/processed/exemplar_songs.csv",)
    rows = [
        (str(component), "; ".join(map(name_shown, typical["song"])))
        for component, typical in exemplars.groupby("component")
    ]
    if genres.empty:
        return Section("Typical songs", [Table("rl", header, rows)], sources)
    return Section(
        "Typical songs",
        [
            Table(
                "rll",
                (*header, "commonest genres, songs"),
                [(*row, commonest_genres(genres, int(row[0]))) for row in rows],
            )
        ],
        (*sources, "data/processed/genre_by_component.csv"),
    )


def commonest_genres(genres: pd.DataFrame, component: int) -> str:
    """Return the commonest genres of a component's songs and how many have them."""
    counts = genres[genres["gmm_cluster"] == component]
    common = counts.sort_values("songs", ascending=False, kind="stable").head(MOST_GENRES)
    return ", ".join(
        f"{name_shown(row['genre'])} {row['songs']:,}" for row in common.to_dict("records")
    )


def how_sure(
    metrics: Metrics, extremes: pd.DataFrame, ambiguous_margin: float, song: str
) -> Section:
    """Say how sure the mixture is of the songs and name those it is least sure of."""
    uncertainty, posterior = metrics["uncertainty"], metrics["soft_assign"]
    summary = (
        f"Mean entropy {uncertainty['mean_entropy_nats']:.3f} nats, "
        f"{uncertainty['mean_entropy_share']:.1%} of log K; median "
        f"{uncertainty['median_entropy_nats']:.3f} nats. The maximum posterior is above 0.9 for"
        f" {posterior['above_90_percent_share']:.1%} of the songs. Ambiguous, the two "
        f"largest less than {ambiguous_margin:g} apart: "
        f"{counted(uncertainty['ambiguous_songs_count'], 'song', 'songs')}, "
        f"{uncertainty['ambiguous_songs_share']:.1%}. The least sure:"
    )
    least = extremes[extremes["end"] == "least sure"].head(MOST_SONGS)
    genre = ["genre"] if "genre" in least else []
    rows = [
        (
            name_shown(row["song"]),
            *(name_shown(row[column]) for column in genre),
            f"{row['gmm_entropy']:.3f}",
            likeliest(row),
        )
        for row in least.to_dict("records")
    ]
    header = (song, *genre, "entropy", "likeliest components")
    table = Table("l" * (1 + len(genre)) + "rl", header, rows)
    sources = ("metrics/uncertainty.json", "metrics/soft_assign.json")
    extremes_table = "data/processed/surest_and_least_sure.csv"
    return Section("How sure the mixture is", [summary, table], (*sources, extremes_table))


def likeliest(song: Mapping[Hashable, Any]) -> str:
    """Return a song's likeliest components and their posteriors in words, none with 0%."""
    posterior = {
        str(key).removeprefix("gmm_prob_"): value
        for key, value in song.items()
        if str(key).startswith("gmm_prob_")
    }
    best = sorted(posterior, key=lambda component: -posterior[component])[:MOST_COMPONENTS]
    shares = [(component, f"{posterior[component]:.0%}") for component in best]
    return ", ".join(f"{component} ({share})" for component, share in shares if share != "0%")


def agreement(metrics: Metrics) -> Section:
    """Say how far mixture and K-Means agree, and both with the genres."""
    found = metrics["compare_kmeans"]
    labels = (
        f"K-Means with the same K gives {found['equal_labels_matched_share']:.1%} of the songs "
        "the same label once its clusters are matched with the components "
        f"({found['equal_labels_raw_share']:.1%} before, which means nothing). ARI and AMI are 0 "
        "for labels by chance and 1 for the same; a silhouette is higher the more compact and "
        "apart the groups are."
    )
    scores = {
        "ARI, mixture and K-Means": "ari",
        "AMI, mixture and K-Means": "ami",
        "ARI, mixture and genres": "gmm_genre_ari",
        "ARI, K-Means and genres": "kmeans_genre_ari",
        "silhouette, mixture": "gmm_silhouette",
        "silhouette, K-Means": "kmeans_silhouette",
    }
    rows = [(name, f"{found[key]:.3f}") for name, key in scores.items() if key in found]
    table = Table("lr", ("score", "value"), rows)
    return Section("Agreement", [labels, table], ("metrics/compare_kmeans.json",))


def pictures(names: Collection[str], folder: str) -> Section:
    """Show the pictures, by the names of their files, in reading order."""
    known = [name for name in CAPTIONS if f"{name}.png" in names]
    others = sorted({name.removesuffix(".png") for name in names} - set(CAPTIONS))
    shown = [
        Picture(f"{folder}/{name}.png", CAPTIONS.get(name, name.replace("_", " ")))
        for name in (*known, *others)
    ]
    return Section("Pictures", shown)
