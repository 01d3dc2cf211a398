"""Write the run on one page for people: what was grouped, how, how surely, and what to beware of.

Every number is taken from the metrics and tables of the stages before and none is computed: the
page says what `dvc metrics show` says, in words. It is written as HTML and as Markdown, and its
first lines as text, which `make` prints.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd

from song_mixtures.hearing.files import PLAYED, address, folder_of, format_of
from song_mixtures.mixture.selection import TRUSTED, few_songs, mixture_name
from song_mixtures.pipeline.files import read_json, write_text
from song_mixtures.pipeline.params import Range, read_param, read_params
from song_mixtures.pipeline.stage import run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.presentation.report.rendering import as_html, as_markdown, as_text, facts
from song_mixtures.presentation.report.verdict import verdict
from song_mixtures.presentation.report.words import Command, Player, typical
from song_mixtures.songs.features import Columns, cure, from_json, leave_out_line

ORIGIN = Path("data/processed/origin.json")  # from input
SONGS_DROPPED = Path("data/processed/songs_dropped.csv")  # from preprocess
SCALING = Path("models/scaling.json")  # from preprocess
FEATURES = Path("models/features.json")  # from preprocess
FEATURE_VALUES = Path("data/processed/feature_values.csv")  # from preprocess
FEATURE_CHECKS = Path("data/processed/feature_checks.csv")  # from preprocess
K_SWEEP = Path("data/processed/k_sweep.csv")  # from k_sweep
CHOSEN_K = Path("models/chosen_k.json")  # from choose_k
EXTREMES = Path("data/processed/surest_and_least_sure.csv")  # from uncertainty
BY_COMPONENT = Path("data/processed/uncertainty_by_component.csv")  # from uncertainty
MEANS = Path("data/processed/gmm_means.csv")  # from components
WEIGHTS = Path("data/processed/gmm_weights.csv")  # from components
EXEMPLARS = Path("data/processed/exemplar_songs.csv")  # from components
GENRES = Path("data/processed/genre_by_component.csv")  # from compare_kmeans
SUSPECTS = Path("data/processed/suspicious_songs.csv")  # from uncertainty
STABILITY = Path("data/processed/stability.csv")  # from stability
COMES_BACK = Path("data/processed/component_stability.csv")  # from refits
INTERVALS = Path("data/processed/component_intervals.csv")  # from refits
FINDINGS = Path("plots/findings.json")  # from figures: what each picture shows
IMAGES = Path("plots/images")  # from figures: <name>.png of each name there
HTML = Path("reports/summary.html")
MARKDOWN = Path("reports/summary.md")
TEXT = Path("reports/summary.txt")

METRICS = Path("metrics")  # <stage>.json of each of these stages
STAGES = (
    "preprocess",
    "k_sweep",
    "stability",
    "choose_k",
    "train_gmm",
    "refits",
    "soft_assign",
    "suspects",
    "uncertainty",
    "compare_kmeans",
)
TABLES = (
    SONGS_DROPPED,
    FEATURE_VALUES,
    FEATURE_CHECKS,
    K_SWEEP,
    EXTREMES,
    BY_COMPONENT,
    MEANS,
    WEIGHTS,
    EXEMPLARS,
    GENRES,
    COMES_BACK,
    INTERVALS,
    SUSPECTS,
)
MOST_SONGS = 10  # least sure; their table has as many as uncertainty.n_extremes
MOST_SUSPECTS = 5  # of each kind; their table has them all
CLOSING = [
    ("report", f"{HTML}, as text {MARKDOWN}"),
    ("charts", "source .venv/bin/activate && dvc plots show"),
]


@dataclass(frozen=True)
class Params:
    """Section `report` of params.yaml."""

    self_contained: bool  # the pictures are inside the HTML


@dataclass(frozen=True)
class Origin:
    """Where the songs come from."""

    kind: Literal["demo", "audio", "gtzan_table", "table"]
    path: str  # of the folder of audio or of the table


Warnings = list[tuple[str, Command | None]]  # each with the line that helps


def value_warnings(values: pd.DataFrame, checks: pd.DataFrame) -> Warnings:
    """Return what is said of features with few values or a spike."""
    spread = list(checks.loc[checks["spread"] != "", "feature"])
    return [
        (row["warning"], Command(cure(row["feature"], row["spike"], spread)))
        for row in values[values["warning"] != ""].to_dict("records")
    ]


def redundant(checks: pd.DataFrame) -> Warnings:
    """Return what is said of features that others nearly determine."""
    return [
        (row["warning"], Command(leave_out_line(row["feature"])))
        for row in checks[checks["warning"] != ""].to_dict("records")
    ]


def few_songs_warnings(songs_per_parameter: float, chosen: dict[str, Any], by: str) -> Warnings:
    """Return what is said of too few songs for the trained mixture, nothing where they are enough.

    Parameters
    ----------
    songs_per_parameter : songs for each parameter that a component has of its own
    chosen : n_components and covariance_type
    by : choose_k.by
    """
    few = few_songs(songs_per_parameter, by=by, **chosen)
    return [(few[0], Command(few[1]) if few[1] else None)] if few else []


def players_of(songs: pd.DataFrame, folder: Path | None) -> dict[str, Player]:
    """Return what plays each song on the page, by song, of those whose format browsers play.

    Parameters
    ----------
    songs : song and name of those that the page lists
    folder : that their files are in, None where songs are not files
    """
    return {
        song: Player(name, address(song, folder, HTML.parent))
        for song, name in zip(songs["song"], songs["name"], strict=True)
        if folder is not None and format_of(song) in PLAYED
    }


def about_hearing(songs: pd.Series, folder: Path | None) -> str:
    """Return what is said above the first songs with players, "" where songs are not files."""
    if folder is None:
        return ""
    silent = sorted({kind for kind in map(format_of, songs) if kind not in PLAYED})
    not_played = f" Most browsers do not play {', '.join(silent)}: such songs have no player."
    return (
        f"The players play the songs where they lie, below {folder}; nothing is loaded before "
        f"the click.{not_played if silent else ''}"
    )


def listed_songs(found: dict[str, Any]) -> pd.DataFrame:
    """Return song and name of all that the page lists."""
    suspicious = [row for rows in found["suspicious"].values() for row in rows]
    typical_songs = [song for row in found["typical"] for song in row["songs"]]
    rows = [*typical_songs, *found["least_sure"], *suspicious]
    rows += [{"song": row["other_song"], "name": row["other_name"]} for row in suspicious]
    songs = pd.DataFrame(rows, columns=["song", "name"])
    return songs[songs["song"] != ""].drop_duplicates("song")


def heard(found: dict[str, Any], folder: Path | None, self_contained: bool) -> dict[str, Any]:
    """Return what the HTML says besides: the players, and a sentence about them."""
    songs = listed_songs(found)
    if self_contained and folder is not None:
        return {"hearing": "There are no players here: the songs are not inside this file."}
    return {
        "players": players_of(songs, folder),
        "hearing": about_hearing(songs["song"], folder),
    }


def read_found() -> dict[str, Any]:
    """Read what the other stages wrote, under the names that the page's template has for it."""
    tables, origin = read_params("tables", Tables), Origin(**read_json(ORIGIN))
    named = any(read_param("input", key, str | None) is not None for key in ("id", "name"))
    named = named or read_param("input", "keep", Columns).get("title") is not None
    chosen, features = read_json(CHOSEN_K), read_json(SCALING)["features"]
    dropped, values, checks, fits, extremes, by_component, *rest = map(tables.read, TABLES)
    means, weights, exemplars, genres, comes_back, intervals, suspects = rest
    described = from_json(read_json(FEATURES))
    by = read_param("choose_k", "by", Literal["fixed", "bic", "aic", "icl", "stability"])
    over_refits = comes_back[["component", "jaccard_se", "weight_low", "weight_high"]]
    components = (
        weights.merge(means, on="component")
        .merge(over_refits, on="component")
        .merge(by_component, how="left", left_on="component", right_on="gmm_cluster")
    )
    metrics = {stage: read_json(METRICS / f"{stage}.json") for stage in STAGES}
    return {
        **metrics,
        "ambiguous_margin": read_param(
            "uncertainty", "ambiguous_margin", Annotated[float, Range(0, 1)]
        ),
        "by": by,
        "chosen": chosen,
        "components": components.to_dict("records"),
        "described": described,
        "dropped": list(dropped["reason"].value_counts().items()),
        "features": features,
        "features_dropped": [name for name in described if name not in features],
        "few_songs": few_songs_warnings(metrics["choose_k"]["songs_per_own_parameter"], chosen, by),
        "findings": read_json(FINDINGS),
        "fits": fits,
        "genres_known": len(genres) > 0,
        "hearing": "",
        "intervals": intervals.set_index(["component", "feature"]).to_dict("index"),
        "invalid": [mixture_name(fit, fits) for _, fit in fits[fits["valid"] == 0].iterrows()],
        "least_sure": extremes[extremes["end"] == "least sure"].head(MOST_SONGS).to_dict("records"),
        "origin": origin,
        "players": {},
        "redundant": redundant(checks),
        "spread": [said for said in checks["spread"] if said],
        "sample_above": [
            (fitted, read_param(section, "sample_above", Annotated[int, Range(1000)]))
            for fitted, section in (("mixture", "mixture"), ("K-Means", "kmeans"))
        ],
        "suspicious": {
            kind: of_kind.head(MOST_SUSPECTS).to_dict("records")
            for kind, of_kind in suspects.groupby("kind", sort=False)
        },
        "song": "song" if named else "song (row of the table, from 0)",
        "scores": metrics["compare_kmeans"] | metrics["suspects"],
        "sources": [METRICS / f"{stage}.json" for stage in STAGES]
        + [path.with_suffix(f".{tables.format}") for path in TABLES],
        "suffix": tables.format,
        "tried": (chosen["n_components"], chosen["covariance_type"])
        in set(zip(fits["k"], fits["covariance_type"], strict=True)),
        "not_trusted": weights.loc[weights["jaccard"] < TRUSTED, "component"].tolist(),
        "verdict": verdict(
            metrics,
            chosen["n_components"],
            fits,
            tables.read(STABILITY),
            read_param("stability", "lead", Annotated[float, Range(0, 1)]),
        ),
        "value_warnings": value_warnings(values, checks),
        "typical": list(typical(exemplars, genres)),
    }


def main() -> None:
    """Read what the other stages wrote, write the page."""
    params, found = read_params("report", Params), read_found()
    audio, song_id = read_param("input", "audio", list[str]), read_param("input", "id", str | None)
    page = found | heard(found, folder_of(audio, song_id), params.self_contained)
    markdown, pictures = as_markdown(found), None
    if params.self_contained:
        names = [f"{name}.png" for name in found["findings"]]
        pictures = {f"../{IMAGES}/{name}": (IMAGES / name).read_bytes() for name in names}
    said = found["verdict"]
    short = [("found", said.headline), ("groups", said.groups), ("how many", said.number)]
    short += [("trust", said.trust), ("next", said.next), *facts(markdown)]

    write_text(HTML, as_html(as_markdown(page), pictures))
    write_text(MARKDOWN, markdown)
    write_text(TEXT, as_text([*short, *CLOSING]))
    say(f"{HTML} and {MARKDOWN}, {dict(short)['warnings']} warnings")


if __name__ == "__main__":
    run(main)
