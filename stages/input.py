"""Check, before anything else, that section `input` names songs that are there.

DVC says no more of a missing file than that there is none, and runs whatever source it is given.
This stage says what is wrong and what to write instead. It also removes what is no output of the
pipeline any more, which DVC leaves where it is: numbers of a source that is no longer used, and
tables in the format that tables.format no longer names. It runs when these params change, so a
table that is removed later is DVC's to miss; and it looks into no file of songs.
"""

import os
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

from song_mixtures.pipeline.files import write_json
from song_mixtures.pipeline.params import PARAMS, read_params
from song_mixtures.pipeline.stage import StageError, run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.songs.features import Columns, Descriptions, SecondReading, features_of
from song_mixtures.sources.details import kept_columns

ORIGIN = Path("data/processed/origin.json")

# What the sources make.
EXTRACTED = "data/raw/audio_features.csv"  # by extract
GTZAN = "data/raw/gtzan.csv"  # by gtzan_table
DEMO_AUDIO = "data/raw/demo_audio"  # by demo

PROCESSED = Path("data/processed")
IGNORED = PROCESSED / ".gitignore"  # kept by DVC: every table that it has written there
RAW = Path("data/raw")  # its .gitignore keeps tables and audio out of git
# The numbers that git holds of a stage that not every input has, by the kinds that it runs for.
METRICS_FOR = {
    Path("metrics/demo.json"): {"demo"},
    Path("metrics/extract.json"): {"demo", "audio"},
    Path("metrics/playlists.json"): {"demo", "audio"},
}

Kind = Literal["demo", "audio", "gtzan_table", "table"]


@dataclass(frozen=True)
class Input(SecondReading):
    """Section `input`; the three lists have one entry, or none where the stage is not needed."""

    table: str  # path of a CSV or Parquet file
    demo: list[str]
    audio: list[str]  # path of a folder
    exclude: list[str]  # patterns of files in that folder
    gtzan_table: list[str]  # path of GTZAN's table of 58 columns
    id: str | None  # column that names a song
    name: str | None  # column with what people call a song
    keep: Columns  # columns that go along with the songs
    label: str | None  # column with the known genre
    columns: Columns  # by feature; None: left out
    features: Descriptions  # what people read of those that are not ours


# What makes the table that is named, in words.
MADE: dict[Kind, str] = {
    "demo": f"which stage extract makes of the synthetic songs in {DEMO_AUDIO}",
    "audio": "which stage extract makes of a folder of audio",
    "gtzan_table": "which stage gtzan_table makes of GTZAN's table",
    "table": "a table of your own",
}
# The lists that have an entry for that, and which; None: a path that is the user's to name.
ENTRIES: dict[Kind, dict[str, str | None]] = {
    "demo": {"demo": "songs", "audio": DEMO_AUDIO},
    "audio": {"audio": None},
    "gtzan_table": {"gtzan_table": None},
    "table": {},
}
NAMED = {"audio": "your folder of audio", "gtzan_table": "GTZAN's features_30_sec.csv"}


def kind_of(source: Input) -> Kind:
    """Return where the songs come from: input.table says it, of audio the folder."""
    if source.table == EXTRACTED:
        return "demo" if source.audio == [DEMO_AUDIO] else "audio"
    return "gtzan_table" if source.table == GTZAN else "table"


def fault(key: str, found: list[str], kind: Kind) -> str:
    """Return what must be written into one of the lists, "" where it agrees with input.table."""
    if key not in ENTRIES[kind]:
        right, cure = not found, f"set input.{key} to []"
    elif (entry := ENTRIES[kind][key]) is not None:
        right, cure = found == [entry], f"set input.{key} to [{entry}]"
    else:
        right, cure = len(found) == 1, f"name {NAMED[key]} in input.{key}, as its one entry"
    return "" if right else f"{cure} (found [{', '.join(found)}])"


def check_agreement(source: Input) -> Kind:
    """Return where the songs come from; raise StageError where the keys say different things."""
    kind = kind_of(source)
    lists = {"demo": source.demo, "audio": source.audio, "gtzan_table": source.gtzan_table}
    faults = [said for key, found in lists.items() if (said := fault(key, found, kind))]
    if faults:
        raise StageError(
            f"{PARAMS}: input.table is {source.table}, {MADE[kind]}: {' and '.join(faults)}; "
            "or name the table that you mean in input.table"
        )
    return kind


def given_path(source: Input, kind: Kind) -> Path | None:
    """Return what the user has put there, None where stage demo makes everything."""
    if kind == "demo":
        return None
    entries = {"audio": source.audio, "gtzan_table": source.gtzan_table, "table": [source.table]}
    return Path(entries[kind][0])


def check_presence(path: Path, kind: Kind) -> None:
    """Raise StageError where there is no such table, or no such folder of audio."""
    thing = "folder" if kind == "audio" else "table"
    if path.is_dir() if thing == "folder" else path.is_file():
        return
    try:
        path.stat()
        found = f"that is no {thing}"
    except FileNotFoundError:
        found = f"there is no such {thing}"
    except OSError as error:  # links in a circle, a folder that is closed to us
        found = f"it cannot be read ({error.strerror})"
    raise StageError(
        f"{PARAMS}: input.{kind} is {path}, and {found}; put it there, or name another in "
        f"input.{kind}. Where DVC tracks it ({path}.dvc), `dvc pull` and `dvc checkout` bring it"
    )


def check_place(path: Path, kind: Kind) -> None:
    """Raise StageError where a path is the project, or leads out of it on a way through it."""
    plain = os.path.normpath(path)
    if plain == ".":
        raise StageError(f"{PARAMS}: input.{kind} is empty, expected a path below here")
    if plain.startswith("..") and not str(path).startswith(".."):
        raise StageError(
            f"{PARAMS}: input.{kind} is {path}, which leads out of the project; where that is "
            f"meant, write {plain}"
        )


def is_tracked(path: Path) -> bool:
    """Tell whether git or DVC has what the user has put below data/raw."""
    inside = path.absolute().is_relative_to(RAW.absolute())
    return not inside or any(Path(f"{place}.dvc").is_file() for place in [path, *path.parents])


def outdated_metrics(kind: Kind) -> list[Path]:
    """Return the metrics files of stages that are not in the pipeline."""
    return [path for path, kinds in METRICS_FOR.items() if kind not in kinds]


def outdated_tables(ignored: str, tables: Tables) -> list[Path]:
    """Return the pipeline's own tables in the other format; `ignored` is DVC's list of them."""
    paths = [PROCESSED / line.lstrip("/") for line in ignored.splitlines()]
    return [path for path in paths if path.suffix in {".csv", ".parquet"} - {f".{tables.format}"}]


def outdated_playlists(kind: Kind) -> list[Path]:
    """Return the playlists of earlier songs, where these are no files."""
    if kind in ("demo", "audio"):
        return []
    return [*Path("playlists").glob("*.m3u8"), *PROCESSED.glob("playlist_songs.*")]


def main() -> None:
    """Check section `input`; write where the songs come from."""
    source = read_params("input", Input)
    tables = read_params("tables", Tables)
    ignored = IGNORED.read_text(encoding="utf-8") if IGNORED.is_file() else ""

    features_of(source.columns, source.features)
    kept_columns(source.keep, source.columns)
    kind = check_agreement(source)
    path = given_path(source, kind)
    if path is not None:
        check_place(path, kind)
        check_presence(path, kind)

    leavings = (outdated_metrics(kind), outdated_tables(ignored, tables), outdated_playlists(kind))
    for outdated in chain(*leavings):
        outdated.unlink(missing_ok=True)
    write_json(ORIGIN, {"kind": kind, "path": str(path or DEMO_AUDIO)})
    if path is not None and not is_tracked(path):
        say(
            f"git ignores {path}, and DVC does not track it yet: `dvc add {path}` does, and makes "
            "a small file for git; without it neither queued experiments nor a clone have the songs"
        )
    say(f"songs from {path or 'stage demo'}, table {source.table}")


if __name__ == "__main__":
    run(main)
