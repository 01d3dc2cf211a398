"""No stage runs what a user's file says, and what is installed is what the lock says."""

import ast
import re
from pathlib import Path

import pandas as pd
import pytest

from song_mixtures.pipeline.tables import read_table, write_table
from tests.conftest import ROOT

CODE = sorted([*ROOT.glob("stages/*.py"), *ROOT.glob("song_mixtures/**/*.py")])
# What makes code of text or bytes, or hands text to a shell.
RUNS_TEXT = {
    "eval", "exec", "compile", "__import__", "import_module", "run_module", "run_path",
    "system", "popen", "Popen", "run_shell", "check_output", "check_call", "getoutput",
    "read_pickle", "literal_eval", "unsafe_load", "full_load",
}  # fmt: skip
IMPORTS = {
    "subprocess",
    "pickle",
    "dill",
    "shelve",
    "marshal",
    "code",
    "runpy",
    "pty",
    "cloudpickle",
}
RE = "re.compile"  # makes no code
ALLOWED = {
    # Calls of ours, from this process to workers that it was told to use.
    "song_mixtures/compute/remote.py": {"pickle", "cloudpickle"},
    # Itself, by the Python that runs it, with what it says on standard input.
    "song_mixtures/presentation/pictures/rendering.py": {"subprocess"},
}


def found(tree: ast.AST) -> set[str]:
    """Return what runs text in a module, by name."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names} & IMPORTS
        elif isinstance(node, ast.ImportFrom):
            names |= {(node.module or "").split(".")[0]} & IMPORTS
            names |= {alias.name for alias in node.names} & RUNS_TEXT
        elif isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name | ast.Attribute):
                name = called.id if isinstance(called, ast.Name) else called.attr
                names |= {name} & RUNS_TEXT - ({"compile"} if ast.unparse(called) == RE else set())
                holder = called.value if isinstance(called, ast.Attribute) else None
                if name == "load" and isinstance(holder, ast.Name) and holder.id in UNPICKLING:
                    names.add(f"{holder.id}.load")
            names |= {word.arg for word in node.keywords if word.arg in ("shell", "allow_pickle")}
    return {name for name in names if name}


UNPICKLING = {"joblib", "np", "numpy", "pickle", "torch"}


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_unpickles_evaluates_or_starts_a_program(path: Path) -> None:
    assert found(ast.parse(path.read_text())) == ALLOWED.get(str(path.relative_to(ROOT)), set())


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("eval(cell)", "eval"),
        ("os.system(cell)", "system"),
        ("import pickle", "pickle"),
        ("from subprocess import run", "subprocess"),
        ("joblib.load(path)", "joblib.load"),
        ("pd.read_pickle(path)", "read_pickle"),
        ("table.query(cell, shell=True)", "shell"),
        ("np.load(path, allow_pickle=True)", "allow_pickle"),
    ],
)
def test_what_runs_text_is_found(line: str, name: str) -> None:
    assert name in found(ast.parse(line))


def test_yaml_is_read_by_a_safe_loader_alone() -> None:
    calls = [
        (path.name, ast.unparse(node))
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("yaml.load")
    ]
    assert calls == [("params.py", "yaml.load(text, Loader=_Yaml12Loader)")]


FORMULAS = [
    "=1+1",
    "+A1",
    "-2+3",
    "@SUM(A1)",
    '=HYPERLINK("http://x","y")',
    "\t=1",
    "=cmd|' /C x'!A0",
]


def test_a_name_that_is_a_formula_elsewhere_stays_the_text_it_is(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", pd.DataFrame({"song": FORMULAS, "x": 1.5}))
    assert read_table(tmp_path / "t.csv")["song"].tolist() == FORMULAS
    assert "Excel" in (ROOT / "docs/faq.md").read_text()


def test_every_package_of_the_lock_has_hashes_and_the_installation_demands_them() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    packages = re.split(r"^(?=[\w.-]+==)", lock, flags=re.MULTILINE)[1:]
    assert len(packages) > 100
    assert [package.split()[0] for package in packages if "--hash=sha256:" not in package] == []
    installs = [
        line
        for line in (ROOT / "Makefile").read_text().replace("\\\n", " ").splitlines()
        if "pip install" in line
    ]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]


def test_the_workflow_asks_for_known_holes_in_the_lock() -> None:
    assert "pip-audit" in (ROOT / ".github/workflows/test.yml").read_text()
