"""The charts of the songs: their map, histograms of features and of entropy, certainty."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from song_mixtures.mixture.uncertainty import entropy_bounds
from song_mixtures.presentation.figures.palettes import (
    FAINT,
    INK,
    NO_COLOR,
    PLAIN,
    Palette,
    Records,
    palette_colors,
)
from song_mixtures.presentation.figures.vega import (
    BY_RANK,
    LISTED,
    OWN_COLOR,
    OWN_FACE,
    RANK,
    REVISION_COLOR,
    Chart,
    Spec,
    by_quantity,
    by_revision,
    calculate,
    column,
    layer,
    once,
    only,
    pick_list,
    tooltip,
    where,
)
from song_mixtures.sampling.rows import sampled_songs
from song_mixtures.songs.features import Features
from song_mixtures.songs.plane import Plane
from song_mixtures.songs.scaling import Scaling
from song_mixtures.suspects.kinds import KINDS, NOWHERE

FEATURE_BINS = 30  # from a feature's minimum to its maximum
ENTROPY_BINS = 40  # from 0 to log K
P_VALUE_BINS = 50  # of 2 %
BOUND_POINTS = 201  # of a curve
COLORED_GENRES = 10  # the commonest; more colors than that are not told apart on a map of dots
OTHER_GENRES = "other"


def features(songs: pd.DataFrame, scaling: Scaling, described: Features) -> Records:
    """Return the counts of songs per bin of each feature, in original units."""
    histograms = []
    for feature in scaling.features:
        counts, edges = np.histogram(songs[feature], FEATURE_BINS)
        bins = {"value": edges[:-1], "value_to": edges[1:], "songs": counts}
        histograms.append(pd.DataFrame({"feature": described[feature].heading, **bins}))
    return pd.concat(histograms).round(6).to_dict("records")


def genre_groups(genres: pd.Series) -> pd.Series:
    """Return for each song its genre if that is among the commonest, else OTHER_GENRES.

    Where all but one would have their own name, all have it. A song without a genre has "".
    """
    counts = genres[genres != ""].value_counts(sort=False).sort_index()
    ranked = counts.sort_values(ascending=False, kind="stable").index
    named = set(ranked if len(ranked) <= COLORED_GENRES + 1 else ranked[:COLORED_GENRES])
    return genres.where(genres.isin([*named, ""]), OTHER_GENRES)


def genre_colors(groups: pd.Series, palette: Palette) -> list[str]:
    """Return the color of each song's group of genres; rare ones and none at all are gray."""
    named = sorted(set(groups) - {"", OTHER_GENRES})
    colors = dict(zip(named, palette_colors(palette, len(named)), strict=True))
    return [colors.get(group, NO_COLOR) for group in groups]


def reasons_to_look(songs: pd.Series, suspects: pd.DataFrame) -> pd.Series:
    """Return the kinds of each song's reasons to be looked at, in words, "" where it has none."""
    pairs = suspects[suspects["other_song"] != ""]
    of_pairs = pairs[["other_song", "kind"]].rename(columns={"other_song": "song"})
    kinds = pd.concat([suspects[["song", "kind"]], of_pairs]).drop_duplicates()
    found: pd.Series = songs.map(kinds.groupby("song")["kind"].agg(", ".join)).fillna("")
    return found


def songs_on_map(
    songs: pd.DataFrame,
    suspects: pd.DataFrame,
    plane: Plane,
    k: int,
    max_page_songs: int,
    seed: int,
    palette: Palette,
    address: Callable[[str], str],
) -> Records:
    """Return the songs of the page, the first of the pictures' sample, with all that is shown.

    x and y are the coordinates on the principal axes of all songs; what the axes are, and the
    bounds of entropy, stand in the first record alone. `audio` is where the page finds a song's
    file, by `address`; "" where songs are not files.
    """
    genres = songs["genre"] if "genre" in songs else pd.Series("", songs.index)
    grouped = songs.assign(genre=genres, group=genre_groups(genres))
    sample = sampled_songs(grouped, max_page_songs, seed)
    coordinates = plane.coordinates(sample).round(3)
    # Without the first line, which the axis of the chart has.
    x_axis, y_axis = (": ".join(plane.name(axis).splitlines()[1:]) for axis in (0, 1))
    others = len(sample) - 1
    table = pd.DataFrame({
        "song": sample["name"],
        "genre": sample["genre"],
        "genre_group": sample["group"],
        "component": sample["gmm_cluster"],
        "max_posterior": sample["gmm_max_prob"].round(4),
        "entropy": sample["gmm_entropy"].round(4),
        "look_at": reasons_to_look(sample["song"], suspects),
        "x": coordinates[:, 0],
        "y": coordinates[:, 1],
        "x_axis": [x_axis, *[""] * others],
        "y_axis": [y_axis, *[""] * others],
        "bounds": [bounds(k), *[[]] * others],
        "genre_color": genre_colors(sample["group"], palette),
        "audio": sample["song"].map(address),
    })  # fmt: skip
    return table.to_dict("records")


def bounds(k: int) -> list[list[float]]:
    """Return rows of a maximum posterior, 1/K to 1, and the least and most entropy there can be."""
    posterior = np.linspace(1 / k, 1, BOUND_POINTS)
    return np.column_stack([posterior, *entropy_bounds(posterior, k)]).round(4).tolist()


def density_p_values(songs: pd.DataFrame) -> Records:
    """Return the counts of songs per bin of the p-value of their density, and those expected."""
    counts, edges = np.histogram(songs["density_p_value"], P_VALUE_BINS, (0, 1))
    bins = {"p_value": edges[:-1].round(4), "p_value_to": edges[1:].round(4), "songs": counts}
    table = pd.DataFrame(bins).assign(expected=len(songs) / P_VALUE_BINS)
    return table.to_dict("records")


def entropy_histogram(songs: pd.DataFrame, k: int) -> Records:
    """Return the counts of songs per bin of entropy and component; pairs without songs left out."""
    entropy, edges = songs["gmm_entropy"], np.linspace(0, np.log(k), ENTROPY_BINS + 1)
    bins = np.clip(np.searchsorted(edges, entropy, "right") - 1, 0, ENTROPY_BINS - 1)
    counts = songs.groupby([bins, songs["gmm_cluster"].rename("component")]).size()
    table = counts.rename("songs").reset_index("component")
    table.insert(0, "entropy", edges[table.index])
    table.insert(1, "entropy_to", edges[table.index + 1])
    table = table.assign(max_entropy=edges[-1], mean_entropy=entropy.mean())
    return table.round(4).to_dict("records")


FEATURES = Chart(
    features,
    by_quantity("feature", {"width": 270, "height": 140} | layer("bar", [], {
        "x": column("value", bin="binned", scale={"zero": False}, title=None),
        "x2": {"field": "value_to"},
        "y": column("songs", stack=None, title="songs"),
        "color": REVISION_COLOR,
        "tooltip": tooltip(rev="revision", feature="feature", value="from|.3~g",
                           value_to="to|.3~g", songs="songs|,"),
    }, opacity=0.55, binSpacing=0), abreast=3, sort=BY_RANK, axes="yx") | {"transform": [RANK]},
)  # fmt: skip
LABEL = {"align": "left", "baseline": "bottom", "fontSize": 11}
AT_TOP = {"x": {"value": 0}, "y": {"value": 0}}


def axis_words(axis: str, name: str, dy: int) -> Spec:
    """Return the layer that says above the map what one of its axes is."""
    words = [only(f"datum.{axis} != ''"), *calculate(words=f"'{name}: ' + datum.{axis}")]
    return layer("text", words, AT_TOP | {"text": column("words", "nominal")}, dy=dy, **LABEL)


def at_component(mark: str, encoding: Spec, **more: Any) -> Spec:
    """Return the layer in the middle of each component's songs, seen where they have its color."""
    seen = where("color_by == 'component'", 1)
    place = {"x": column("mean_x"), "y": column("mean_y"), "opacity": seen}
    return layer(mark, [], place | encoding, **more)


def picked(in_list: float, out: float) -> Spec:
    """Return the opacity of what is of a component that was picked in the list, or not."""
    return {"condition": {"param": "picked_component", "value": in_list}, "value": out}


OF_A_SONG = tooltip(
    song="song", genre="genre", component="component", max_posterior="maximum posterior|.2f",
    entropy="entropy (nats)|.2f", look_at="to look at",
)  # fmt: skip
COMPONENT_LIST = pick_list("component", ["color", "face"], 12, 78)
SEARCHED = "genre_search == '' || indexof(lower(datum.genre), lower(genre_search)) >= 0"
RINGED = "(marked != 'none' && indexof(datum.look_at, marked) >= 0)"
PICKED = {"and": [{"param": "picked_component"}, {"param": "picked_genre_group"}, SEARCHED]}
CERTAINTY = column("max_posterior", scale={"domain": [0, 1], "range": [0.05, 0.9]}, legend=None)
MIDDLE = [{"op": "mean", "field": name, "as": f"mean_{name}"} for name in "xy"]
SONG_MAP = Chart(
    songs_on_map,
    by_revision({"width": 680, "height": 520, "layer": [
        layer("circle", [], {
            "x": column("x", axis={"tickCount": 8}, title="principal axis 1"),
            "y": column("y", axis={"tickCount": 8}, title="principal axis 2"),
            "color": column("dot_color", "nominal", scale=None),
            "opacity": {"condition": {"test": PICKED, **CERTAINTY}, "value": 0.03},
            "tooltip": OF_A_SONG,
        }, size=26),
        {"transform": [{"aggregate": MIDDLE, "groupby": ["component", "color", "face"]}], "layer": [
            at_component("circle", {"stroke": OWN_COLOR, "fill": OWN_FACE}, size=230),
            at_component("text", {
                "text": column("component", "nominal"),
                "color": where("luminance(datum.face) > 0.3", INK, "white"),
            }, fontSize=11, fontWeight="bold"),
        ]},
        axis_words("x_axis", "→ axis 1", -18),
        axis_words("y_axis", "↑ axis 2", -33),
        pick_list("component", ["color", "face"], 12, 78, "color_by == 'component'"),
        pick_list("genre_group", ["genre_color"] * 2, 102, 118, "color_by == 'genre'"),
        # The first song is always there, or a chart without rings would have no extent.
        layer("circle", [only(f"datum.x_axis != '' || {RINGED}")], {
            "x": column("x"), "y": column("y"), "tooltip": OF_A_SONG,
            "opacity": where(RINGED, 0.9),
        }, size=70, filled=False, stroke=INK, strokeWidth=1.2),
    ]}, abreast=2, transform=calculate(
        dot_color="color_by == 'genre' ? datum.genre_color : datum.color",
    )) | {"params": [
        LISTED,
        {"name": "color_by", "value": "component", "bind": {
            "name": "color by ", "input": "select", "options": ["component", "genre"],
        }},
        {"name": "marked", "value": NOWHERE, "bind": {
            "name": "ring around ", "input": "select", "options": ["none", *KINDS],
        }},
        {"name": "genre_search", "value": "", "bind": {
            "name": "genre ", "input": "text", "placeholder": "part of a name",
            "autocomplete": "off",
        }},
    ]},
)  # fmt: skip
DENSITY_P_VALUES = Chart(
    density_p_values,
    by_revision({"width": 500, "height": 240, "layer": [
        layer("bar", [], {
            "x": column("p_value", bin="binned", title="p-value of a song's density"),
            "x2": {"field": "p_value_to"},
            "y": column("songs", stack=None, title="songs"),
            "tooltip": tooltip(p_value="from|.2f", p_value_to="to|.2f", songs="songs|,",
                               expected="expected|,.0f"),
        }, color=PLAIN, binSpacing=1),
        layer("rule", once("rev", expected="expected"), {
            "y": column("expected"), "tooltip": tooltip(expected="expected|,.0f"),
        }, strokeDash=[4, 3]),
    ]}, abreast=2),
)  # fmt: skip
ENTROPY_TITLE = "entropy of a song's posteriors (nats)"
# The axis on top: the entropy of 1, 2, 3 … K equally likely components.
EQUALS = [
    *once("rev", most="max_entropy"),
    *calculate(count="[1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100, round(exp(datum.most))]"),
    {"flatten": ["count"]},
    *calculate(max_entropy="log(datum.count)"),
    only("datum.count < exp(0.95 * datum.most) || abs(datum.count - exp(datum.most)) < 0.01"),
]


def rule(name: str, words: str, **line: Any) -> Spec:
    """Return the layer with a line at a value that all records of a revision carry."""
    place = {"x": column(name, title=ENTROPY_TITLE), "tooltip": tooltip(**{name: f"{words}|.3f"})}
    return layer("rule", once("rev", **{name: name}), place, **line)


ENTROPY_HISTOGRAM = Chart(
    entropy_histogram,
    by_revision({"width": 680, "height": 360, "layer": [
        layer("bar", [], {
            "x": column("entropy", bin="binned", title=ENTROPY_TITLE),
            "x2": {"field": "entropy_to"},
            "y": column("songs", stack="zero", title="songs"),
            "color": OWN_COLOR,
            "order": column("component"),
            "opacity": picked(1, 0.12),
            "tooltip": tooltip(component="component", entropy="entropy from|.2f",
                               entropy_to="to|.2f", songs="songs|,"),
        }, binSpacing=1),
        rule("max_entropy", "log K (nats)", strokeDash=[4, 3]),
        rule("mean_entropy", "mean entropy (nats)", strokeWidth=1.5),
        layer("text", EQUALS, {
            "x": column("max_entropy", title=ENTROPY_TITLE), "y": {"value": 0},
            "text": column("count", format="d"),
        }, dy=-5, fontSize=10, color=FAINT),
        layer("text", once("rev"), AT_TOP | {
            "text": {"value": "as undecided as among so many equally likely components"},
        }, dy=-17, color=FAINT, **LABEL),
        COMPONENT_LIST,
    ]}, abreast=1),
)  # fmt: skip
POSSIBLE = [
    {"flatten": ["bounds"]},
    *calculate(max_posterior="datum.bounds[0]", least="datum.bounds[1]", most="datum.bounds[2]"),
    {"fold": ["least", "most"], "as": ["bound", "entropy"]},
]
CERTAIN = {
    "x": column("entropy", title=ENTROPY_TITLE),
    "y": column("max_posterior", title="maximum posterior", scale={"domain": [0, 1]}),
}
POSTERIOR_VS_ENTROPY = Chart(
    songs_on_map,
    by_revision({"width": 680, "height": 400, "layer": [
        layer("line", POSSIBLE, CERTAIN | {
            "order": column("max_posterior"), "detail": column("bound", "nominal"),
        }, color=INK, strokeWidth=0.8, clip=True),
        layer("circle", [], CERTAIN | {
            "color": OWN_COLOR, "opacity": picked(0.7, 0.03), "tooltip": OF_A_SONG,
        }, size=22),
        COMPONENT_LIST,
    ]}, abreast=2),
)  # fmt: skip
