"""DVC takes dvc.yaml at its word; these tests hold it to it.

Each stage runs by its own `cmd` in an empty folder that holds only what dvc.yaml declares for it:
code, data and parameters. A dependency that is used and not declared, which DVC would never see
change, fails here; so does an output that is written and not declared, or the other way round.
"""

import ast
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from benchmarks.output_tables import written_tables
from song_mixtures.pipeline.tables import read_table
from tests.conftest import (
    FEATURES,
    ROOT,
    SMALL,
    TABLE,
    make_songs,
    params_with,
    pipeline_stages,
)
from tests.forking import forking_commands
from tests.test_gtzan_table import small_table
from tests.test_output_tables import faults

AUDIO, GTZAN_TABLE = "data/raw/demo_audio", "data/raw/features_30_sec.csv"
PACKAGES = sorted(
    str(path.relative_to(ROOT))
    for folder in ("stages", "song_mixtures")
    for path in ROOT.glob(f"{folder}/**/__init__.py")
)
# The table has second readings, for every column that a table can have is to be looked at.
READINGS = {f"input.{name}": name for name in ("tempo_other", "tempo_other_share")}
# Of a song to drop the tempo alone is missing, and it is placed.
PLACED = {"preprocess.missing": "place"}
# What a source reads is what its list in section `input` names.
ITEMS = {"extract": AUDIO, "gtzan_table": GTZAN_TABLE, "playlists": AUDIO}
STAGES = {
    name: json.loads(json.dumps(stage).replace("${item}", ITEMS.get(name, "")))
    for name, stage in pipeline_stages().items()
}
CODE = ("stages/", "song_mixtures/")
IN_GIT = (*CODE, "references/")
# Where the work is done and not what comes out of it: no stage declares it, so that a project can
# move between a laptop and a cluster, and a scheduler's address into no dvc.lock.
# tests/compute/test_parallel.py holds the results to it, byte by byte.
WITHOUT_EFFECT = {"compute"}


def paths(entries: list[Any]) -> list[str]:
    """Return the paths of a list of deps, outs, metrics or params, with or without settings."""
    plain = [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]
    given = {
        "${input.table}": TABLE["input.table"],
        "references/${train_gmm.reference}": "references/None",  # as DVC writes null
    }
    return [given.get(path, path).replace("${tables.format}", "csv") for path in plain]


def declared_outs(stage: dict[str, Any]) -> set[str]:
    return set(paths(stage.get("outs", []) + stage.get("metrics", []) + stage.get("plots", [])))


def declared_params(stage: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """Return the part of params.yaml that a stage declares, and what has no effect on it."""
    given: dict[str, Any] = {section: params[section] for section in WITHOUT_EFFECT}
    for key in stage.get("params", []):
        section, _, name = key.partition(".")
        if name:
            given.setdefault(section, {})[name] = params[section][name]
        else:
            given[section] = params[section]
    return given


def fill(box: Path, stage: dict[str, Any], store: Path) -> None:
    """Put into an empty folder what the stage declares, and nothing else."""
    for path in [*PACKAGES, *paths(stage.get("deps", []))]:
        source = (ROOT if path.startswith(IN_GIT) else store) / path
        (box / path).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, box / path, dirs_exist_ok=True, ignore=ignored)
        else:
            shutil.copy(source, box / path)
    lists = {"input.audio": [AUDIO], "input.gtzan_table": [GTZAN_TABLE]}
    given: dict[str, Any] = lists if set(stage["deps"]) & {AUDIO, GTZAN_TABLE} else {}
    params = declared_params(stage, params_with(SMALL | TABLE | READINGS | PLACED | given))
    (box / "params.yaml").write_text(yaml.safe_dump(params))


# Byte code, and the clips that extract keeps for its next run: DVC must not see either.
IGNORED = re.compile(r"__pycache__|^data/cache/")


def files_in(folder: Path) -> set[str]:
    everything = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    return {path for path in everything if not IGNORED.search(path)}


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Each stage run in its box: how it ended, what it wrote, where."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment["PATH"] = f"{forking_commands()}{os.pathsep}{environment['PATH']}"
    store = tmp_path_factory.mktemp("store")
    (store / "data/raw").mkdir(parents=True)
    songs = make_songs().assign(tempo_other=lambda own: own["tempo"] / 2, tempo_other_share=0.25)
    songs.loc[0, "tempo"] = np.nan  # a song to drop, and below a file to reject
    songs.to_csv(store / "data/raw/songs.csv", index=False)
    (store / AUDIO).mkdir()
    (store / AUDIO / "no_music.wav").write_text("no music")
    (store / AUDIO / "._hidden.wav").write_text("left out")
    small_table(12).to_csv(store / "data/raw/features_30_sec.csv", index=False)
    found = {}
    for name, stage in STAGES.items():
        box = tmp_path_factory.mktemp(name)
        fill(box, stage, store)
        if name == "playlists":  # it looks whether the files of the songs are there
            for song in songs["filename"]:
                (box / AUDIO / song).touch()
        if name == "input":  # it looks whether the table is there, and not into it
            (box / TABLE["input.table"]).parent.mkdir(parents=True)
            (box / TABLE["input.table"]).touch()
        given = files_in(box)
        done = subprocess.run(
            stage["cmd"].split(),
            cwd=box,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        written = files_in(box) - given
        found[name] = done, written, box
        for path in written:
            (store / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(box / path, store / path)
    return found


def covers(out: str, path: str) -> bool:
    return path == out or path.startswith(f"{out}/")


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_needs_what_it_declares_and_writes_what_it_declares(
    name: str, boxes: dict[str, Any]
) -> None:
    done, written, _ = boxes[name]
    assert done.returncode == 0, done.stderr
    outs = declared_outs(STAGES[name])
    assert [path for path in written if not any(covers(out, path) for out in outs)] == []
    assert [out for out in outs if not any(covers(out, path) for path in written)] == []


@pytest.mark.parametrize("table", written_tables())
def test_a_table_is_what_the_docs_say(table: str, boxes: dict[str, Any]) -> None:
    _, _, box = boxes[written_tables()[table]]
    found = read_table(box / f"{table}.csv")
    assert len(found) > 0
    assert faults(found, table, FEATURES, SMALL["choose_k.n_components"]) == []


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_says_what_came_out_and_nothing_on_standard_output(
    name: str, boxes: dict[str, Any]
) -> None:
    done, _, _ = boxes[name]
    assert done.stdout == ""
    assert done.stderr.strip().splitlines()[-1].startswith(f"{name}: ")


def modules(stage: dict[str, Any]) -> set[str]:
    """Return the modules that a stage declares; a folder counts as exactly its modules."""
    code = [path for path in paths(stage["deps"]) if path.startswith(CODE)]
    return {
        str(module.relative_to(ROOT))
        for path in code
        for module in ([ROOT / path] if path.endswith(".py") else (ROOT / path).glob("[!_]*.py"))
    }


def imported(path: str) -> Iterator[str]:
    """Yield the modules of the project that a module imports, itself or by others."""
    tree = ast.parse((ROOT / path).read_text())
    for node in ast.walk(tree):
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        if module.startswith(("stages.", "song_mixtures.")):
            found = f"{module.replace('.', '/')}.py"
            yield found
            yield from imported(found)


@pytest.mark.parametrize("name", STAGES)
def test_every_code_dependency_is_used(name: str) -> None:
    """A stage reruns when a file changes; a file it does not import must not make it rerun."""
    own = f"stages/{name}.py"
    assert modules(STAGES[name]) == {own, *imported(own)}


@pytest.mark.parametrize("name", STAGES)
def test_one_name_for_stage_module_metrics_and_test(name: str, boxes: dict[str, Any]) -> None:
    stage = STAGES[name]
    assert stage["cmd"] == f"python -m stages.{name}"
    assert stage["deps"][0] == f"stages/{name}.py"
    assert stage["desc"]
    assert (ROOT / f"tests/test_{name}.py").is_file()
    assert paths(stage.get("metrics", [])) in ([f"metrics/{name}.json"], [])


def metric_keys(name: str) -> list[str]:
    """Return the literal keys of the dicts in a stage, those of tables' columns left out."""
    # What stage figures measures is what its titles say, and stands with them.
    more = {"figures": "song_mixtures/presentation/figures/findings.py"}
    sources = [f"stages/{name}.py", *([more[name]] if name in more else [])]
    tree = ast.parse("\n".join((ROOT / path).read_text() for path in sources))
    tables = {
        id(argument)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pd.DataFrame"
        for argument in call.args
    }
    return [
        str(key.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict) and id(node) not in tables
        for key in node.keys
        if isinstance(key, ast.Constant)
    ]


@pytest.mark.parametrize("name", STAGES)
def test_each_metric_is_finite_and_its_key_stands_once_in_its_stage(
    name: str, boxes: dict[str, Any]
) -> None:
    _, written, box = boxes[name]
    keys = metric_keys(name)
    for path in written & {f"metrics/{name}.json"}:
        metrics = json.loads((box / path).read_text())
        assert list(metrics) == sorted(metrics)
        for key, value in metrics.items():
            assert type(value) in (int, float), key
            assert keys.count(key) == 1, key


@pytest.mark.parametrize("name", STAGES)
def test_the_record_of_a_run_goes_into_git_and_all_else_into_the_cache(name: str) -> None:
    stage = STAGES[name]
    large = {"plots/images", "plots/songs.json", "reports/summary.html", "reports/summary.txt"}
    for entry in stage.get("outs", []) + stage.get("metrics", []) + stage.get("plots", []):
        path = paths([entry])[0]
        cached = isinstance(entry, str) or entry[path].get("cache", True)
        record = path.startswith(("metrics/", "plots/", "reports/")) and path not in large
        assert cached != record, path


def test_shared_modules_are_all_used() -> None:
    used = {path for stage in STAGES.values() for path in modules(stage)}
    shared = {str(path.relative_to(ROOT)) for path in ROOT.glob("song_mixtures/**/[!_]*.py")}
    # The command that places new songs is no stage, for it makes nothing of the run.
    used |= set(imported("song_mixtures/placing/__main__.py"))
    assert shared - used == set()


def test_public_modules_are_exactly_the_stages() -> None:
    modules = {path.stem for path in (ROOT / "stages").glob("[!_]*.py")}
    assert modules - {"song_mixtures"} == set(STAGES)  # what `python stages/<stage>.py` finds


@pytest.mark.parametrize("path", PACKAGES)
def test_a_package_itself_holds_no_code_that_dvc_would_not_see(path: str) -> None:
    code = ast.parse((ROOT / path).read_text()).body[1:]
    # How a stage is ended by Ctrl-C decides no result; the module that holds it, DVC does see.
    begins = ["import sys", "from song_mixtures.pipeline.process import begin"]
    guarded = "if sys.argv[0] == '-m':\n    begin()"
    allowed = [*begins, guarded] if path == "stages/__init__.py" else []
    assert [ast.unparse(node) for node in code] == allowed


def test_every_parameter_is_declared_by_a_stage_and_every_declaration_is_a_parameter() -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    effective = {name: content for name, content in params.items() if name not in WITHOUT_EFFECT}
    keys = {f"{section}.{key}" for section, content in effective.items() for key in content}
    declared: set[str] = set()
    for stage in STAGES.values():
        for entry in stage.get("params", []):
            covered = {
                key for key in keys if covers(entry, key.replace(".", "/", 1)) or key == entry
            }
            assert covered, f"{entry} is not in params.yaml"
            declared |= covered
    assert declared == keys


def test_every_parameter_has_a_comment_and_stands_on_a_line_of_its_own() -> None:
    lines = (ROOT / "params.yaml").read_text().splitlines()
    flow = [
        line for line in lines if line.endswith(("}", "]")) and not line.endswith((": []", ": {}"))
    ]
    assert flow == []  # but for what is empty, which has no other form
    keys = [i for i, line in enumerate(lines) if line.startswith("  ") and line[2] not in " #-"]
    assert len(keys) > 20
    assert [lines[i] for i in keys if not lines[i - 1].startswith("  #")] == []
