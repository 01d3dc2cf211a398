"""How counts, names, a component's songs and a song's components are put into words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

MOST_GENRES = 3  # of a component
MOST_COMPONENTS = 3  # of a song
MOST_LISTED = 10  # fits in one sentence; the table of the sweep has them all
LONGEST_NAME = 80  # letters of a song's or genre's name


@dataclass(frozen=True)
class Command:
    """A line to paste, of our own words and names of features, which have letters and digits."""

    line: str


@dataclass(frozen=True)
class Player:
    """What plays a song's file on the page, none where its address is ""."""

    name: str
    address: str


def counted(count: int, one: str, many: str) -> str:
    """Return a number with the noun, or noun and verb, that goes with it."""
    return f"{count:,} {one if count == 1 else many}"


def listed(names: list[str]) -> str:
    """Return names in a row, those beyond MOST_LISTED as a number."""
    more = [f"{len(names) - MOST_LISTED:,} more"] if len(names) > MOST_LISTED else []
    return "; ".join([*names[:MOST_LISTED], *more])


def name_shown(name: str) -> str:
    """Return a song's or genre's name as it is shown: not empty and not endless."""
    short = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
    seen = any(letter.isprintable() and not letter.isspace() for letter in short)
    return short if seen else "(no name)"


def typical(exemplars: pd.DataFrame, genres: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield of each component the songs most typical of it and, where known, its genres."""
    for component, songs in exemplars.groupby("component"):
        counts = genres[genres["gmm_cluster"] == component] if len(genres) else genres
        common = counts.sort_values("songs", ascending=False, kind="stable").head(MOST_GENRES)
        yield {
            "component": component,
            "songs": songs[["song", "name"]].to_dict("records"),
            "genres": common.to_dict("records"),  # the commonest
        }


def likeliest(song: Mapping[str, Any]) -> str:
    """Return a song's likeliest components in words, by averaged posteriors, none with 0%."""
    prefix = "averaged_prob_"
    components = [key for key in song if key.startswith(prefix)]
    best = sorted(components, key=lambda key: -song[key])[:MOST_COMPONENTS]
    shares = [(key.removeprefix(prefix), f"{song[key]:.0%}") for key in best]
    return ", ".join(f"{component} ({share})" for component, share in shares if share != "0%")
