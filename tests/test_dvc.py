"""The pipeline as people drive it: real `dvc` commands in a scratch copy of the project."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from song_mixtures.presentation.figures.catalog import DRAWN
from tests.conftest import (
    BY_INPUT,
    DEMO,
    FEATURES,
    ROOT,
    answer,
    call,
    make_songs,
    pipeline_stages,
    stages_run,
    write_params,
)
from tests.test_dvc_yaml import covers, declared_outs, paths
from tests.test_gtzan_table import small_table


def test_a_second_run_does_nothing_and_a_run_leaves_git_clean(finished_project: Path) -> None:
    assert "Data and pipelines are up to date." in call(finished_project, "dvc", "repro")
    assert call(finished_project, "git", "status", "--porcelain") == ""


FITTING = {"k_sweep", "stability", "choose_k"}
SHOWING = {"figures", "report"}
# What names of songs and words of features reach: nothing that is fitted.
NAMING = {"input", "preprocess", "components", "uncertainty", *SHOWING}
AFTER_REFITS = {"soft_assign", "uncertainty", "components", "compare_kmeans", *SHOWING}
AFTER_TRAINING = {"refits", *AFTER_REFITS}

# What changes → exactly the stages that run again.
RERUNS: list[tuple[dict[str, Any], set[str]]] = [
    ({"preprocess.duplicates": "drop"}, {"preprocess"}),  # there are none
    ({"k_sweep.k_max": 4}, {*FITTING, "suspects", "kmeans", *SHOWING}),
    ({"k_sweep.k_min": 3}, {*FITTING, "suspects", "kmeans", *SHOWING}),
    # Densities are those of mixtures of the type whose BIC is lowest, which is diag here.
    (
        {"k_sweep.covariance_types": ["full", "diag"]},
        {*FITTING, "suspects", "uncertainty", "components", *SHOWING},
    ),
    ({"stability.n_components": [3]}, {"stability", "choose_k", *SHOWING}),
    ({"choose_k.by": "bic"}, {"choose_k", "report"}),  # which chooses K = 3 as well
    ({"uncertainty.ambiguous_margin": 0.99}, {"uncertainty", *SHOWING}),
    ({"uncertainty.n_extremes": 3}, {"uncertainty", "report"}),
    ({"components.n_exemplars": 2}, {"components", "report"}),
    ({"components.profile_deviation": 0.1}, {"components", "uncertainty", *SHOWING}),
    ({"components.names": {0: "ballads"}}, {"components", "uncertainty", *SHOWING}),
    ({"kmeans.max_iter": 299}, {"kmeans"}),  # which takes fewer steps anyway
    ({"kmeans.silhouette_sample": 100}, {"kmeans", "compare_kmeans", *SHOWING}),
    ({"figures.dpi": 70}, {"figures", "report"}),
    ({"figures.palette": "tableau"}, SHOWING),
    ({"figures.max_page_songs": 100}, SHOWING),
    ({"report.self_contained": True}, {"report"}),
    (
        {"input.columns.energy": "valence", "input.columns.valence": "energy"},
        {"input", "preprocess", *FITTING, "train_gmm", "suspects", "kmeans", *AFTER_TRAINING},
    ),
    (  # another word, which no mixture is fitted for
        {"input.features": {name: {"high": f"much {name}"} for name in FEATURES}},
        NAMING,
    ),
    ({"input.keep": {"artist": "genre"}}, NAMING),
    ({"input.name": "genre"}, NAMING),
    ({"extract.seconds": 20, "demo.seed": 1}, set()),
    ({"compute.n_jobs": 2}, set()),  # where the work is done, which no result depends on
]


@pytest.mark.parametrize(
    ("changes", "expected"), RERUNS, ids=[next(iter(changes)) for changes, _ in RERUNS]
)
def test_a_changed_key_runs_exactly_the_stages_it_touches(
    project: Path, changes: dict[str, Any], expected: set[str]
) -> None:
    write_params(project, changes)
    if any(key.startswith("figures.") for key in changes):
        assert stages_run(call(project, "dvc", "repro")) == expected
    else:  # the pictures would take as long as all else: `dvc status` names what it would run
        others = pipeline_stages().keys() - BY_INPUT - SHOWING
        ran = stages_run(call(project, "dvc", "repro", *others))
        assert ran | answer(project, "dvc", "status").keys() == expected


def reached(key: str, same: set[str]) -> set[str]:
    """Return the stages that declare a key or read what one of these writes, near or far.

    Outputs in `same` come out as before, or are not looked at.
    """
    stages = pipeline_stages()
    found = {
        name
        for name, stage in stages.items()
        if any(covers(entry.replace(".", "/"), key) for entry in stage.get("params", []))
    }
    while True:
        changed = set().union(*(declared_outs(stages[name]) for name in found)) - same
        more = {name for name, stage in stages.items() if changed & set(paths(stage["deps"]))}
        if more <= found:
            return found
        found |= more


# Keys that nearly everything depends on: of them dvc.yaml is followed, without running it all.
CHOSEN = {"models/chosen_k.json", "models/chosen_mixture.json"}
FAR: dict[str, tuple[set[str], set[str]]] = {
    "preprocess/transform": (
        set(),
        {"preprocess", *FITTING, "train_gmm", "suspects", "kmeans", *AFTER_TRAINING},
    ),
    "playlists/songs": (set(), set()),
    "refits/warm": (set(), {"refits", *AFTER_REFITS}),
    "refits/cold": (CHOSEN, {"stability", "choose_k", *AFTER_TRAINING}),
    "choose_k/n_components": (set(), {"choose_k", "train_gmm", "kmeans", *AFTER_TRAINING}),
    "choose_k/covariance_type": (set(), {"choose_k", "train_gmm", "kmeans", *AFTER_TRAINING}),
    "train_gmm/reference": (set(), {"train_gmm", *AFTER_TRAINING}),
    "mixture/reg_covar": (
        {"models/chosen_k.json"},
        {*FITTING, "train_gmm", "suspects", *AFTER_TRAINING},
    ),
}


@pytest.mark.parametrize("key", FAR)
def test_a_key_reaches_exactly_the_stages_that_depend_on_it(key: str) -> None:
    same, expected = FAR[key]
    assert reached(key, same) == expected | {"playlists"}  # which is there for files of audio


def test_parquet_tables_give_the_same_numbers(project: Path) -> None:
    before = {path.name: json.loads(path.read_text()) for path in project.glob("metrics/*.json")}
    write_params(project, {"tables.format": "parquet"})
    assert "figures" in stages_run(call(project, "dvc", "repro"))
    assert len(list(project.glob("data/processed/*.parquet"))) == 29
    assert list(project.glob("data/processed/*.csv")) == []
    for path in project.glob("metrics/*.json"):
        assert json.loads(path.read_text()) == pytest.approx(before[path.name], rel=1e-4, abs=1e-6)
    call(project, "git", "commit", "-qam", "Parquet")
    compare = ("python", "-m", "song_mixtures.moved", "HEAD~1", "HEAD")
    same = answer(project, *compare)
    assert (same["songs_in_both"], same["moved"]) == (240, [])
    assert [one["after"] for one in same["components"]] == [0, 1, 2]
    write_params(project, {})  # DVC brings the tables of before back, without running their stages
    assert "k_sweep" not in stages_run(call(project, "dvc", "repro"))
    assert len(list(project.glob("data/processed/*.csv"))) == 29
    assert list(project.glob("data/processed/*.parquet")) == []


def test_a_changed_song_runs_what_reads_the_table_and_what_its_numbers_reach(
    project: Path,
) -> None:
    songs = make_songs()
    songs.loc[0, "tempo"] = 99.0
    songs.to_csv(project / "data/raw/songs.csv", index=False)
    # What a changed feature reaches beyond these is a line of the table above.
    assert stages_run(call(project, "dvc", "repro", "k_sweep")) == {"preprocess", "k_sweep"}


def declared(project: Path) -> set[str]:
    """Return the stages that are in the pipeline."""
    return {line.split()[0] for line in call(project, "dvc", "stage", "list").splitlines()}


def test_a_source_is_in_the_pipeline_exactly_where_the_input_needs_it(project: Path) -> None:
    always = pipeline_stages().keys() - BY_INPUT
    assert declared(project) == always
    small = {"k_sweep.k_max": 2, "preprocess.collinear": "keep"}
    write_params(project, DEMO | small)
    assert declared(project) == always | {
        "demo@songs",
        "extract@data/raw/demo_audio",
        "playlists@data/raw/demo_audio",
    }
    said = call(project, "dvc", "repro", "preprocess")
    assert stages_run(said) == {"input", "demo", "extract", "preprocess"}

    shutil.copytree(project / "data/raw/demo_audio/jazz", project / "data/raw/mine/a/jazz")
    shutil.copytree(project / "data/raw/demo_audio/rock", project / "data/raw/mine/rock")
    write_params(project, DEMO | small | {"input.demo": [], "input.audio": ["data/raw/mine"]})
    assert declared(project) == always | {"extract@data/raw/mine", "playlists@data/raw/mine"}
    said = call(project, "dvc", "repro", "preprocess")
    assert stages_run(said) == {"input", "extract", "preprocess"}

    small_table(40).to_csv(project / "data/raw/features_30_sec.csv", index=False)
    path = "data/raw/features_30_sec.csv"
    write_params(project, {"input.table": "data/raw/gtzan.csv", "input.gtzan_table": [path]})
    assert declared(project) == always | {f"gtzan_table@{path}"}
    said = call(project, "dvc", "repro", "preprocess")
    assert stages_run(said) == {"input", "gtzan_table", "preprocess"}

    write_params(project, {})
    assert stages_run(call(project, "dvc", "repro", "preprocess")) <= {"input", "preprocess"}
    assert declared(project) == always


def test_a_table_that_has_gone_is_missed_though_an_earlier_run_with_it_is_kept(
    project: Path,
) -> None:
    """DVC brings back what a stage made before; of the look at the files that would be wrong."""
    (project / "data/raw/songs.csv").rename(project / "data/raw/others.csv")
    write_params(project, {"input.table": "data/raw/others.csv"})
    call(project, "dvc", "repro", "input")
    write_params(project, {})
    said = call(project, "dvc", "repro", code=255)
    assert "input: params.yaml: input.table is data/raw/songs.csv, and there is no such" in said


def test_numbers_that_dvc_writes_in_its_own_way_are_read(project: Path) -> None:
    call(project, "dvc", "exp", "run", "-S", "mixture.reg_covar=0.000002", "choose_k")
    assert "2e-06" in (project / "params.yaml").read_text()


def test_plots_are_shown_and_compared(project: Path) -> None:
    call(project, "dvc", "plots", "show")
    page = (project / "dvc_plots/index.html").read_text()
    declared = yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
    assert len(declared) >= 5
    images = {path.stem for path in (project / "plots/images").glob("*.png")}
    assert len(images) == 16
    # The others are pictures of charts: each thing is on the page once.
    assert {name for name in images if f"{name}.png" in page} == set(DRAWN)
    assert page.count('"$schema"') >= 5
    write_params(project, {"components.n_exemplars": 2})
    call(project, "dvc", "repro")
    call(project, "dvc", "plots", "diff", "HEAD")
    assert "workspace" in (project / "dvc_plots/index.html").read_text()


def test_a_wrong_parameter_stops_with_a_sentence_and_git_brings_everything_back(
    project: Path,
) -> None:
    # Stages before the one that fails have run, and dvc.lock has changed.
    write_params(project, {"choose_k.by": "bic", "uncertainty.ambiguous_margin": 7})
    said = call(project, "dvc", "repro", code=255)
    assert "choose_k" in stages_run(said)
    assert (
        "uncertainty: params.yaml: uncertainty.ambiguous_margin is 7.0, expected a number" in said
    )
    assert "Traceback" not in said
    assert not (project / "metrics/uncertainty.json").exists()
    page = (ROOT / "README.md").read_text().split("\n## When a stage fails\n")[1]
    call(project, "bash", "-ec", page.split("```sh\n")[1].split("```")[0])
    assert call(project, "git", "status", "--porcelain") == ""
    assert "Data and pipelines are up to date." in call(project, "dvc", "repro")


def test_an_absent_table_is_named_with_the_cure_before_anything_runs(project: Path) -> None:
    write_params(project, {"input.table": "data/raw/absent.csv"})
    said = call(project, "dvc", "repro", code=255)
    assert "input: params.yaml: input.table is data/raw/absent.csv, and there is no such" in said
    assert stages_run(said) == {"input"}


@pytest.mark.parametrize("kept_by_git", [True, False])
@pytest.mark.parametrize("torn", ["", "schema: '2.0'\nstages:\n  input:\n    cmd: pyth"])
def test_make_gets_over_a_lock_that_a_killed_dvc_left_torn(
    tmp_path: Path, torn: str, kept_by_git: bool
) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    call(tmp_path, "git", "init", "-q")
    # Under `make test` a make says which folder it enters.
    check = ("make", "--no-print-directory", "whole_lock")
    whole = "schema: '2.0'\n"
    (tmp_path / "dvc.lock").write_text(whole)
    if kept_by_git:
        call(tmp_path, "git", "add", "dvc.lock")
    assert call(tmp_path, *check) == ""
    (tmp_path / "dvc.lock").write_text(torn)
    assert "dvc.lock is torn" in call(tmp_path, *check)
    assert (tmp_path / "dvc.lock").exists() == kept_by_git
    assert not kept_by_git or (tmp_path / "dvc.lock").read_text() == whole
