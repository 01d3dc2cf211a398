"""Write the run on one page for people: what was grouped, how, how surely, and what to beware of.

Every number is taken from the metrics and tables of the stages before and none is computed: the
page says what `dvc metrics show` says, in words. It is written as HTML and as Markdown, and its
first lines as text, which `make` prints.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from song_mixtures.mixture.selection import TRUSTED, mixture_name
from song_mixtures.pipeline.files import read_json, write_text
from song_mixtures.pipeline.params import Range, read_param, read_params
from song_mixtures.pipeline.stage import run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.presentation.report.rendering import as_html, as_markdown, as_text, facts
from song_mixtures.presentation.report.verdict import verdict
from song_mixtures.presentation.report.words import typical
from song_mixtures.songs.features import FEATURES

ORIGIN = Path("data/processed/origin.json")  # from input
SONGS_DROPPED = Path("data/processed/songs_dropped.csv")  # from preprocess
SCALING = Path("models/scaling.json")  # from preprocess
FEATURE_VALUES = Path("data/processed/feature_values.csv")  # from preprocess
K_SWEEP = Path("data/processed/k_sweep.csv")  # from k_sweep
CHOSEN_K = Path("models/chosen_k.json")  # from choose_k
EXTREMES = Path("data/processed/surest_and_least_sure.csv")  # from uncertainty
BY_COMPONENT = Path("data/processed/uncertainty_by_component.csv")  # from uncertainty
MEANS = Path("data/processed/gmm_means.csv")  # from components
WEIGHTS = Path("data/processed/gmm_weights.csv")  # from components
EXEMPLARS = Path("data/processed/exemplar_songs.csv")  # from components
GENRES = Path("data/processed/genre_by_component.csv")  # from compare_kmeans
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
    "uncertainty",
    "compare_kmeans",
)
TABLES = (
    SONGS_DROPPED,
    FEATURE_VALUES,
    K_SWEEP,
    EXTREMES,
    BY_COMPONENT,
    MEANS,
    WEIGHTS,
    EXEMPLARS,
    GENRES,
    COMES_BACK,
    INTERVALS,
)
MOST_SONGS = 10  # least sure; their table has as many as uncertainty.n_extremes
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


def read_found() -> dict[str, Any]:
    """Read what the other stages wrote, under the names that the page's template has for it."""
    tables, origin = read_params("tables", Tables), Origin(**read_json(ORIGIN))
    named = any(read_param("input", key, str | None) is not None for key in ("id", "name"))
    chosen, features = read_json(CHOSEN_K), read_json(SCALING)["features"]
    dropped, values, fits, extremes, by_component, *described = map(tables.read, TABLES)
    means, weights, exemplars, genres, comes_back, intervals = described
    weight_intervals = comes_back[["component", "weight_low", "weight_high"]]
    components = (
        weights.merge(means, on="component")
        .merge(weight_intervals, on="component")
        .merge(by_component, how="left", left_on="component", right_on="gmm_cluster")
    )
    metrics = {stage: read_json(METRICS / f"{stage}.json") for stage in STAGES}
    return {
        **metrics,
        "ambiguous_margin": read_param(
            "uncertainty", "ambiguous_margin", Annotated[float, Range(0, 1)]
        ),
        "by": read_param("choose_k", "by", Literal["fixed", "bic", "aic", "icl", "stability"]),
        "chosen": chosen,
        "components": components.to_dict("records"),
        "dropped": list(dropped["reason"].value_counts().items()),
        "features": features,
        "features_dropped": [name for name in FEATURES if name not in features],
        "findings": read_json(FINDINGS),
        "fits": fits,
        "genres_known": len(genres) > 0,
        "intervals": intervals.set_index(["component", "feature"]).to_dict("index"),
        "invalid": [mixture_name(fit, fits) for _, fit in fits[fits["valid"] == 0].iterrows()],
        "least_sure": extremes[extremes["end"] == "least sure"].head(MOST_SONGS).to_dict("records"),
        "origin": origin,
        "sample_above": [
            (fitted, read_param(section, "sample_above", Annotated[int, Range(1000)]))
            for fitted, section in (("mixture", "mixture"), ("K-Means", "kmeans"))
        ],
        "song": "song" if named else "song (row of the table, from 0)",
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
        "value_warnings": [warning for warning in values["warning"] if warning],
        "typical": list(typical(exemplars, genres)),
    }


def main() -> None:
    """Read what the other stages wrote, write the page."""
    params, found = read_params("report", Params), read_found()
    markdown, pictures = as_markdown(found), None
    if params.self_contained:
        names = [f"{name}.png" for name in found["findings"]]
        pictures = {f"../{IMAGES}/{name}": (IMAGES / name).read_bytes() for name in names}
    said = found["verdict"]
    short = [("found", said.headline), ("groups", said.groups), ("how many", said.number)]
    short += [("trust", said.trust), ("next", said.next), *facts(markdown)]

    write_text(HTML, as_html(markdown, pictures))
    write_text(MARKDOWN, markdown)
    write_text(TEXT, as_text([*short, *CLOSING]))
    say(f"{HTML} and {MARKDOWN}, {dict(short)['warnings']} warnings")


if __name__ == "__main__":
    run(main)
