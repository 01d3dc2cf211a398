"""The songs that benchmarks fit mixtures to: of the last run, of GTZAN's 58 columns, of Spotify.

REAL_DATA names the folder of the real ones; one that is not there is left out.
"""

from functools import cache

import pandas as pd

from benchmarks._tables import REAL_DATA
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.tables import read_table
from song_mixtures.songs.scaling import Scaling, Transform
from stages.gtzan_table import gtzan_songs, read_gtzan_table
from stages.k_sweep import FEATURES_SELECTED, SCALING
from stages.preprocess import scaling_of

SAMPLE = 3_000  # songs of Spotify
SMALL = ("demo", "GTZAN", "Spotify, a sample")  # tables of which much is asked
IDENTITY: dict[str, Transform] = {
    "tempo": "identity",
    "energy": "identity",
    "loudness": "identity",
    "valence": "identity",
    "danceability": "identity",
}


@cache
def tables() -> dict[str, pd.DataFrame]:
    """Return the songs of every table that is there, in original units."""
    found = {"demo": read_table(FEATURES_SELECTED)}
    gtzan = REAL_DATA / "tables/gtzan_features_30_sec.csv"
    if gtzan.is_file():
        found["GTZAN"] = gtzan_songs(read_gtzan_table(gtzan))
    spotify = REAL_DATA / "tables/spotify_tracks_34k.csv"
    if spotify.is_file():
        songs = pd.read_csv(spotify)
        found["Spotify"] = songs[songs["tempo"] > 0]
        found[SMALL[2]] = found["Spotify"].sample(SAMPLE, random_state=0)
    return found


@cache
def standardized_tables() -> dict[str, FloatArray]:
    """Return the standardized points, (N, d), of every table: the last run's as it had them."""
    found = {name: standardized(songs) for name, songs in tables().items() if name != "demo"}
    own = Scaling.from_json(read_json(SCALING)).standardize(tables()["demo"])
    return {"demo": own} | found


def standardized(songs: pd.DataFrame) -> FloatArray:
    """Return the five features, (N, 5), each with mean 0 and standard deviation 1."""
    return scaling_of(songs, list(IDENTITY), IDENTITY, {}).standardize(songs)
