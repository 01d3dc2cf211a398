"""The workflow of GitHub Actions, as far as can be told without GitHub."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from tests.conftest import ROOT, call

WORKFLOW = ROOT / ".github/workflows/test.yml"
JOBS: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text())["jobs"]
STEPS: list[dict[str, Any]] = [step for job in JOBS.values() for step in job["steps"]]


def actionlint(*workflows: Path) -> subprocess.CompletedProcess[str]:
    """Run actionlint, without what it would find on this machine and not on the next."""
    command = ["actionlint", "-no-color", "-oneline", "-shellcheck=", "-pyflakes="]
    command += map(str, workflows)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_actionlint_finds_nothing_to_say() -> None:
    done = actionlint(*(ROOT / ".github/workflows").iterdir())
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("runs-on: ", "run-on: ", 'unexpected key "run-on"'),
        ("contents: read", "contents: reed", '"reed" is invalid'),
        ("matrix.python }}", "matrix.pyhton }}", 'property "pyhton" is not defined'),
        ("cache-dependency-path: ", "cache-dependency: ", 'input "cache-dependency" is not'),
    ],
)
def test_actionlint_fails_on_a_workflow_with_a_slip(
    tmp_path: Path, right: str, wrong: str, complaint: str
) -> None:
    text = WORKFLOW.read_text()
    assert right in text
    copy = tmp_path / "test.yml"
    copy.write_text(text.replace(right, wrong))
    done = actionlint(copy)
    assert done.returncode == 1, done.stderr
    assert complaint in done.stdout


def test_the_pythons_are_those_that_the_project_admits() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    admitted = SpecifierSet(project["requires-python"])
    # Far enough for a requirement without an upper end to fail here: nothing tests all of it.
    pythons = [version for n in range(50) if (version := f"3.{n}") in admitted]
    assert JOBS["test"]["strategy"]["matrix"] == {"python": pythons}
    used = {step["with"].get("python-version") for step in STEPS if "with" in step} - {None}
    assert used - {"${{ matrix.python }}"} <= set(pythons)


def test_make_knows_what_the_workflow_calls() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    calls = [step["run"].split() for step in STEPS if step.get("run", "").startswith("make")]
    called = [word for words in calls for word in words[1:] if "=" not in word]
    assert len(calls) == 2  # one of them without a target
    assert called == ["test"]
    assert targets.issuperset(called)


REPORT = """# 3 groups

Of songs.

Taken from [a table](../data/processed/a.csv)

## Pictures

![A picture](../plots/images/a.png)
"""


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    """A small project whose last commit changes nothing."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "dvc.yaml").write_text("params: [params.yaml]\nmetrics: [b.json, a.json]\n")
    (project / "params.yaml").write_text("k: 3\nmargin: 0.2\n")
    for name in "ab":
        (project / f"{name}.json").write_text('{"second": 0.5, "first": 3}\n')
    (project / "reports").mkdir()
    (project / "reports/summary.md").write_text(REPORT)
    call(project, "git", "init", "-q")
    call(project, "dvc", "init", "-q")
    call(project, "git", "add", "-A")
    call(project, "git", "commit", "-qm", "Main")
    call(project, "git", "commit", "-qm", "Merge", "--allow-empty")
    return project


def summary(project: Path) -> tuple[str, str]:
    """Run the step as GitHub does; return the changes and the report of its page, unpadded."""
    (script,) = (step["run"] for step in STEPS if step.get("name") == "Summary")
    (project.parent / "script").write_text(script)
    page = project.parent / "page.md"
    call(project, "env", f"GITHUB_STEP_SUMMARY={page}", "bash", "-e", "../script")
    text = re.sub(r" +\|", " |", re.sub(r"-+\|", "-|", page.read_text()))
    head, _, changes = text.partition("\n## Params\n\n")
    assert head.startswith("# What changes\n\nMetrics are compared to five decimal places")
    changes, _, report = changes.partition("\n# ")
    return changes, report


def test_the_summary_says_that_nothing_changed(merged: Path) -> None:
    # As another processor rounds it.
    (merged / "a.json").write_text('{"second": 0.50000001, "first": 3}\n')
    (merged / "b.json").write_text('{"second": 0.49999999, "first": 3}\n')
    changes, _ = summary(merged)
    assert changes == "No params changed.\n\n## Metrics\n\nNo metrics changed.\n"


def test_the_summary_has_what_changed_in_order(merged: Path) -> None:
    (merged / "params.yaml").write_text("k: 4\nmargin: 0.0\n")
    for name in "ab":
        (merged / f"{name}.json").write_text('{"second": 0.75, "first": 0.0}\n')
    changes, _ = summary(merged)
    assert changes == (
        "| Path | Param | before | workspace |\n|-|-|-|-|\n"
        "| params.yaml | k | 3 | 4 |\n"
        "| params.yaml | margin | 0.2 | 0.0 |\n"
        "\n## Metrics\n\n"
        "| Path | Metric | before | workspace | Change |\n|-|-|-|-|-|\n"
        "| a.json | first | 3 | 0.0 | -3.0 |\n"
        "| a.json | second | 0.5 | 0.75 | 0.25 |\n"
        "| b.json | first | 3 | 0.0 | -3.0 |\n"
        "| b.json | second | 0.5 | 0.75 | 0.25 |\n"
    )


def test_the_summary_has_the_report_and_no_link_that_leads_nowhere(merged: Path) -> None:
    _, report = summary(merged)
    assert report.split("\n", 1) == ["3 groups", "\nOf songs.\n\n\n"]
