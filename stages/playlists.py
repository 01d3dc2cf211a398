"""Make of each component a playlist of the songs most typical of it, for any player.

Only in the pipeline where songs are audio files. A playlist holds what nobody would doubt: no song
that is ambiguous, belongs nowhere or repeats one before it. What is left out is left out here
alone, in no fit and on no disk. It cannot see whether the songs go well after one another.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from song_mixtures.hearing.files import file_of, from_here
from song_mixtures.hearing.playlists import Entry, as_m3u8, can_hold, left_out, list_name
from song_mixtures.pipeline.files import write_metrics, write_text
from song_mixtures.pipeline.params import Range, read_param, read_params
from song_mixtures.pipeline.stage import run, say
from song_mixtures.pipeline.tables import Tables, read_table
from song_mixtures.suspects.kinds import DUPLICATE

EXTRACTED = Path("data/raw/audio_features.csv")  # from extract
SUSPECTS = Path("data/processed/suspicious_songs.csv")  # from suspects
ASSIGNMENTS = Path("data/processed/gmm_cluster_assignments.csv")  # from uncertainty
MEANS = Path("data/processed/gmm_means.csv")  # from components
PLAYLISTS = Path("playlists")
PLAYLIST_SONGS = Path("data/processed/playlist_songs.csv")
METRICS = Path("metrics/playlists.json")

TAGS = ["title", "artist", "duration"]


@dataclass(frozen=True)
class Playlists:
    """What stands in a playlist, and what stands before each path in it."""

    songs: Annotated[int, Range(1)]
    min_posterior: Annotated[float, Range(0, 1)]
    max_per_artist: Annotated[int, Range(1)] | None
    prefix: str | None  # None: paths are relative to the playlists

    def __post_init__(self) -> None:
        if self.prefix is not None and not can_hold(self.prefix):
            raise ValueError(
                f"prefix is {self.prefix!r}, expected a folder such as /music or . on one line, "
                "or null"
            )


def with_tags(songs: pd.DataFrame, extracted: pd.DataFrame) -> pd.DataFrame:
    """Return songs with artist, title and duration [s, -1: not known]; the file's name at least."""
    beside = songs.drop(columns=TAGS, errors="ignore")  # what is kept of the table may have them
    found = beside.join(extracted.set_index("filename")[TAGS], on="song")
    stems = found["song"].map(lambda song: Path(song).stem)
    called = found["name"].where(found["name"] != found["song"], stems)
    artist, title = (found[tag].fillna("").astype(str) for tag in ("artist", "title"))
    complete = (artist != "") & (title != "")  # else the name may hold the artist already
    return found.assign(
        artist=artist,
        said_artist=artist.where(complete, ""),
        title=title.where(complete, called),
        duration=found["duration"].fillna(-1.0),
    )


def with_paths(songs: pd.DataFrame, folder: Path, prefix: str | None) -> pd.DataFrame:
    """Return songs with their path as a playlist has it, and whether their file is there."""
    before = from_here(folder, PLAYLISTS) if prefix is None else prefix.rstrip("/")
    files = [file_of(song) for song in songs["song"]]
    return songs.assign(
        # As objects: pandas' own texts hold no name of a file that is no UTF-8.
        path=pd.Series([f"{before}/{file}" for file in files], songs.index, dtype=object),
        there=[(folder / file).is_file() for file in files],
    )


def doubted(songs: pd.DataFrame, min_posterior: float, nowhere_below: float) -> list[str]:
    """Return for each song the first reason to doubt that its component is heard in it, or ""."""
    reasons = {
        "posterior": songs["own_posterior"] < min_posterior,
        "ambiguous": songs["averaged_ambiguous"] == 1,
        "belongs nowhere": songs["density_p_value"] < nowhere_below,
    }
    return list(np.select(list(reasons.values()), list(reasons), ""))


def in_playing_order(songs: pd.DataFrame) -> pd.DataFrame:
    """Return songs with their own averaged posterior, those most typical of a component first.

    By averaged posterior of their component times typicality, as stage uncertainty orders the
    surest: a song is its component's own and in its middle. Equals stay in the table's order.
    """
    averaged = songs.filter(like="averaged_prob_").to_numpy()
    own = averaged[np.arange(len(songs)), songs["gmm_cluster"]]
    order = np.argsort(-own * songs["typicality"].to_numpy(), kind="stable")
    return songs.assign(own_posterior=own).iloc[order]


def doubles_of(suspects: pd.DataFrame) -> dict[str, set[str]]:
    """Return of each song its near-duplicates."""
    doubles: dict[str, set[str]] = defaultdict(set)
    pairs = suspects[suspects["kind"] == DUPLICATE]
    for one, other in zip(pairs["song"], pairs["other_song"], strict=True):
        doubles[one].add(other)
        doubles[other].add(one)
    return doubles


def sorted_out(
    songs: pd.DataFrame, suspects: pd.DataFrame, parameters: Playlists, nowhere_below: float
) -> pd.DataFrame:
    """Return songs in playing order with the reason why each is left out, "" where it is not.

    Parameters
    ----------
    songs : the assignments with artist, path and whether the file is there
    suspects : with pairs of near-duplicates
    parameters : of the stage
    nowhere_below : p-value of a song's density below which it belongs nowhere, 0 to 1
    """
    found = in_playing_order(songs)
    found["reason"] = doubted(found, parameters.min_posterior, nowhere_below)
    for reason, holds in (("no file", found["there"]), ("path", found["path"].map(can_hold))):
        found.loc[(found["reason"] == "") & ~holds, "reason"] = reason
    doubles = doubles_of(suspects)
    for _, own in found[found["reason"] == ""].groupby("gmm_cluster"):
        found.loc[own.index, "reason"] = left_out(
            list(own["song"]),
            list(own["artist"]),
            doubles,
            parameters.songs,
            parameters.max_per_artist,
        )
    return found


def playlist_songs(found: pd.DataFrame) -> pd.DataFrame:
    """Return a row per song of each playlist, in order of component and place, from 1."""
    taken = found[found["reason"] == ""].sort_values("gmm_cluster", kind="stable")
    return pd.DataFrame(
        {
            "component": taken["gmm_cluster"],
            "place": taken.groupby("gmm_cluster").cumcount() + 1,
            "song": taken["song"],
            "path": taken["path"],
        }
    )


def entries(songs: pd.DataFrame) -> list[Entry]:
    """Return the songs of one playlist."""
    columns = [songs[name] for name in ("path", "duration", "said_artist", "title")]
    return [Entry(*row) for row in zip(*columns, strict=True)]


def summarize(found: pd.DataFrame) -> dict[str, float]:
    """Return the stage's metrics: every song is in a playlist or left out for one reason."""
    counts = found["reason"].value_counts()
    return {
        "playlists_count": found.loc[found["reason"] == "", "gmm_cluster"].nunique(),
        "playlist_songs_count": int(counts.get("", 0)),
        "left_out_posterior_count": int(counts.get("posterior", 0)),
        "left_out_ambiguous_count": int(counts.get("ambiguous", 0)),
        "left_out_belongs_nowhere_count": int(counts.get("belongs nowhere", 0)),
        "left_out_no_file_count": int(counts.get("no file", 0)),
        "left_out_path_count": int(counts.get("path", 0)),
        "left_out_near_duplicate_count": int(counts.get("near-duplicate", 0)),
        "left_out_artist_count": int(counts.get("artist", 0)),
        "left_out_limit_count": int(counts.get("limit", 0)),
    }


def outcome(found: pd.DataFrame, profiles: pd.Series) -> str:
    """Return the line that says what came out."""
    taken = found.loc[found["reason"] == "", "gmm_cluster"]
    without = [str(component) for component in profiles.index if component not in set(taken)]
    reasons = found.loc[found["reason"] != "", "reason"].value_counts()
    counted = ", ".join(f"{reason} {count}" for reason, count in reasons.items())
    said = f"{taken.nunique()} playlists of {len(taken)} songs in {PLAYLISTS}"
    said += (
        f", none of component {', '.join(without)}, of which no song qualifies" if without else ""
    )
    return f"{said}; left out: {counted or 'none'}"


def write_playlists(found: pd.DataFrame, profiles: pd.Series) -> None:
    """Write a playlist for each component with songs, none of before left beside them."""
    PLAYLISTS.mkdir(exist_ok=True)
    for outdated in PLAYLISTS.glob("*.m3u8"):
        outdated.unlink()
    for component, songs in found[found["reason"] == ""].groupby("gmm_cluster"):
        name = list_name(int(songs["gmm_cluster"].iloc[0]), profiles[component])
        write_text(PLAYLISTS / f"{name}.m3u8", as_m3u8(name, entries(songs)))


def main() -> None:
    """Read which songs are of which component, write its playlist."""
    tables, parameters = read_params("tables", Tables), read_params("playlists", Playlists)
    [folder] = map(Path, read_param("input", "audio", tuple[str, ...]))
    nowhere_below = read_param("suspects", "nowhere_below", Annotated[float, Range(0, 1)])
    profiles = tables.read(MEANS).set_index("component")["profile"]
    songs = with_tags(tables.read(ASSIGNMENTS), read_table(EXTRACTED, ["filename", *TAGS]))
    found = sorted_out(
        with_paths(songs, folder, parameters.prefix),
        tables.read(SUSPECTS),
        parameters,
        nowhere_below,
    )
    metrics = summarize(found)

    write_playlists(found, profiles)
    tables.write(PLAYLIST_SONGS, playlist_songs(found))
    write_metrics(METRICS, metrics)
    say(outcome(found, profiles))


if __name__ == "__main__":
    run(main)
