"""Turn a folder of audio into a table of songs with five features each.

Beside them stands the strongest reading of the tempo in another octave, with the probability that
it is the right one: an octave is what a tempo is most often wrong by.

Every file that looks like audio stands in one of three tables: the songs, what is rejected, what is
excluded, the last two with the reason. Only many rejected files, or none that can be used, are an
error. Finished clips are kept in a cache outside DVC, by content,
so a run that was broken off goes on where it was, and a moved or renamed song costs nothing.
It cannot see whether a file holds music: speech gets a tempo and a valence, too.
"""

import hashlib
import inspect
import re
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from joblib.externals.loky.process_executor import TerminatedWorkerError

from song_mixtures.audio.decoding import UnusableError, read_clip
from song_mixtures.audio.extraction import (
    FEATURES,
    FURTHER_FEATURES,
    OTHER_READING,
    FeaturelessError,
    song_features,
)
from song_mixtures.audio.folder import find_audio, song_name, sort_out, unmatched
from song_mixtures.audio.tags import read_tags
from song_mixtures.audio.version import DIGITS, MADE_BY, made_by
from song_mixtures.compute.parallel import Compute, parallel_map
from song_mixtures.pipeline.files import read_json, write_json, write_metrics
from song_mixtures.pipeline.params import Range, read_param, read_params
from song_mixtures.pipeline.stage import StageError, run, say
from song_mixtures.pipeline.tables import write_table
from song_mixtures.progress.bars import with_bar
from song_mixtures.songs.names import display_name

SONGS = Path("data/raw/audio_features.csv")
REJECTED = Path("data/raw/audio_rejected.csv")
EXCLUDED = Path("data/raw/audio_excluded.csv")
METRICS = Path("metrics/extract.json")
CACHE = Path("data/cache/extract")  # finished clips; may be deleted at any time

# The modules that decide a clip's features and tags.
SOURCES = tuple(Path(inspect.getfile(one)) for one in (read_clip, song_features, read_tags))
# A worker process costs about a second of imports; a song 0.03 s.
SONGS_PER_WORKER = 20

MEASURED = (*FEATURES, *OTHER_READING, *FURTHER_FEATURES)
TAGS = ("title", "artist", "album", "tag_genre")
# A folder of a record in several parts: `disc1`, `CD 2`, `Vol. 3`, `Side A`, and by number alone.
PART = re.compile(
    r"((cd|dis[ck]|vol(ume)?|part|side|lp)[\W_]*)?([0-9]+|(?<=[\W_])[a-d])", re.IGNORECASE
)
# Of a library with tags so large a share of the songs, or more, has a genre among them.
LEAST_TAGGED = 0.5
GENRES_FROM = {"folder": "names of folders", "tag": "from tags", "none": "not asked for"}
MOST_SAID = 10  # kinds of reasons, on standard error

# Of one file: "reason", or the features and what read_clip() did; and whether that was "cached".
Outcome = dict[str, Any]


@dataclass(frozen=True)
class Extract:
    """What is taken of a file, and which files are left out or may be unusable."""

    seconds: Annotated[float, Range(3, 600)]  # s, from the middle of the file
    min_seconds: Annotated[float, Range(3, 600)]  # s
    max_seconds: Annotated[float, Range(3)] | None  # s; a longer file is excluded
    genre: Literal["auto", "folder", "tag", "none"]
    max_rejected_share: Annotated[float, Range(0, 1)]

    def __post_init__(self) -> None:
        if self.min_seconds > self.seconds:
            raise ValueError(f"min_seconds {self.min_seconds:g} exceeds seconds {self.seconds:g}")
        if self.max_seconds is not None and self.min_seconds > self.max_seconds:
            raise ValueError(
                f"min_seconds {self.min_seconds:g} exceeds max_seconds {self.max_seconds:g}"
            )


def extractor_version() -> str:
    """Return a digest of all that decides a clip's features: our source and the libraries'.

    Nobody has to remember to count it up: any change to the modules makes cached clips stale.
    """
    digest = hashlib.sha256()
    for source in SOURCES:
        digest.update(source.read_bytes())
    for package in ("numpy", "pyloudnorm", "scipy", "soundfile", "soxr", "tinytag"):
        digest.update(f"{package} {version(package)}\n".encode())
    return digest.hexdigest()


def clip_key(path: Path, parameters: Extract, extractor: str) -> str:
    """Return the cache key of a file's clip: its content, the extractor and the parameters."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    parameter = f"{parameters.seconds!r} {parameters.min_seconds!r}"
    return hashlib.sha256(f"{content} {extractor} {parameter}".encode()).hexdigest()


def extract_song(path: Path, parameters: Extract, extractor: str, cache: Path) -> Outcome:
    """Return one file's features, from the cache where they are there, or why there are none.

    Parameters
    ----------
    path : of the file
    parameters : the stage's
    extractor : digest of all that decides a clip's features, of extractor_version()
    cache : folder of finished clips, added to
    """
    if not path.is_file():
        reason = "cannot be read: not a file, or a link that leads nowhere"
        return {"reason": reason, "cached": False}
    try:
        key = clip_key(path, parameters, extractor)
    except OSError as error:
        return {"reason": f"cannot be read: {error.strerror}", "cached": False}
    entry = cache / key[:2] / f"{key}.json"
    try:
        kept: Outcome = read_json(entry)
    except (StageError, ValueError):  # absent, or damaged
        outcome = fresh_outcome(path, parameters)
        write_json(entry, outcome)
        return outcome | {"cached": False}
    return kept | {"cached": True}


def fresh_outcome(path: Path, parameters: Extract) -> Outcome:
    """Decode a file, compute its features, read its tags."""
    try:
        clip = read_clip(path, seconds=parameters.seconds, min_seconds=parameters.min_seconds)
    except UnusableError as error:
        return {"reason": str(error)}
    try:
        features = asdict(song_features(clip.samples))
    except FeaturelessError as error:
        return {"reason": str(error), "duration": clip.duration}
    done = {"cut": clip.cut, "mixed_down": clip.mixed_down, "resampled": clip.resampled}
    measured = {name: features[name] for name in MEASURED}
    return measured | asdict(read_tags(path)) | {"duration": clip.duration} | done


def extract_songs(paths: list[Path], parameters: Extract, compute: Compute) -> list[Outcome]:
    """Return the outcome of every file, in order, in parallel.

    Every process computes on one thread: two make it slower, and may change the last digit.
    """
    extractor, cache = extractor_version(), CACHE.absolute()  # workers may stand in another folder
    calls = ((path.absolute(), parameters, extractor, cache) for path in paths)
    most_jobs = 1 + len(paths) // SONGS_PER_WORKER
    visible = next((path.absolute() for path in paths if path.is_file()), None)
    outcomes = parallel_map(extract_song, calls, compute, visible=visible, most_jobs=most_jobs)
    try:
        return list(with_bar(outcomes, "songs", len(paths)))
    except TerminatedWorkerError:
        raise StageError(
            "a worker process was killed, perhaps for lack of memory; finished songs are "
            "kept, so run `dvc repro` again, with compute.n_jobs: 1 if need be"
        ) from None


def too_long(paths: list[Path], outcomes: list[Outcome], most: float | None) -> dict[Path, str]:
    """Return the files of more than `most` seconds, usable or not, each with the reason."""
    lengths = [outcome.get("duration", 0.0) for outcome in outcomes]
    return {
        path: f"longer than extract.max_seconds: {length:.0f} s, at most {most:g} s are taken"
        for path, length in zip(paths, lengths, strict=True)
        if most is not None and length > most
    }


def song_table(songs: dict[Path, Outcome], folder: Path, genre: str) -> pd.DataFrame:
    """Return a row per usable song: names, genre, tags, what is measured, duration [s].

    Parameters
    ----------
    songs : the outcome of every usable song, by path
    folder : that the paths lie below
    genre : where the genres are from, "folder", "tag" or "none"
    """
    rows = []
    for path, outcome in songs.items():
        filename = song_name(path, folder)
        genres = {"folder": genre_of(path, folder), "tag": outcome["tag_genre"], "none": ""}
        name = display_name(outcome["artist"], outcome["title"]) or filename
        names = {"filename": filename, "name": name}
        rows.append(names | {"genre": genres[genre]} | outcome)
    columns = ["filename", "name", "genre", *TAGS, *MEASURED, "duration"]
    return pd.DataFrame(rows, columns=columns)


def genre_of(path: Path, folder: Path) -> str:
    """Return the parent folder's name; empty in the top folder and in the part of a record."""
    if path.parent == folder or PART.fullmatch(path.parent.name):
        return ""
    return song_name(path.parent, path.parent.parent)


def genre_source(asked: str, songs: list[Outcome]) -> str:
    """Return where genres are from: what is asked for, for "auto" the tags where they have them.

    A library whose files have tags is kept in folders of artists and albums; a data set such as
    GTZAN has no tags and a folder per genre.
    """
    if asked != "auto":
        return asked
    tagged = sum(outcome["tag_genre"] != "" for outcome in songs)
    return "tag" if songs and tagged >= LEAST_TAGGED * len(songs) else "folder"


def listing(reasons: dict[Path, str], folder: Path) -> pd.DataFrame:
    """Return filename and reason of files, by path."""
    rows = [(song_name(path, folder), reasons[path]) for path in sorted(reasons)]
    return pd.DataFrame(rows, columns=["filename", "reason"])


def in_words(what: str, files: pd.DataFrame) -> list[str]:
    """Return a line per kind of reason, the commonest first: how many files, and which is first.

    A kind is what stands before the colon.
    """
    kinds = files["reason"].str.split(":").str[0]
    counts = kinds.value_counts()
    lines = []
    for kind, count in counts.head(MOST_SAID).items():
        first = files[kinds == kind].iloc[0]
        detail = first["reason"].removeprefix(f"{kind}").removeprefix(":").strip()
        which = "1 file," if count == 1 else f"{count} files, the first"
        lines.append(f"{what}, {kind}: {which} {first['filename']} ({detail})")
    rest = counts.iloc[MOST_SAID:].sum()
    return lines + [f"{what}, for other reasons: {rest} files"] * bool(rest)


def check_many_rejected(rejected: pd.DataFrame, songs: int, max_share: float) -> None:
    """Raise a StageError where more than `max_share` of the files, or all, are unusable."""
    files = songs + len(rejected)
    if not files:
        raise StageError(f"every file is excluded, and no song is left; {EXCLUDED} lists them all")
    share = len(rejected) / files
    if share > max_share or not songs:
        name, reason = rejected.iloc[0]
        raise StageError(
            f"{len(rejected)} of {files} files cannot be used ({share:.3g}); at least one must be, "
            f"and extract.max_rejected_share allows {max_share:g}; the first is {name} ({reason}), "
            f"{REJECTED} lists them all; input.exclude leaves out what you can do without"
        )


def summarize(
    songs: pd.DataFrame, rejected: pd.DataFrame, excluded: pd.DataFrame, used: pd.DataFrame
) -> dict[str, float]:
    """Return the stage's metrics.

    Parameters
    ----------
    songs : the table of songs
    rejected : files that cannot be used
    excluded : files that are not meant to be
    used : the outcome of every usable song as a row
    """
    return {
        "songs_count": len(songs),
        "rejected_count": len(rejected),
        "rejected_share": len(rejected) / (len(songs) + len(rejected)),
        "excluded_count": len(excluded),
        "too_long_count": int(excluded["reason"].str.startswith("longer than").sum()),
        "titled_count": int((songs["title"] != "").sum()),
        "genres_count": songs.loc[songs["genre"] != "", "genre"].nunique(),
        "cut_count": int(used["cut"].sum()),
        "mixed_down_count": int(used["mixed_down"].sum()),
        "resampled_count": int(used["resampled"].sum()),
    }


def main() -> None:
    """Extract every song below input.audio; write the songs, what is rejected and excluded."""
    parameters = read_params("extract", Extract)
    compute = read_params("compute", Compute)
    [folder] = map(Path, read_param("input", "audio", tuple[str, ...]))
    patterns = read_param("input", "exclude", list[str])

    files = find_audio(folder)
    kinds = sort_out(files, folder, patterns)
    paths = kinds.songs
    outcomes = extract_songs(paths, parameters, compute)
    long = too_long(paths, outcomes, parameters.max_seconds)
    short = {path: one for path, one in zip(paths, outcomes, strict=True) if path not in long}
    unusable = {path: one["reason"] for path, one in short.items() if "reason" in one}
    usable = {path: one for path, one in short.items() if path not in unusable}
    rejected = listing(kinds.rejected | unusable, folder)
    excluded = listing(kinds.excluded | long, folder)
    genre = genre_source(parameters.genre, list(usable.values()))
    songs = song_table(usable, folder, genre).assign(**{MADE_BY: made_by(parameters.seconds)})

    for line in in_words("rejected", rejected) + in_words("excluded", excluded):
        say(line)
    for pattern in unmatched(files, folder, patterns):
        say(f"warning: input.exclude: {pattern} matches no file below {folder}")
    write_table(REJECTED, rejected)  # first, for the errors below send people there
    write_table(EXCLUDED, excluded)
    check_many_rejected(rejected, len(songs), parameters.max_rejected_share)
    metrics = summarize(songs, rejected, excluded, pd.DataFrame(list(usable.values())))
    write_table(SONGS, songs, digits=DIGITS)
    write_metrics(METRICS, metrics)
    cached = sum(outcome["cached"] for outcome in outcomes)
    say(
        f"{len(songs)} songs in {SONGS}, {metrics['genres_count']} genres "
        f"({GENRES_FROM[genre]}); rejected: {len(rejected)} ({REJECTED}); excluded: "
        f"{len(excluded)} ({EXCLUDED}); {cached} of {len(paths)} files known from {CACHE}"
    )


if __name__ == "__main__":
    run(main)
