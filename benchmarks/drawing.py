"""Draw how the stages depend on one another, in docs/pipeline.md, out of dvc.yaml.

    python -m benchmarks.drawing

`dvc dag` shows the same and is hundreds of columns wide. An arrow goes from a stage to those that
read what it writes; one that a longer way already implies is left out.
"""

from collections.abc import Mapping
from typing import Any

from benchmarks._tables import DOCS, ROOT, put_table
from song_mixtures.pipeline.params import load_yaml
from song_mixtures.pipeline.stage import run_program

PAGE = DOCS / "pipeline.md"

Readers = dict[str, set[str]]  # by stage, those that read what it writes

SOURCES = {"demo", "extract", "gtzan_table"}
BY_INPUT = SOURCES | {"playlists"}  # in the pipeline only where the input needs them


def declared_stages() -> dict[str, dict[str, Any]]:
    """Return the stages of dvc.yaml as they stand there."""
    stages: dict[str, dict[str, Any]] = load_yaml((ROOT / "dvc.yaml").read_text())["stages"]
    return stages


def paths(stage: Mapping[str, Any], *keys: str) -> set[str]:
    """Return the paths that stand below some keys of a stage."""
    entries = [entry for key in keys for entry in stage.get(key, [])]
    return {entry if isinstance(entry, str) else next(iter(entry)) for entry in entries}


def readers(stages: Mapping[str, Mapping[str, Any]]) -> Readers:
    """Return which stages read what each stage writes.

    What section `input` names stands in dvc.yaml as a placeholder, filled here with what a source
    makes: audio by demo, a table by extract or gtzan_table.
    """
    named = {("extract", "${item}"): {"demo"}, ("preprocess", "${input.table}"): SOURCES - {"demo"}}
    found: Readers = {name: set() for name in stages}
    for reader, stage in stages.items():
        for path in paths(stage, "deps"):
            for writer, other in stages.items():
                if path in paths(other, "outs", "metrics") or writer in named.get(
                    (reader, path), set()
                ):
                    found[writer].add(reader)
    return found


def reached(start: str, edges: Readers) -> set[str]:
    """Return all stages that depend on a stage, by however many steps."""
    found: set[str] = set()
    for reader in edges[start]:
        found |= {reader} | reached(reader, edges)
    return found


def without_shortcuts(edges: Readers) -> Readers:
    """Return the arrows that no longer way implies; one over a source may not be there."""
    return {
        name: {
            reader
            for reader in direct
            if not any(reader in reached(other, edges) for other in direct - {reader} - SOURCES)
        }
        for name, direct in edges.items()
    }


def drawing() -> str:
    """Return the picture as a Mermaid block, which GitHub and editors draw."""
    declared = declared_stages()
    stages = {name: stage.get("do", stage) for name, stage in declared.items()}
    edges = without_shortcuts(readers(stages))
    arrows = [(one, other) for one in stages for other in stages if other in edges[one]]
    lines = [
        "flowchart TD",
        *(f"    {one} --> {other}" for one, other in arrows),
        "    classDef by_input stroke-dasharray: 5",
        f"    class {','.join(name for name in stages if name in BY_INPUT)} by_input",
    ]
    return "```mermaid\n" + "\n".join(lines) + "\n```"


def main() -> None:
    """Draw the pipeline anew."""
    put_table(PAGE, "drawing", drawing())


if __name__ == "__main__":
    run_program(main)
