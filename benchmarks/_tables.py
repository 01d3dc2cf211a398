"""Where benchmarks read and write: real inputs, and the tables that they put into a page."""

import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
REAL_DATA = Path(os.environ.get("REAL_DATA", ROOT / "../shared/data"))  # real inputs, if there


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def put_table(page: Path, benchmark: str, table: str) -> None:
    """Print the table, and put it into the page where `<!-- benchmark -->` stands twice."""
    print(table)
    mark = f"<!-- python -m benchmarks.{benchmark} -->"
    text = page.read_text(encoding="utf-8")
    if text.count(mark) != 2:
        raise SystemExit(f"{page}: expected {mark} twice, around the table")
    filled = re.sub(f"{mark}.*{mark}", lambda _: f"{mark}\n{table}\n{mark}", text, flags=re.DOTALL)
    page.write_text(filled, encoding="utf-8")
