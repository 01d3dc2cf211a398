"""Write what the columns of every table are into docs/tables.md, out of docs/tables.csv.

    python -m benchmarks.output_tables

A test holds the tables of a run to the same file.
"""

import pandas as pd

from benchmarks._tables import DOCS, markdown, put_table
from benchmarks.drawing import declared_stages, paths
from song_mixtures.pipeline.stage import run_program

PAGE = DOCS / "tables.md"
SCHEMA = DOCS / "tables.csv"
FEATURE = "<feature>"  # stands for a column per feature; the table of this name describes them
SUFFIXES = (".csv", ".${tables.format}")


def schema() -> pd.DataFrame:
    """Return docs/tables.csv as text; the row without a column says what the table's rows are."""
    return pd.read_csv(SCHEMA, dtype=str, keep_default_na=False)


def written_tables() -> dict[str, str]:
    """Return the tables that dvc.yaml declares as outs, without suffix, each with its stage."""
    return {
        out.removesuffix(suffix): name
        for name, stage in declared_stages().items()
        for out in sorted(paths(stage.get("do", stage), "outs"))
        for suffix in SUFFIXES
        if out.endswith(suffix)
    }


def section(table: str, rows: pd.DataFrame, stage: str) -> str:
    """Return the part of the page about one table, from its rows of the schema."""
    about, columns = rows[rows["column"] == ""].iloc[0], rows[rows["column"] != ""]
    if table == FEATURE:
        title, written = "The features", ""
    else:
        title, written = table.rpartition("/")[2], f" `{table}`, written by stage `{stage}`."
    cells = [
        [f"`{row['column']}`", row["type"], row["unit"], row["range"], row["meaning"]]
        for row in columns.to_dict("records")
    ]
    header = ["column", "type", "unit", "range", "meaning"]
    return f"## {title}\n\n{about['meaning']}{written}\n\n{markdown(header, cells)}"


def sections() -> str:
    """Return all that the page says of tables, in the order of the schema."""
    stages = written_tables()
    return "\n\n".join(
        section(str(table), rows, stages.get(str(table), ""))
        for table, rows in schema().groupby("table", sort=False)
    )


def main() -> None:
    """Write the page anew."""
    put_table(PAGE, "output_tables", f"\n{sections()}\n")


if __name__ == "__main__":
    run_program(main)
