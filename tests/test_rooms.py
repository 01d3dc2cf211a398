"""Which room of song_mixtures may import which: no arrow runs up, none closes a circle."""

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "song_mixtures"
FIGURES, PICTURES, REPORT, PAGE = (
    f"presentation/{name}" for name in ("figures", "pictures", "report", "page")
)
SEEN = {"mixture", "songs", "sampling", "suspects"}

# Besides its own modules and `pipeline` and `progress`, which import no room.
MAY_IMPORT: dict[str, set[str]] = {
    "pipeline": set(),
    "progress": set(),
    "compute": set(),
    "sampling": set(),
    "songs": set(),
    "audio": set(),
    "mixture": set(),
    "labels": set(),
    "hearing": set(),
    "sources": {"audio", "songs"},
    "fitting": {"mixture", "sampling"},
    "estimators": {"fitting", "mixture", "songs"},
    "refits": {"compute", "fitting", "labels", "mixture"},
    "suspects": {"compute", "fitting", "mixture", "sampling"},
    "placing": {"audio", "mixture", "refits", "songs", "sources"},
    FIGURES: SEEN,
    PICTURES: SEEN | {FIGURES},
    REPORT: {"mixture", "songs", FIGURES},
    PAGE: {FIGURES},
}
MODULES = sorted(PACKAGE.glob("**/[!_]*.py"))
STAGES = sorted((ROOT / "stages").glob("[!_]*.py"))


def imported(path: Path) -> set[str]:
    """Return the modules of the project that a module imports, anywhere in it."""
    nodes = ast.walk(ast.parse(path.read_text()))
    names = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name for name in names if name.startswith(("song_mixtures.", "stages."))}


def room(module: str) -> str:
    """Return the room of `song_mixtures.room.module`."""
    return "/".join(module.split(".")[1:-1])


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_rooms_below_its_own(path: Path) -> None:
    own = str(path.parent.relative_to(PACKAGE))
    assert own in MAY_IMPORT, "a module stands in a room"
    rooms = {room(module) for module in imported(path)}
    everywhere = {"pipeline", "progress"} if own not in {"pipeline", "progress"} else set()
    assert rooms - {own} <= MAY_IMPORT[own] | everywhere


def test_no_room_leads_back_to_itself() -> None:
    def reached(start: str) -> set[str]:
        return {start}.union(*(reached(below) for below in MAY_IMPORT[start]))

    assert [own for own in MAY_IMPORT for below in MAY_IMPORT[own] if own in reached(below)] == []


@pytest.mark.parametrize("path", STAGES, ids=lambda path: path.stem)
def test_a_stage_imports_rooms_and_no_stage(path: Path) -> None:
    modules = imported(path)
    assert not [module for module in modules if module.startswith("stages.")]
    shown = {room(module) for module in modules if "presentation" in module}
    allowed = {"figures": {FIGURES, PICTURES}, "report": {REPORT}}
    assert shown <= allowed.get(path.stem, set())


def test_who_fits_does_not_know_who_chooses() -> None:
    for stage in ("k_sweep", "train_gmm"):
        assert "song_mixtures.mixture.selection" not in imported(ROOT / f"stages/{stage}.py")
