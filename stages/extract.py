"""Turn a folder of audio into a table of songs with five features each.

Beside them stands the strongest reading of the tempo in another octave, with the probability that
it is the right one: an octave is what a tempo is most often wrong by.

A file that cannot be used is listed with its reason and the run goes on; only many of them, or
none that can be used, are an error. Finished clips are kept in a cache outside DVC, by content,
so a run that was broken off goes on where it was, and a moved or renamed song costs nothing.
It cannot see whether a file holds music: speech gets a tempo and a valence, too.
"""

import hashlib
import inspect
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from joblib.externals.loky.process_executor import TerminatedWorkerError
from tqdm import tqdm

from song_mixtures.audio.decoding import UnusableError, find_audio, read_clip, song_name
from song_mixtures.audio.extraction import (
    FEATURES,
    OTHER_READING,
    FeaturelessError,
    song_features,
)
from song_mixtures.compute.parallel import Compute, parallel_map
from song_mixtures.pipeline.files import read_json, write_json, write_metrics
from song_mixtures.pipeline.params import Range, read_param, read_params
from song_mixtures.pipeline.stage import StageError, run, say
from song_mixtures.pipeline.tables import write_table

SONGS = Path("data/raw/audio_features.csv")
REJECTED = Path("data/raw/audio_rejected.csv")
METRICS = Path("metrics/extract.json")
CACHE = Path("data/cache/extract")  # finished clips; may be deleted at any time

# The modules that decide a clip's features.
SOURCES = (Path(inspect.getfile(read_clip)), Path(inspect.getfile(song_features)))
# A worker process costs about a second of imports; a song 0.04 s.
SONGS_PER_WORKER = 20
# The transform is computed in single precision: further digits are rounding.
DIGITS = 6

MEASURED = (*FEATURES, *OTHER_READING)

# Of one file: "reason", or the features and what read_clip() did; and whether that was "cached".
Outcome = dict[str, Any]


@dataclass(frozen=True)
class Extract:
    """What is taken of a file, and how many files may be unusable."""

    seconds: Annotated[float, Range(3, 600)]  # s, from the middle of the file
    min_seconds: Annotated[float, Range(3, 600)]  # s
    max_rejected_share: Annotated[float, Range(0, 1)]

    def __post_init__(self) -> None:
        if self.min_seconds > self.seconds:
            raise ValueError(f"min_seconds {self.min_seconds:g} exceeds seconds {self.seconds:g}")


def extractor_version() -> str:
    """Return a digest of all that decides a clip's features: our source and the libraries'.

    Nobody has to remember to count it up: any change to the modules makes cached clips stale.
    """
    digest = hashlib.sha256()
    for source in SOURCES:
        digest.update(source.read_bytes())
    for package in ("librosa", "numpy", "pyloudnorm", "scipy", "soundfile", "soxr"):
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
    """Decode a file and compute its features."""
    try:
        clip = read_clip(path, seconds=parameters.seconds, min_seconds=parameters.min_seconds)
        features = asdict(song_features(clip.samples))
    except (UnusableError, FeaturelessError) as error:
        return {"reason": str(error)}
    done = {"cut": clip.cut, "mixed_down": clip.mixed_down, "resampled": clip.resampled}
    return {name: features[name] for name in MEASURED} | {"duration": clip.duration} | done


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
        return list(with_progress(outcomes, len(paths)))
    except TerminatedWorkerError:
        raise StageError(
            "a worker process was killed, perhaps for lack of memory; finished songs are "
            "kept, so run `dvc repro` again, with compute.n_jobs: 1 if need be"
        ) from None


def with_progress(outcomes: Iterable[Outcome], total: int) -> Iterable[Outcome]:
    """Show a bar with the rate on standard error, when it takes more than two seconds."""
    bar: Iterable[Outcome] = tqdm(
        outcomes, desc="extract", total=total, unit=" songs", delay=2, disable=None
    )
    return bar


def song_table(paths: list[Path], folder: Path, outcomes: list[Outcome]) -> pd.DataFrame:
    """Return filename, genre, what is measured and the duration [s] of every usable song.

    Genre is the name of the folder that holds the file, empty for files in the top folder.
    """
    rows = [
        {"filename": song_name(path, folder), "genre": genre_of(path, folder)} | outcome
        for path, outcome in zip(paths, outcomes, strict=True)
        if "reason" not in outcome
    ]
    return pd.DataFrame(rows, columns=["filename", "genre", *MEASURED, "duration"])


def genre_of(path: Path, folder: Path) -> str:
    """Return the parent folder's name, empty for a file in the top folder."""
    return "" if path.parent == folder else song_name(path.parent, path.parent.parent)


def rejected_table(paths: list[Path], folder: Path, outcomes: list[Outcome]) -> pd.DataFrame:
    """Return filename and reason of every file that cannot be used."""
    rows = [
        (song_name(path, folder), outcome["reason"])
        for path, outcome in zip(paths, outcomes, strict=True)
        if "reason" in outcome
    ]
    return pd.DataFrame(rows, columns=["filename", "reason"])


def check_many_rejected(rejected: pd.DataFrame, files: int, max_share: float) -> None:
    """Raise a StageError where more than `max_share` of the files, or all, are unusable."""
    share = len(rejected) / files
    if share > max_share or len(rejected) == files:
        name, reason = rejected.iloc[0]
        raise StageError(
            f"{len(rejected)} of {files} files cannot be used ({share:.3g}); at least one must be, "
            f"and extract.max_rejected_share allows {max_share:g}; the first is {name} ({reason}), "
            f"{REJECTED} lists them all"
        )


def summarize(songs: pd.DataFrame, rejected: pd.DataFrame, used: pd.DataFrame) -> dict[str, float]:
    """Return the stage's metrics; `used` has the outcome of every usable song as a row."""
    return {
        "songs_count": len(songs),
        "rejected_count": len(rejected),
        "rejected_share": len(rejected) / (len(songs) + len(rejected)),
        "genres_count": songs.loc[songs["genre"] != "", "genre"].nunique(),
        "cut_count": int(used["cut"].sum()),
        "mixed_down_count": int(used["mixed_down"].sum()),
        "resampled_count": int(used["resampled"].sum()),
    }


def main() -> None:
    """Extract every song below input.audio; write the songs and what was rejected."""
    parameters = read_params("extract", Extract)
    compute = read_params("compute", Compute)
    [folder] = map(Path, read_param("input", "audio", tuple[str, ...]))

    paths = find_audio(folder)
    outcomes = extract_songs(paths, parameters, compute)
    songs = song_table(paths, folder, outcomes)
    rejected = rejected_table(paths, folder, outcomes)
    used = pd.DataFrame([outcome for outcome in outcomes if "reason" not in outcome])

    write_table(REJECTED, rejected)  # first, for the error below sends people there
    check_many_rejected(rejected, len(paths), parameters.max_rejected_share)
    write_table(SONGS, songs, digits=DIGITS)
    write_metrics(METRICS, summarize(songs, rejected, used))
    cached = sum(outcome["cached"] for outcome in outcomes)
    say(
        f"{len(songs)} songs in {SONGS}; rejected: {len(rejected)} ({REJECTED}); "
        f"{cached} of {len(paths)} files known from {CACHE}"
    )


if __name__ == "__main__":
    run(main)
