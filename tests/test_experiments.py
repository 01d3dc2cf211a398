"""The commands of the docs on experiments and on sharing, run as they stand there.

They are read from the docs' own code blocks, in order, and run in a scratch copy of the project:
a command that no longer works, or is not run here, fails.
"""

import json
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.compute.test_parallel import running
from tests.conftest import DEMO, ROOT, answer, call, stages_run, write_params

USING = (ROOT / "docs/using.md").read_text()


def section(heading: str, page: str = USING) -> str:
    """Return what stands below a heading of the second level."""
    return page.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def blocks(text: str) -> list[str]:
    """Return the code blocks of commands, without their remarks."""
    return [
        "\n".join(re.sub(r"\s{2,}# .*", "", line) for line in block.splitlines())
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    ]


TRACK, ONE, GRID, SHOW, TWO, KEEP, FORGET = blocks(section("Experiments"))
PUSH, PULL = blocks(section("Share the results"))


def shell(folder: Path, commands: str, code: int = 0) -> str:
    """Run lines of a shell, which must end with `code`, and return all they said."""
    return call(folder, "bash", "-ec", commands, code=code)


def no_worker(project: Path) -> None:
    """Wait until the queue's worker has ended; fail where it never does."""
    for _ in range(120):
        status = call(project, "dvc", "queue", "status")
        if "Worker status: 0 active, 0 idle" in status:
            return
        time.sleep(1)
    pytest.fail(f"the queue's worker does not end: {status}")


def n_components(project: Path) -> float:
    metrics = answer(project, "dvc", "metrics", "show", "metrics/train_gmm.json")
    return float(metrics[""]["data"]["metrics/train_gmm.json"]["data"]["n_components"])


def test_the_experiments_of_the_docs(project: Path) -> None:
    # Into the queue before the table is tracked, which it sees only when it is handed over.
    write_params(project, {"choose_k.covariance_type": "diag"})  # eight full ones are too many
    shell(project, "git commit -qam 'Diagonal covariances'")
    queue = ["dvc", "exp", "run", "--queue", "-S", "choose_k.n_components=4", "choose_k"]
    call(project, *queue, "-n", "without")
    [handed] = re.findall(r"`(dvc exp run --queue --copy-paths .*?)`", section("Experiments"))
    shell(project, f"{handed} -n with choose_k")

    shell(project, TRACK)
    assert {"choose_k", "train_gmm", "report"} <= stages_run(shell(project, ONE))
    assert n_components(project) == 8
    changed = (project / "params.yaml").read_text()

    # Said into a file: the worker, which goes on for ten seconds, would hold a pipe open.
    shell(project, f"{{\n{GRID}\n}} > ../said 2>&1")
    said = (project.parent / "said").read_text()
    for name, outcome in {
        "without": "Failed", "with": "Success", "grid-1": "Success", "grid-2": "Success"
    }.items():  # fmt: skip
        assert re.search(rf"\b{name} .*{outcome}", said), said
    assert "No such file or directory" in call(project, "dvc", "queue", "logs", "without")
    assert (project / "params.yaml").read_text() == changed

    table = [line.split() for line in shell(project, SHOW).splitlines()]
    assert ["Experiment", "bic", "mean_entropy_nats", "choose_k.n_components"] in table
    ks = {row[-4].strip("[]"): row[-1] for row in table if len(row) >= 5}
    assert ks == {"grid-1": "4", "grid-2": "6", "eight": "8"}
    assert max(map(len, shell(project, SHOW).splitlines())) <= 80

    said = shell(project, TWO)
    assert re.search(r"params.yaml +choose_k.n_components +4 +6\n", said)
    assert re.search(r"^n_components +4 +6 +2$", said, re.MULTILINE)
    assert re.search(r"^n_components +3 +8 +5$", said, re.MULTILINE)
    assert "dvc_plots/index.html" in said

    shell(project, KEEP)
    assert n_components(project) == 6
    assert "| K | 6, diag covariances" in (project / "reports/summary.md").read_text()
    assert call(project, "git", "status", "--porcelain") == ""
    assert "up to date" in call(project, "dvc", "status")
    assert stages_run(call(project, "dvc", "repro")) == set()

    shell(project, FORGET)
    assert call(project, "dvc", "exp", "list", "--all-commits").strip() == ""
    no_worker(project)


def test_an_applied_experiment_is_complete(project: Path) -> None:
    call(project, "dvc", "exp", "run", "-n", "ambiguous", "-S", "uncertainty.ambiguous_margin=0.9")
    shell(project, "git restore --staged --worktree . && dvc checkout --force")
    call(project, "dvc", "exp", "apply", "ambiguous")
    assert "ambiguous_margin: 0.9" in (project / "params.yaml").read_text()
    assert "up to date" in call(project, "dvc", "status")
    shell(project, blocks(section("Compare"))[1])
    assert call(project, "git", "status", "--porcelain") == ""


def test_numbers_fit_80_columns(project: Path) -> None:
    write_params(project, {"choose_k.n_components": 4})
    call(project, "dvc", "repro", "train_gmm", "kmeans")
    commands = blocks(section("Compare"))[0]
    assert "choose_k.n_components" in shell(project, commands)
    [compare] = [line for line in commands.splitlines() if "metrics" in line]
    for command in (compare, f"{compare} --all", f"{compare} --precision 8"):
        lines = shell(project, command).splitlines()
        shown = [line for line in lines if not line.startswith("DVC failed")]
        assert len(shown) > 5
        assert max(map(len, shown)) <= 80


def test_an_editor_finds_params_metrics_and_plots(finished_project: Path) -> None:
    """What the extension of VS Code asks for: `dvc exp show` and `dvc plots diff` as JSON."""
    workspace: dict[str, Any] = answer(finished_project, "dvc", "exp", "show")[0]["data"]
    for path in finished_project.glob("metrics/*.json"):
        assert workspace["metrics"][f"metrics/{path.name}"]["data"], path.name
    assert workspace["params"]["params.yaml"]["data"]["choose_k"]["n_components"] == 3
    plots = answer(finished_project, "dvc", "plots", "diff", "HEAD")["data"]
    assert {path for path in plots if "k_curve" in path}
    assert {path for path in plots if path.endswith("pca_map.png")}


def colleague(project: Path) -> Path:
    """Push as the docs do, and pull as the docs do into a clone of a colleague's."""
    shell(project, PUSH)
    said = shell(project.parent, PULL.replace("<this repository>", project.name))
    assert said.count("Data and pipelines are up to date.") == 2
    assert stages_run(said) == set()
    return project.parent / "colleague"


def test_a_colleague_has_every_result_without_running_anything(project: Path) -> None:
    shell(project, TRACK)
    clone = colleague(project)
    for path in ("data/processed/posteriors.csv", "models/gmm_model.pkl", "data/raw/songs.csv"):
        assert (clone / path).read_bytes() == (project / path).read_bytes()
    assert (clone / "reports/summary.html").is_file()
    write_params(clone, {"uncertainty.n_extremes": 3})
    assert stages_run(call(clone, "dvc", "repro")) == {"uncertainty", "report"}


@pytest.fixture(scope="module")
def finished_demo(finished_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with synthetic songs in place of its table, run and committed."""
    project = tmp_path_factory.mktemp("demo") / "project"
    shutil.copytree(finished_project, project, symlinks=True)
    small = {
        "k_sweep.k_max": 2, "choose_k.n_components": 2, "choose_k.covariance_type": "spherical",
        "preprocess.collinear": "keep",
    }  # fmt: skip
    write_params(project, small | DEMO)
    assert {"demo", "extract", "report"} <= stages_run(call(project, "dvc", "repro"))
    shell(project, "git add -A && git commit -qm 'Demo songs'")
    return project


def test_a_colleague_has_what_the_sources_made(finished_demo: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(finished_demo, project, symlinks=True)
    clone = colleague(project)
    made = [p.relative_to(project) for p in project.glob("data/raw/demo_audio/*/*.flac")]
    assert len(made) == 20
    for path in (*made, Path("data/raw/demo_truth.csv"), Path("data/raw/audio_features.csv")):
        assert (clone / path).read_bytes() == (project / path).read_bytes()


# After a run that is committed, of which a remote has the tables.
MOVING = ["status", "repro", "checkout", "fetch", "pull", "push"]
SHOWING = [
    "metrics show",
    "metrics diff",
    "params diff",
    "plots show",
    "plots diff",
    "exp show --no-pager",
    "exp diff",
    "dag",
    "stage list",
]
CLEANING = ["data status", "gc --workspace --force", "status", "data status"]


@pytest.mark.parametrize(
    ("kind", "commands"),
    [
        # The other tests of this file show what there is to be shown without a source.
        ("finished_project", MOVING + CLEANING),
        ("finished_demo", MOVING + SHOWING + CLEANING),
    ],
)
def test_every_command_is_clean_with_a_source_and_without(
    kind: str, commands: list[str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A stage that is declared and never ran would fail checkout, pull and status."""
    project = tmp_path / "project"
    shutil.copytree(request.getfixturevalue(kind), project, symlinks=True)
    call(project, "dvc", "remote", "add", "--local", "-d", "store", str(tmp_path / "store"))
    call(project, "dvc", "push")
    for command in commands:
        said = call(project, "dvc", *command.split())
        complaints = ("ERROR", "failed", "deleted:", "changed", "not in cache")
        assert [word for word in complaints if word in said] == [], (command, said)
        if command in ("status", "repro"):
            assert said.splitlines()[-1] == "Data and pipelines are up to date."
            assert stages_run(said) == set()


def test_a_table_that_is_not_tracked_stays_where_it_is(project: Path) -> None:
    shell(project, PUSH)
    pull = PULL.replace("<this repository>", project.name).splitlines()[:2]
    shell(project.parent, "\n".join(pull))
    clone = project.parent / "colleague"
    assert (clone / "data/processed/posteriors.csv").is_file()
    assert "data/raw/songs.csv" in call(clone, "dvc", "repro", code=255)


def test_a_dead_lock_is_taken_over_and_a_broken_one_deleted_as_the_faq_says(project: Path) -> None:
    *_, delete, _ = blocks((ROOT / "docs/faq.md").read_text())
    lock = project / ".dvc/tmp/rwlock"
    dead = {"write": {str(project / "metrics/kmeans.json"): {"pid": 2**22 + 1, "cmd": "dvc"}}}
    lock.write_text(json.dumps(dead))
    write_params(project, {"choose_k.by": "bic"})
    assert "choose_k" in stages_run(call(project, "dvc", "repro", "choose_k"))
    lock.write_text("{")
    write_params(project, {})
    assert "rwlock" in call(project, "dvc", "repro", "choose_k", code=255)
    shell(project, delete)
    assert "Updating lock file 'dvc.lock'" in call(project, "dvc", "repro", "choose_k")


def test_a_torn_lock_is_got_over_as_the_faq_says(project: Path) -> None:
    *_, restore = blocks((ROOT / "docs/faq.md").read_text())
    (project / "dvc.lock").write_text("")
    assert "validation failed" in call(project, "dvc", "repro", code=255)
    assert "Data and pipelines are up to date." in shell(project, restore)


def test_an_experiment_on_a_cluster_as_the_docs_have_it(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _, experiment = blocks((ROOT / "docs/scaling.md").read_text())
    write_params(project, {"k_sweep.k_max": 4})
    for cluster in running(tmp_path_factory.mktemp("cluster"), 1):
        command = experiment.replace("tcp://192.0.2.7:8786", cluster.address)
        # All that computes on a cluster, but for what begins with audio.
        fitting = f"{command.strip()} -S compute.n_jobs=-1 refits suspects kmeans"
        assert {"k_sweep", "suspects", "kmeans"} <= stages_run(shell(project, fitting))


def test_a_remote_of_ones_own_stays_out_of_git(project: Path) -> None:
    [command] = re.findall(r"`(dvc remote add --local .*?)`", section("Share the results"))
    shell(project, command)
    assert call(project, "git", "status", "--porcelain") == ""


def test_the_readme_names_only_commands_that_run_here() -> None:
    readme = (ROOT / "README.md").read_text()
    run_here = " ".join((TRACK + ONE + GRID + SHOW + TWO + KEEP + FORGET).split())
    shown = [
        line for block in blocks(section("Experiments", readme)) for line in block.splitlines()
    ]
    assert len(shown) >= 3
    assert [line for line in shown if " ".join(line.split()) not in run_here] == []
