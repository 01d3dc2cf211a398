"""The songs that somebody wants placed: audio, folders of it, tables, songs of the run by name."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pyarrow

from song_mixtures.audio.version import DIGITS, made_by, seconds_of
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.digits import significant
from song_mixtures.pipeline.stage import StageError
from song_mixtures.placing.known import KnownSongs, Nearest
from song_mixtures.placing.run import Run
from song_mixtures.sources.making import making_of
from song_mixtures.sources.table import (
    READERS,
    check_commas,
    numbers_of,
    read_source_columns,
    source_columns,
    texts_of,
)

LEAST_SECONDS = 3.0  # of a clip: two beats at the slowest tempo
MOST_LISTED = 5  # songs that a name may mean


@dataclass(frozen=True)
class Given:
    """Songs to place."""

    songs: list[str]  # path of a file, id in a table or in the run
    names: list[str]
    points: FloatArray  # standardized features, (M, d), NaN where one is missing
    rows: list[int | None]  # of a song of the run, asked for by name


@dataclass
class Gathering:
    """Given songs as they are found, and a sentence for each of what cannot be used."""

    run: Run
    songs: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    points: list[FloatArray] = field(default_factory=list)
    rows: list[int | None] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, argument: str) -> None:
        """Add what an argument of the command names; what cannot be used becomes a fault."""
        path = Path(argument)
        try:
            if path.is_dir():
                self._add_folder(path)
            elif not path.exists():
                self._add_known(argument)
            elif path.suffix.lower() not in READERS and looks_like_audio(path):
                self._add_audio([path], path)
            else:
                self._add_table(path)
        except StageError as error:
            self.faults.append(str(error))

    def given(self) -> Given:
        """Return the songs that have been added."""
        d = len(self.run.features)
        points = np.concatenate(self.points) if self.points else np.empty((0, d))
        return Given(self.songs, self.names, points, self.rows)

    def _add_folder(self, folder: Path) -> None:
        from song_mixtures.audio.folder import find_audio, printable, sort_out

        kinds = sort_out(find_audio(folder), folder, [])
        self.faults += [f"{printable(str(path))}: {why}" for path, why in kinds.rejected.items()]
        self._add_audio(kinds.songs, folder)

    def _add_audio(self, paths: Sequence[Path], where: Path) -> None:
        seconds = clip_seconds(self.run, where)
        # Imports that take longer than a clip: tables and names do without.
        from song_mixtures.audio.decoding import UnusableError
        from song_mixtures.audio.extraction import FeaturelessError
        from song_mixtures.audio.folder import FOREIGN, NOTES, cure_of, printable

        for path in paths:
            name = printable(str(path))
            try:
                values = audio_values(self.run, path, seconds)
            except (UnusableError, FeaturelessError) as error:
                foreign = path.suffix.lower() in (*FOREIGN, *NOTES)
                self.faults.append(f"{name}: {cure_of(path) if foreign else error}")
            else:
                self._add_values([name], [name], values)

    def _add_table(self, path: Path) -> None:
        check_table(self.run, path)
        making = self.run.making
        has = source_columns(path)
        wanted = {column: f"input.columns.{name}" for name, column in making.columns.items()}
        if set(wanted) & set(has):  # else reading it says which columns there are
            wanted = {column: asker for column, asker in wanted.items() if column in has}
        texts = {column: "" for column in (making.id, making.name) if column in has and column}
        content = read_source_columns(path, texts | wanted)
        numbered = [str(row) for row in range(content.num_rows)]
        songs, names = (
            texts_of(content[column]) if column in texts else numbered
            for column in (making.id, making.name)
        )
        if making.name not in texts:
            names = songs
        names = [name or song for name, song in zip(names, songs, strict=True)]
        self._add_values(songs, names, table_values(self.run, path, content), f"{path}: ")

    def _add_known(self, name: str) -> None:
        known = self.run.known
        rows = known.find(name)
        if not len(rows):
            raise StageError(
                f"{name}: no such file or folder, and no song of the run has that in its name"
            )
        if len(rows) > 1:
            listed = "; ".join(known.ids[row] for row in rows[:MOST_LISTED])
            more = f"; and {len(rows) - MOST_LISTED} more" if len(rows) > MOST_LISTED else ""
            raise StageError(
                f"{name}: {len(rows)} songs of the run are meant, give the whole name of one: "
                f"{listed}{more}"
            )
        [row] = map(int, rows)
        self._extend([known.ids[row]], [known.names[row]], known.points[[row]], [row])

    def _add_values(
        self, songs: list[str], names: list[str], values: FloatArray, where: str = ""
    ) -> None:
        """Add songs by their features in original units, (N, d), but those without any.

        Parameters
        ----------
        songs : their ids
        names : what people call them
        values : NaN where a feature is missing
        where : they are from, with which a fault begins
        """
        points = self.run.points(values)
        usable = ~np.isnan(points).all(axis=1)
        if not usable.all():
            first = int(np.flatnonzero(~usable)[0])
            which = f"row {first} counted from 0, {songs[first]!r}" if where else songs[first]
            self.faults.append(
                f"{where}{(~usable).sum()} of {len(songs)} songs have no feature that can be used "
                f"({', '.join(self.run.features)}), the first is {which}"
            )
        kept = np.flatnonzero(usable)
        self._extend(
            [songs[i] for i in kept], [names[i] for i in kept], points[kept], [None] * len(kept)
        )

    def _extend(
        self, songs: list[str], names: list[str], points: FloatArray, rows: Sequence[int | None]
    ) -> None:
        """Add songs.

        Parameters
        ----------
        songs : their ids
        names : what people call them
        points : standardized features, (N, d)
        rows : of songs of the run
        """
        self.songs += songs
        self.names += names
        self.points.append(points)
        self.rows += rows


def looks_like_audio(path: Path) -> bool:
    """Tell whether a file's name ends as that of audio does, or of notes."""
    from song_mixtures.audio.folder import FOREIGN, NOTES, SUFFIXES

    return path.suffix.lower() in (*SUFFIXES, *FOREIGN, *NOTES)


def clip_seconds(run: Run, where: Path) -> float:
    """Return the seconds of a clip that the run's features were made of.

    Raises StageError, which begins with `where`, the file or folder, where audio cannot give
    features of the run's making.
    """
    making = run.making
    seconds = seconds_of(making.made_by)
    if seconds is None:
        raise StageError(
            f"{where}: this run is of the table {making.table}, whose features are not made by "
            "stage extract, so features of audio do not mean the same; give a table with the "
            "columns "
            f"{', '.join(making.columns.values())}, made as those of {making.table} were"
        )
    if making.made_by != made_by(seconds):
        raise StageError(
            f"{where}: the features of this run are made by {making.made_by!r}, this code makes "
            f"{made_by(seconds)!r}, which does not mean the same; `dvc repro` makes the run anew"
        )
    return seconds


def check_table(run: Run, path: Path) -> None:
    """Raise StageError where the features of a table are not of the run's making."""
    found, expected = making_of(path), run.making.made_by
    if found == expected:
        return
    whose = f"made by {expected!r}" if expected else f"those of {run.making.table}"
    own = f"are made by {found!r}" if found else "do not say how they are made"
    cure = "give the audio itself" if expected else "give a table made as that one was"
    raise StageError(
        f"{path}: the features of this run are {whose}, and its own {own}, so they do not mean the "
        f"same; {cure}"
    )


def audio_values(run: Run, path: Path, seconds: float) -> FloatArray:
    """Return the run's features of the middle `seconds` of a file, (1, d), as extract writes them.

    Raises UnusableError or FeaturelessError where the file has none.
    """
    from song_mixtures.audio.decoding import read_clip
    from song_mixtures.audio.extraction import song_features

    clip = read_clip(path, seconds=seconds, min_seconds=min(seconds, LEAST_SECONDS))
    measured = asdict(song_features(clip.samples)) | {"duration": clip.duration}
    values = np.array([[measured.get(column, np.nan) for column in run.making.columns.values()]])
    return significant(values, DIGITS)


def table_values(run: Run, path: Path, content: pyarrow.Table) -> FloatArray:
    """Return the run's features of a table, (N, d), NaN where one is missing."""
    return np.column_stack(list(_columns(run, path, content)))


def _columns(run: Run, path: Path, content: pyarrow.Table) -> Iterator[FloatArray]:
    for column in run.making.columns.values():
        if column not in content.column_names:
            yield np.full(content.num_rows, np.nan)
            continue
        values = numbers_of(content[column])
        if np.isnan(values).mean() > 0.5:  # decimal commas, perhaps; then pandas may be waited for
            import pandas as pd

            check_commas(path, column, content[column].to_pandas(), pd.Series(values))
        yield values


def own_rows(known: KnownSongs, given: Given, near: Nearest) -> list[int | None]:
    """Return which song of the run each given song is, None where it is a new one.

    A song is that of the run which is equal in every feature, by name where several are. `near`
    has the nearest songs of each.
    """
    found = list(given.rows)
    whole = np.isnan(given.points).sum(axis=1) == 0
    for i, row in enumerate(found):
        if row is None and whole[i]:
            equal = [int(r) for r in near.rows[i][near.distances[i] <= SAME] if r >= 0]
            named = [r for r in equal if given.songs[i].endswith(known.ids[r] or "?")]
            found[i] = next(iter(named + equal), None)
    return found


SAME = 1e-9  # standard deviations: rounding
