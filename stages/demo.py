"""Make songs of which everything is known, so that the pipeline runs on a machine without music.

A recipe per genre gives short synthetic songs, and some are hybrids of two recipes in a known
proportion: a mixture ought to be less sure of those. Genres overlap here as they do in real music,
but they are our recipes and not music that people made: nothing that is found in these songs says
anything about real genres.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import soundfile
from numpy.random import Generator
from numpy.typing import NDArray

from song_mixtures.audio.memory import keep_freed_memory
from song_mixtures.audio.recipes import RECIPES
from song_mixtures.audio.synthesis import SAMPLE_RATE, Recipe, blend, make_song
from song_mixtures.compute.parallel import Compute, parallel_map
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.files import write_metrics
from song_mixtures.pipeline.params import Range, read_params
from song_mixtures.pipeline.stage import check_dvc_alive, run, say
from song_mixtures.pipeline.tables import write_table
from song_mixtures.progress.bars import with_bar

DEMO_AUDIO = Path("data/raw/demo_audio")
DEMO_TRUTH = Path("data/raw/demo_truth.csv")
METRICS = Path("metrics/demo.json")
# Share of the second genre in a hybrid: enough to be heard, never more than the first's.
LEAST_SHARE, LARGEST_SHARE = 0.35, 0.5
# Samples are rounded to the coarsest power of two whose noise stays this far below the song. FLAC
# does not store the empty bits; without this the folder would be more than twice as large.
NOISE_BELOW_LEVEL = 38  # dB, as on a cassette


@dataclass(frozen=True)
class Demo:
    """How many songs, and of what kind."""

    n_songs: Annotated[int, Range(10, 1_000_000)]
    seconds: Annotated[float, Range(4, 60)]  # length of a song
    hybrid_songs_share: Annotated[float, Range(0, 1)]
    seed: Annotated[int, Range(0)]


@dataclass(frozen=True)
class Truth:
    """What is true of a song: a row of the table."""

    filename: str
    genre: str
    tempo: float  # BPM
    mode: str  # major or minor
    level: float  # dBFS
    pulse_strength: float  # energy of the percussion over that of percussion and notes, 0 to 1
    second_genre: str  # empty where hybrid_share is 0
    hybrid_share: float  # of the second genre's recipe, 0 or 0.35 to 0.5


def song_numbers(n_songs: int) -> list[tuple[str, int]]:
    """Return genre and number of every song, genre by genre, as even as n_songs allows."""
    genres = list(RECIPES)
    return [
        (genre, number)
        for place, genre in enumerate(genres)
        for number in range((n_songs - place + len(genres) - 1) // len(genres))
    ]


def is_hybrid(genre: str, number: int, share: float) -> bool:
    """Tell whether a song is a hybrid: each genre has the share asked for among its first n songs.

    Its n songs hold floor(n * share + phase) hybrids. The phases of the genres are spread from 0
    to 1, so the sum over genres is right too, to the nearest whole number (Hermite's identity).
    """
    phase = (list(RECIPES).index(genre) + 0.5) / len(RECIPES)
    hybrids_before, hybrids_with_it = (int(n * share + phase) for n in (number, number + 1))
    return hybrids_with_it > hybrids_before


def draw_recipe(
    genre: str, number: int, hybrid_songs_share: float, rng: Generator
) -> tuple[Recipe, str, float]:
    """Return a song's recipe, its second genre and that genre's share, "" and 0 where pure.

    Parameters
    ----------
    genre : one of RECIPES, the first or only one
    number : of the song within its genre, from 0
    hybrid_songs_share : share of the songs that are hybrids, 0 to 1
    rng : draws the second genre and its share
    """
    if not is_hybrid(genre, number, hybrid_songs_share):
        return RECIPES[genre], "", 0.0
    second = str(rng.choice([other for other in RECIPES if other != genre]))
    share = float(rng.uniform(LEAST_SHARE, LARGEST_SHARE))
    return blend(RECIPES[genre], RECIPES[second], share), second, share


def rounded(samples: FloatArray, level: float) -> NDArray[np.int16]:
    """Return 16-bit samples on a grid of 2^b, whose noise (step / sqrt 12) is low enough."""
    loudest_noise = 2**15 * 10 ** ((level - NOISE_BELOW_LEVEL) / 20)
    step = max(2.0 ** np.floor(np.log2(np.sqrt(12) * loudest_noise)), 1.0)
    steps = samples * (2**15 / step)
    np.rint(steps, out=steps)
    limit = 2**15 / step - 1
    on_grid: NDArray[np.int16] = np.clip(steps, -limit, limit, out=steps).astype(np.int16)
    return on_grid * np.int16(step)


def write_song(genre: str, number: int, demo: Demo, folder: Path) -> Truth:
    """Make one song and write it; the same song whatever else is made, by whichever worker.

    Parameters
    ----------
    genre : one of RECIPES
    number : of the song within its genre, from 0
    demo : the stage's parameters
    folder : of all songs; that of the genre is made in it
    """
    keep_freed_memory()
    rng = np.random.default_rng([demo.seed, number, *genre.encode()])
    recipe, second_genre, hybrid_share = draw_recipe(genre, number, demo.hybrid_songs_share, rng)
    song = make_song(recipe, demo.seconds, rng)
    filename = f"{genre}/{genre}.{number:05d}.flac"
    (folder / genre).mkdir(exist_ok=True)
    flac = BytesIO()  # written by us and not by libsndfile, so that a full disk is an OSError
    soundfile.write(flac, rounded(song.samples, song.level), SAMPLE_RATE, format="FLAC")
    (folder / filename).write_bytes(flac.getvalue())
    return Truth(
        filename=filename,
        genre=genre,
        tempo=song.score.tempo,
        mode=song.score.harmony.mode,
        level=song.level,
        pulse_strength=song.pulse_strength,
        second_genre=second_genre,
        hybrid_share=hybrid_share,
    )


def write_songs(demo: Demo, folder: Path, compute: Compute) -> pd.DataFrame:
    """Write every song below the folder and return the table of truths, in the songs' order."""
    songs = song_numbers(demo.n_songs)
    folder = folder.resolve()  # workers may stand in another folder
    calls = ((genre, number, demo, folder) for genre, number in songs)
    truths = parallel_map(write_song, calls, compute, visible=folder)
    return pd.DataFrame(list(with_bar(truths, "songs", len(songs))))


@contextmanager
def atomic_write_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder; it takes the place of `path` at the end, or is removed."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.mkdir(parents=True)
    try:
        yield temporary
        check_dvc_alive()
        shutil.rmtree(path, ignore_errors=True)
        os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def summarize(truths: pd.DataFrame, audio_bytes: int) -> dict[str, float]:
    """Return the numbers of the metrics file."""
    return {
        "songs_count": len(truths),
        "hybrids_count": int((truths["hybrid_share"] > 0).sum()),
        "major_share": float((truths["mode"] == "major").mean()),
        "mean_tempo_bpm": float(truths["tempo"].mean()),
        "mean_level_dbfs": float(truths["level"].mean()),
        "mean_pulse_strength_share": float(truths["pulse_strength"].mean()),
        "audio_mb": audio_bytes / 1e6,
    }


def main() -> None:
    """Write the songs and the truth about them."""
    demo = read_params("demo", Demo)
    compute = read_params("compute", Compute)

    with atomic_write_folder(DEMO_AUDIO) as folder:
        truths = write_songs(demo, folder, compute)
        audio_bytes = sum(file.stat().st_size for file in folder.rglob("*.flac"))
    metrics = summarize(truths, audio_bytes)

    write_table(DEMO_TRUTH, truths)
    write_metrics(METRICS, metrics)
    say(
        f"{metrics['songs_count']} synthetic songs, {metrics['hybrids_count']} of them hybrids, "
        f"{metrics['audio_mb']:.0f} MB in {DEMO_AUDIO}"
    )


if __name__ == "__main__":
    run(main)
