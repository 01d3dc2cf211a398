"""Write the run on one page for people: what was grouped, how, how surely, and what to beware of.

Every number is taken from the metrics and tables of the stages before and none is computed: the
page says what `dvc metrics show` says, in words. It is written as HTML and as Markdown, and its
first lines as text, which `make` prints.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from song_mixtures.pipeline.files import read_json, write_text
from song_mixtures.pipeline.params import Range, read_param, read_params
from song_mixtures.pipeline.stage import run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.presentation.report.document import (
    Bullets,
    Document,
    Section,
    as_html,
    as_markdown,
    as_text,
)
from song_mixtures.presentation.report.sections import (
    agreement,
    facts,
    how_sure,
    pictures,
    the_components,
    the_number_of_components,
    the_songs,
    typical_songs,
)
from song_mixtures.presentation.report.warnings import (
    Metrics,
    of_mixture,
    of_samples,
    of_songs,
    of_sweep,
)
from song_mixtures.songs.features import FEATURES

ORIGIN = Path("data/processed/origin.json")  # from input
SONGS_DROPPED = Path("data/processed/songs_dropped.csv")  # from preprocess
SCALING = Path("models/scaling.json")  # from preprocess
K_SWEEP = Path("data/processed/k_sweep.csv")  # from k_sweep
CHOSEN_K = Path("models/chosen_k.json")  # from choose_k
EXTREMES = Path("data/processed/surest_and_least_sure.csv")  # from uncertainty
BY_COMPONENT = Path("data/processed/uncertainty_by_component.csv")  # from uncertainty
MEANS = Path("data/processed/gmm_means.csv")  # from components
WEIGHTS = Path("data/processed/gmm_weights.csv")  # from components
EXEMPLARS = Path("data/processed/exemplar_songs.csv")  # from components
GENRES = Path("data/processed/genre_by_component.csv")  # from compare_kmeans
IMAGES = Path("plots/images")  # from figures
HTML = Path("reports/summary.html")
MARKDOWN = Path("reports/summary.md")
TEXT = Path("reports/summary.txt")

METRICS = Path("metrics")  # <stage>.json of each of these stages
STAGES = ("preprocess", "k_sweep", "train_gmm", "soft_assign", "uncertainty", "compare_kmeans")
CLOSING = [
    ("report", f"{HTML}, as text {MARKDOWN}"),
    ("charts", "source .venv/bin/activate && dvc plots show"),
]


@dataclass(frozen=True)
class Origin:
    """Where the songs come from."""

    kind: Literal["demo", "audio", "gtzan_table", "table"]
    path: str  # of the folder of audio or of the table

    def words(self) -> str:
        """Return where the songs are from."""
        return f"the audio in {self.path}" if self.kind in ("demo", "audio") else self.path


def linked(section: Section, tables: Tables) -> Section:
    """Return a section whose sources are paths from the page, tables in the format of the run."""
    suffixes = {".csv": f".{tables.format}"}
    paths = [Path("..") / source for source in section.sources]
    return replace(
        section, sources=[str(p.with_suffix(suffixes.get(p.suffix, p.suffix))) for p in paths]
    )


def main() -> None:
    """Read what the other stages wrote, write the page."""
    tables = read_params("tables", Tables)
    origin = Origin(**read_json(ORIGIN))
    song_column = read_param("input", "id", str | None)
    by = read_param("choose_k", "by", Literal["fixed", "bic", "aic", "icl"])
    ambiguous_margin = read_param("uncertainty", "ambiguous_margin", Annotated[float, Range(0, 1)])
    samples = [
        read_param(section, "sample_above", Annotated[int, Range(1000)])
        for section in ("mixture", "kmeans")
    ]
    metrics: Metrics = {stage: read_json(METRICS / f"{stage}.json") for stage in STAGES}
    chosen, features = read_json(CHOSEN_K), read_json(SCALING)["features"]
    fits, genres = tables.read(K_SWEEP), tables.read(GENRES)
    song = "song" if song_column is not None else "song (row of the table, from 0)"

    dropped_features = [name for name in FEATURES if name not in features]
    warnings = [
        *of_songs(metrics, dropped_features, synthetic=origin.kind == "demo"),
        *of_sweep(metrics, fits, chosen["n_components"], chosen["covariance_type"]),
        *of_mixture(metrics),
        *of_samples(metrics, *samples),
    ]
    short = facts(metrics, fits, chosen, by, len(warnings))
    sections = [
        Section("Warnings", [Bullets(warnings or ["None."])]),
        the_songs(metrics, origin.words(), tables.read(SONGS_DROPPED), features),
        the_number_of_components(metrics, fits, chosen, by),
        the_components(tables.read(MEANS), tables.read(WEIGHTS), tables.read(BY_COMPONENT)),
        typical_songs(tables.read(EXEMPLARS), genres, song),
        how_sure(metrics, tables.read(EXTREMES), ambiguous_margin, song),
        agreement(metrics),
        pictures([path.name for path in IMAGES.iterdir()], f"../{IMAGES}"),
    ]
    title = (
        f"{chosen['n_components']} groups in {metrics['preprocess']['songs_kept_count']:,} songs"
    )
    page = Document(title, short, [linked(section, tables) for section in sections])

    write_text(HTML, as_html(page))
    write_text(MARKDOWN, as_markdown(page))
    write_text(TEXT, as_text([*short, *CLOSING]))
    say(f"{HTML} and {MARKDOWN}, {len(warnings)} warnings")


if __name__ == "__main__":
    run(main)
