"""Run the whole pipeline on a real input, in a scratch clone, and keep the figures it gives.

    python -m benchmarks.results demo spotify spotify_nine gtzan_table gtzan_eight gtzan_audio
    python -m benchmarks.results                          the README's table, from what is there

Real inputs are read from the folder that REAL_DATA names (default ../shared/data). The figures go
to docs/results/<name>.json: the params that were changed, every metric, what each stage said last
and its seconds under `dvc repro`; a picture goes beside it. Then the README's table is made anew.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from benchmarks._tables import REAL_DATA, ROOT, markdown, put_table
from benchmarks.choice_of_features import COLUMNS, OTHERS
from song_mixtures.pipeline.files import write_json
from song_mixtures.pipeline.params import load_yaml
from song_mixtures.pipeline.stage import StageError, run_program

RESULTS = ROOT / "docs/results"


@dataclass(frozen=True)
class Run:
    """An input and what params.yaml says of it."""

    params: dict[str, Any]  # section.key: value
    source: str = ""  # below REAL_DATA; none for the demo, which makes its own
    place: str = ""  # in the clone
    picture: str = "component_means"


FIVE = ("tempo", "energy", "loudness", "valence", "danceability")
# Without the stages that make the table of the synthetic songs.
OWN_TABLE: dict[str, Any] = {"input.demo": [], "input.audio": []}
SPOTIFY: dict[str, Any] = OWN_TABLE | {
    "input.table": "data/raw/spotify.csv",
    "input.id": None,
    "input.label": "track_genre",
}
GTZAN_TABLE: dict[str, Any] = OWN_TABLE | {
    "input.table": "data/raw/gtzan.csv",
    "input.gtzan_table": ["data/raw/features_30_sec.csv"],
}
RUNS = {
    "demo": Run({}),
    "spotify": Run(SPOTIFY, "tables/spotify_tracks_34k.csv", "data/raw/spotify.csv"),
    "spotify_nine": Run(
        SPOTIFY
        | {
            "input.columns": {name: name for name in (*FIVE, *OTHERS)},
            "preprocess.spread": ["instrumentalness"],
        },
        "tables/spotify_tracks_34k.csv",
        "data/raw/spotify.csv",
    ),
    "gtzan_table": Run(
        GTZAN_TABLE, "tables/gtzan_features_30_sec.csv", "data/raw/features_30_sec.csv"
    ),
    "gtzan_eight": Run(
        GTZAN_TABLE
        | {
            "input.columns": {name: name for name in FIVE} | COLUMNS,
            "k_sweep.covariance_types": ["diag"],
            "choose_k.covariance_type": "diag",
        },
        "tables/gtzan_features_30_sec.csv",
        "data/raw/features_30_sec.csv",
    ),
    "gtzan_audio": Run(
        {
            "input.demo": [],
            "input.audio": ["data/raw/gtzan_audio"],
            "choose_k.by": "bic",
        },
        "gtzan_audio",
        "data/raw/gtzan_audio",
    ),
}


# What the README shows of each run: words, place in the file, format.
ROWS = [
    ("songs kept", "metrics.preprocess.songs_kept_count", "{:,d}"),
    ("dropped", "metrics.preprocess.songs_dropped_count", "{:,d}"),
    ("genres", "metrics.preprocess.genres_count", "{:d}"),
    ("features", "metrics.preprocess.features_count", "{:d}"),
    ("condition number of the features' correlations", "metrics.preprocess.correlation_condition",
     "{:.1f}"),
    ("K where BIC is lowest", "metrics.choose_k.bic_best_k", "{:d}"),
    ("K where ICL is lowest", "metrics.choose_k.icl_best_k", "{:d}"),
    ("BIC below that of one Gaussian", "metrics.choose_k.bic_lead_over_one_gaussian", "{:,.0f}"),
    ("largest of K = 2 to 5 all of whose components come back; 0: none",
     "metrics.stability.largest_supported_k", "{:d}"),
    ("fits that are not valid", "metrics.k_sweep.invalid_count", "{:d}"),
    ("K trained", "metrics.train_gmm.n_components", "{:d}"),
    ("components that come back", "metrics.refits.trusted_components_count", "{:d}"),
    ("ARI of refit and fit", "metrics.refits.ari", "{:.2f}"),
    ("the same on tables without groups", "metrics.refits.reference_ari", "{:.2f}"),
    ("log-likelihood, nats", "metrics.train_gmm.log_likelihood_nats", "{:,.1f}"),
    ("BIC", "metrics.train_gmm.bic", "{:,.1f}"),
    ("mean entropy, nats", "metrics.uncertainty.mean_entropy_nats", "{:.3f}"),
    ("mean entropy / log K", "metrics.uncertainty.mean_entropy_share", "{:.1%}"),
    ("ambiguous songs", "metrics.uncertainty.ambiguous_songs_share", "{:.1%}"),
    ("ambiguous songs, averaged over refits",
     "metrics.uncertainty.averaged_ambiguous_songs_share", "{:.1%}"),
    ("share of refits in which a song keeps its component", "metrics.uncertainty.mean_kept_share",
     "{:.0%}"),
    ("silhouette of the mixture", "metrics.compare_kmeans.gmm_silhouette", "{:.3f}"),
    ("silhouette of K-Means", "metrics.compare_kmeans.kmeans_silhouette", "{:.3f}"),
    ("ARI of mixture and K-Means", "metrics.compare_kmeans.ari", "{:.3f}"),
    ("equal labels, raw", "metrics.compare_kmeans.equal_labels_raw_share", "{:.1%}"),
    ("equal labels, matched", "metrics.compare_kmeans.equal_labels_matched_share", "{:.1%}"),
    ("ARI of mixture and genres", "metrics.compare_kmeans.gmm_genre_ari", "{:.3f}"),
    ("AMI of mixture and genres", "metrics.compare_kmeans.gmm_genre_ami", "{:.3f}"),
    ("ARI of K-Means and genres", "metrics.compare_kmeans.kmeans_genre_ari", "{:.3f}"),
    ("ARI of genres and a classifier that knows them, out of fold",
     "metrics.suspects.genre_ari", "{:.3f}"),
    ("pairs of near-duplicates, 1 by chance", "metrics.suspects.near_duplicate_pairs_count",
     "{:d}"),
    ("songs that belong nowhere", "metrics.suspects.belongs_nowhere_count", "{:d}"),
    ("… by chance", "metrics.suspects.belongs_nowhere_by_chance", "{:.0f}"),
    ("seconds in k_sweep", "seconds.k_sweep", "{:.0f}"),
    ("seconds in all stages", "seconds.total", "{:.0f}"),
]  # fmt: skip


def results_table(results: Path = RESULTS) -> str:
    """Return the README's table: a column per run whose file is there, in the order of RUNS."""
    found = {
        name: json.loads((results / f"{name}.json").read_text())
        for name in RUNS
        if (results / f"{name}.json").is_file()
    }
    rows = [
        [words, *(form.format(figure(run, place)) for run in found.values()), f"`{place}`"]
        for words, place, form in ROWS
    ]
    return markdown(["", *found, "where"], rows)


def figure(content: Any, place: str) -> Any:
    """Return what stands at a place (`part.part.key`) of a results file."""
    for part in place.split("."):
        content = content[part]
    return content


def set_params(path: Path, changes: dict[str, Any]) -> None:
    """Change keys (`section.key`) of a params.yaml."""
    params = load_yaml(path.read_text())
    for key, value in changes.items():
        section, name = key.split(".")
        params[section][name] = value
    path.write_text(yaml.safe_dump(params, sort_keys=False))


def run_stages(project: Path) -> tuple[dict[str, float], dict[str, str]]:
    """Run `dvc repro`; return each stage's seconds, up to the next one's start, and last words."""
    process = subprocess.Popen(
        ["dvc", "repro"], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    marks: list[tuple[str, float]] = []
    said: dict[str, str] = {}
    for line in process.stdout or []:
        sys.stderr.write(line)
        if found := re.match(r"Running stage '(\w+)(?:@.*)?':", line):
            marks.append((found.group(1), time.perf_counter()))
        elif marks and line.startswith(f"{marks[-1][0]}: "):
            said[marks[-1][0]] = line.strip()
    if process.wait():
        raise StageError("dvc repro failed, see above")
    marks.append(("end", time.perf_counter()))
    seconds = {name: round(end - start, 1) for (name, start), (_, end) in pairwise(marks)}
    return seconds | {"total": round(sum(seconds.values()), 1)}, said


def put(source: Path, place: Path) -> None:
    """Copy a file or a folder."""
    if source.is_dir():
        shutil.copytree(source, place, ignore=shutil.ignore_patterns("*.csv"))
    else:
        shutil.copy(source, place)


def measure(name: str, measured: Run) -> dict[str, Any]:
    """Run one input in a scratch clone of this repository's HEAD and return its figures."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        subprocess.run(["git", "clone", "--quiet", ROOT, project], check=True)
        if measured.source:
            put(REAL_DATA / measured.source, project / measured.place)
        set_params(project / "params.yaml", measured.params)
        compile_fits = [sys.executable, "-m", "song_mixtures.fitting"]  # as `make` does
        subprocess.run(compile_fits, cwd=project, check=True)
        seconds, said = run_stages(project)
        metrics = {
            path.stem: json.loads(path.read_text())
            for path in sorted((project / "metrics").glob("*.json"))
        }
        RESULTS.mkdir(parents=True, exist_ok=True)
        shutil.copy(
            project / f"plots/images/{measured.picture}.png",
            RESULTS / f"{name}_{measured.picture}.png",
        )
    return {"params": measured.params, "metrics": metrics, "seconds": seconds, "said": said}


def main() -> None:
    """Measure the runs named on the command line; make the README's table of all there are."""
    for name in sys.argv[1:]:
        if name not in RUNS:
            raise StageError(f"{name}: expected one of {', '.join(RUNS)}")
        write_json(RESULTS / f"{name}.json", measure(name, RUNS[name]))
    put_table(ROOT / "README.md", "results", results_table())


if __name__ == "__main__":
    run_program(main)
