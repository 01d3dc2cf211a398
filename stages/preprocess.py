"""Make one clean table of songs out of whatever table the user has.

Everything later trusts this stage: no missing value, no constant feature, no feature that the
others determine, enough songs, original units kept. It cannot see whether a value is right: a
tempo of twice the true one passes. What it drops, it lists with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd

from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.files import write_json, write_metrics
from song_mixtures.pipeline.params import Range, read_param, read_params
from song_mixtures.pipeline.stage import StageError, run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.songs.features import (
    Columns,
    Descriptions,
    Features,
    SecondReading,
    check_known,
    cure,
    features_of,
    leave_out_line,
    to_json,
    with_decimals,
)
from song_mixtures.songs.plane import Plane
from song_mixtures.songs.scaling import Scaling, Transform, squeeze_of, squeezed
from song_mixtures.sources.checks import (
    check_constant,
    check_missing,
    check_untransformable,
    condition_number,
    drop_reasons,
    feature_values,
    independent_features,
    redundancy,
    transformed_features,
)
from song_mixtures.sources.details import called, kept_columns, rows_described
from song_mixtures.sources.incomplete import incomplete_songs
from song_mixtures.sources.making import Making, making_of
from song_mixtures.sources.proposal import proposal
from song_mixtures.sources.readings import READING, second_readings
from song_mixtures.sources.spikes import check_spikes, spread_spikes
from song_mixtures.sources.table import (
    as_names,
    as_numbers,
    check_commas,
    read_source_table,
    row_names,
)

FEATURES_SELECTED = Path("data/processed/features_selected.csv")
SONG_DETAILS = Path("data/processed/song_details.csv")
SONGS_DROPPED = Path("data/processed/songs_dropped.csv")
INCOMPLETE = Path("data/processed/incomplete_songs.csv")
TEMPO_READINGS = Path("data/processed/tempo_readings.csv")
FEATURE_VALUES = Path("data/processed/feature_values.csv")
FEATURE_CHECKS = Path("data/processed/feature_checks.csv")
FEATURES = Path("models/features.json")
SCALING = Path("models/scaling.json")
MAKING = Path("models/making.json")
AXES = Path("models/principal_axes.json")
METRICS = Path("metrics/preprocess.json")

# A table that stage extract makes has a second reading of every tempo, a name of every song, and
# its tags where it has any; no key need name them.
EXTRACTED = "data/raw/audio_features.csv"  # from extract
TAGS = {"artist": "artist", "title": "title", "album": "album"}


@dataclass(frozen=True)
class Input:
    """Where the songs are."""

    table: str  # path of a CSV or Parquet file
    id: str | None  # column that names a song
    name: str | None  # column with what people call a song
    keep: dict[str, str]  # columns that go along, by what they are called
    label: str | None  # column with the known genre
    columns: Columns  # by feature; None: left out
    features: Descriptions  # what people read of those that are not ours
    second_reading: SecondReading


@dataclass(frozen=True)
class Preprocess:
    """What to do with songs and features that a mixture cannot use."""

    missing: Literal["drop", "place", "error"]
    duplicates: Literal["keep", "drop"]
    collinear: Literal["error", "drop", "keep"]
    spread: list[str]  # features whose spikes are spread
    seed: Annotated[int, Range(0, 2**32 - 1)]  # of the spreading
    transform: dict[str, Transform]  # of each feature that is named, before standardizing


def read_source_params() -> Input:
    """Read what section `input` says of the table; its other keys are the sources'."""
    table = read_param("input", "table", str)
    reading = SecondReading(*(read_param("input", name, str | None) for name in READING))
    name, keep = read_param("input", "name", str | None), read_param("input", "keep", Columns)
    columns = read_param("input", "columns", Columns)
    if table == EXTRACTED and reading.tempo_other is None:
        reading = SecondReading(*READING)
    if table == EXTRACTED:
        name, keep = name or "name", TAGS | keep
    return Input(
        table=table,
        id=read_param("input", "id", str | None),
        name=name,
        keep=kept_columns(keep, columns),
        label=read_param("input", "label", str | None),
        columns=columns,
        features=read_param("input", "features", Descriptions),
        second_reading=reading,
    )


def transforms_of(
    features: Features, given: Mapping[str, Transform], columns: Columns
) -> dict[str, Transform]:
    """Return each feature's transform: the one that is given, else what is known of it.

    Raises StageError where one is given to what is no feature.
    """
    check_known(given, columns, "preprocess.transform")
    return {name: given.get(name, one.transform) for name, one in features.items()}


def read_songs(source: Input, features: Features) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the songs as they are fitted, and what goes along with each.

    The first has song, genre (where known) and the features as numbers, NaN where not one; where
    the table has a second reading of the tempo, its two columns are the last. The second has the
    name, what people call a song, "" where the table does not say it, and the kept columns as text.
    Tags that no song has are left out.
    """
    columns = {name: str(source.columns[name]) for name in features}
    names = {
        "id": source.id,
        "name": source.name,
        "label": source.label,
        **asdict(source.second_reading),
    }
    wanted = {column: f"input.columns.{feature}" for feature, column in columns.items()}
    wanted |= {column: f"input.keep.{key}" for key, column in source.keep.items()}
    wanted |= {column: f"input.{key}" for key, column in names.items() if column is not None}
    table = read_source_table(Path(source.table), wanted)
    table = table.reset_index(drop=True)
    songs = {"song": row_names(len(table)) if source.id is None else as_names(table[source.id])}
    unnamed = pd.Series("", index=table.index)
    kept = pd.DataFrame({key: as_names(table[column]) for key, column in source.keep.items()})
    given = unnamed if source.name is None else as_names(table[source.name])
    if source.label is not None:
        songs["genre"] = as_names(table[source.label])
    readings = {name: str(names[name]) for name in READING if names[name] is not None}
    for name, column in (columns | readings).items():
        songs[name] = as_numbers(table[column])
        check_commas(Path(source.table), column, table[column], songs[name])
    if source.table == EXTRACTED:
        kept = kept.drop(columns=[key for key in TAGS if key in kept and (kept[key] == "").all()])
    return pd.DataFrame(songs), pd.DataFrame({"name": called(given, kept), **kept})


def song_details(
    songs: pd.DataFrame, found: pd.DataFrame, features: Features, *, have_ids: bool
) -> pd.DataFrame:
    """Return song, name and kept columns of the songs that are fitted, a name for each.

    A song without a name goes by its id; without an id by its row and a few of its values.

    Parameters
    ----------
    songs : those that are fitted, with their rows in the user's table as the index
    found : what the table says of all of its songs
    features : those that are fitted, with decimals
    have_ids : whether the table has a column of ids, or songs go by their row numbers
    """
    details = found.loc[songs.index]
    names = details["name"]
    if have_ids:
        names = names.where(names != "", songs["song"])
    unnamed = songs[names == ""]
    names = names.mask(names == "", pd.Series(rows_described(unnamed, features), unnamed.index))
    return details.assign(name=names.astype("str")).join(songs["song"])[["song", *details]]


def check_songs_left(songs: pd.DataFrame, reasons: pd.Series) -> None:
    """Raise a StageError where no song is left, and say where they went."""
    if (reasons == "").any():
        return
    values = songs.drop(columns=["song", "genre", *READING], errors="ignore")
    worst = values.isna().sum().idxmax()
    cause = f", most for {worst}" if values[worst].isna().any() else ""
    raise StageError(
        f"no song is left; dropped were {counted(reasons)}{cause}: "
        f"is that the right column, see input.columns.{worst}?"
    )


def counted(reasons: pd.Series) -> str:
    """Return how many songs are dropped for which reason, in words."""
    counts = reasons[reasons != ""].value_counts()
    return ", ".join(f"{count} {reason}" for reason, count in counts.items()) or "none"


def making(source: Input, features: Features, fitted: Sequence[str]) -> Making:
    """Return what the features that are fitted were made of, and what they can be."""
    return Making(
        table=source.table,
        made_by=making_of(Path(source.table)),
        id=source.id,
        name=source.name,
        columns={name: str(source.columns[name]) for name in fitted},
        ranges={name: features[name].range for name in fitted},
    )


def transform_alone(transform: Mapping[str, Transform], squeeze: Mapping[str, int]) -> Scaling:
    """Return the transforms and squeezes of all features without standardizing."""
    d = len(transform)
    return Scaling(tuple(transform), tuple(transform.values()), np.zeros(d), np.ones(d), squeeze)


def tempo_readings(songs: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """Return song, tempo_other and tempo_other_share of the songs that are kept, or no row.

    There is none where tempo is no feature that is fitted, or has no second reading.
    """
    if "tempo" in features and set(READING) <= set(songs):
        return second_readings(songs)
    return songs[["song"]].head(0).assign(**dict.fromkeys(READING, 0.0))


def scaling_of(
    songs: pd.DataFrame,
    features: list[str],
    transform: dict[str, Transform],
    squeeze: Mapping[str, int],
) -> Scaling:
    """Return the standardization of the transformed features of songs.

    Parameters
    ----------
    songs : in original units
    features : those that are fitted
    transform : of each, and of others
    squeeze : what squeeze_of() returned of the songs before any spike was spread
    """
    squeeze = {name: n for name, n in squeeze.items() if name in features}
    values = transformed_features(squeezed(songs, squeeze), features, transform)
    # Each feature in one piece, which NumPy sums in pairs: the digits of StandardScaler.
    values = np.asfortranarray(values)
    transforms = tuple(transform[feature] for feature in features)
    return Scaling(tuple(features), transforms, values.mean(axis=0), values.std(axis=0), squeeze)


def summarize(
    songs: pd.DataFrame,
    kept: pd.DataFrame,
    scaling: Scaling,
    values: pd.DataFrame,
    checks: pd.DataFrame,
) -> dict[str, float]:
    """Return the stage's metrics.

    Parameters
    ----------
    songs : as they were read
    kept : those that are fitted, spikes spread where that was asked for
    scaling : the standardization of the kept features
    values : what feature_values() returns of the kept songs
    checks : what feature_checks() returns of them
    """
    features = list(scaling.features)
    return {
        "songs_read_count": len(songs),
        "songs_kept_count": len(kept),
        "songs_dropped_count": len(songs) - len(kept),
        "repeated_ids_count": int(kept["song"].duplicated().sum()),
        "duplicate_songs_count": int(kept.duplicated(features).sum()),
        "features_count": len(features),
        "few_distinct_features_count": int(values["few_values"].sum()),
        "spike_features_count": int(values["spike"].sum()),
        "spread_songs_count": int(checks["spread_songs"].sum()),
        "max_feature_r_squared": checks["r_squared"].max(),
        "genres_count": kept["genre"].replace("", np.nan).nunique() if "genre" in kept else 0,
        "correlation_condition": condition_number(scaling.standardize(kept)),
    }


def feature_checks(values: FloatArray, features: list[str], spread: pd.DataFrame) -> pd.DataFrame:
    """Return a row per feature: how far others explain it, what was spread of it, and warnings.

    Parameters
    ----------
    values : features after their transforms, (N, d)
    features : their names
    spread : what spread_spikes() returned of some of them
    """
    found = redundancy(values, features).merge(spread, on="feature", how="left")
    return found.fillna({"spread_songs": 0, "spread": ""}).astype({"spread_songs": int})


def warnings_of(
    values: pd.DataFrame, checks: pd.DataFrame, given: Sequence[str], spread: Sequence[str]
) -> list[str]:
    """Return what may spoil the result and what helps, a sentence each.

    Parameters
    ----------
    values : what feature_values() returns of the kept features
    checks : what feature_checks() returns of them
    given : all features
    spread : those whose spikes are spread
    """
    dropped = [
        f"warning: {name} is dropped, for other features determine it"
        for name in given
        if name not in set(values["feature"])
    ]
    collapsing = [
        f"warning: {row['warning']}: a component may collapse onto one value; give a column with "
        "finer values, leave these songs out, or run "
        f"`{cure(row['feature'], row['spike'], spread)}`"
        for row in values.to_dict("records")
        if row["warning"]
    ]
    redundant = [
        f"warning: {row['warning']}; `{leave_out_line(row['feature'])}` leaves one of them out"
        for row in checks.to_dict("records")
        if row["warning"]
    ]
    changed = [f"warning: {said}" for said in checks["spread"] if said]
    return dropped + collapsing + redundant + changed


def repeated(songs: pd.DataFrame) -> list[str]:
    """Return the warning that some ids stand in more than one row, none where all differ.

    `songs` has their rows in the table as its index.
    """
    again = songs.loc[songs["song"].duplicated(keep=False) & (songs["song"] != ""), "song"]
    if again.empty:
        return []
    first = again.iloc[0]
    rows = again.index[again == first]
    said = (
        f"warning: {again.nunique():,} songs stand in more than one row, the first {first!r} in "
        f"rows {rows[0]} and {rows[1]} counted from 0; each row counts as a song, so these weigh "
        "more: preprocess.duplicates: drop leaves out rows with equal features, and "
        "`pandas.read_csv(path, dtype=str).drop_duplicates('column')` keeps one row of each"
    )
    return [said]


def nameless(source: Input) -> list[str]:
    """Return the line that says how songs get names, none where they have some or none is found."""
    if source.name is not None or "title" in source.keep:
        return []
    named = [source.id, source.label, *source.columns.values(), *source.keep.values()]
    line = proposal(Path(source.table), [column for column in named if column is not None])
    shown = "the row number" if source.id is None else f"column {source.id!r}"
    said = (
        f"lists of songs show {shown}, for nothing names the songs; other columns look like names: "
        f"write `{line}` into section input of params.yaml, and nothing is fitted again"
    )
    return [said] if line else []


def outcome(reasons: pd.Series, features: list[str], incomplete: int) -> str:
    """Return the line that says what came out; `incomplete` songs are placed later on."""
    kept = (reasons == "").sum()
    placed = f", of which {incomplete} are placed by what is known of them" * (incomplete > 0)
    return (
        f"{kept} of {len(reasons)} songs kept (dropped: {counted(reasons)}{placed}); features "
        f"{', '.join(features)}"
    )


def main() -> None:
    """Read the user's table; write the clean one, its scaling and the list of the dropped."""
    tables = read_params("tables", Tables)
    source = read_source_params()
    parameters = read_params("preprocess", Preprocess)
    described = features_of(source.columns, source.features)
    transform = transforms_of(described, parameters.transform, source.columns)

    songs, along = read_songs(source, described)
    reasons = drop_reasons(songs, described, parameters.duplicates)
    check_missing(songs, reasons, parameters.missing)
    found = songs[reasons == ""]
    check_songs_left(songs, reasons)
    check_constant(found, list(transform))
    check_untransformable(found, transform)
    check_spikes(found, transform, parameters.spread)
    squeeze = squeeze_of(found, transform)
    kept, spread = spread_spikes(
        found, parameters.spread, transform_alone(transform, squeeze), parameters.seed
    )
    inside = squeezed(kept, squeeze)
    features = independent_features(inside, transform, parameters.collinear)
    readings = tempo_readings(kept, features)
    made = making(source, described, features)
    scaling = scaling_of(kept, features, transform, squeeze)

    deviations = {name: float(found[name].std(ddof=0)) for name in transform}
    values = feature_values(kept, features)
    checks = feature_checks(scaling.standardize(kept), features, spread)
    warned = warnings_of(values, checks, list(transform), parameters.spread)
    written = with_decimals(described, deviations)
    details = song_details(
        kept, along, {name: written[name] for name in features}, have_ids=source.id is not None
    )
    for line in repeated(kept) + warned + nameless(source):
        say(line)
    unfit = (reasons != "") & (reasons != "duplicate") & (parameters.missing == "place")
    names = along["name"].where(along["name"] != "", songs["song"])
    incomplete = incomplete_songs(songs.assign(name=names)[unfit], described, scaling)
    unused = [name for name in kept if name in {*transform, *READING} - set(features)]
    tables.write(FEATURES_SELECTED, kept.drop(columns=unused), digits=None)
    tables.write(SONG_DETAILS, details)
    tables.write(TEMPO_READINGS, readings, digits=None)
    tables.write(INCOMPLETE, incomplete, digits=None)
    tables.write(SONGS_DROPPED, songs[["song"]].assign(reason=reasons)[reasons != ""])
    tables.write(FEATURE_VALUES, values)
    tables.write(FEATURE_CHECKS, checks)
    write_json(FEATURES, to_json(written))
    write_json(SCALING, scaling.to_json())
    write_json(MAKING, made.to_json())
    write_json(AXES, Plane.through(kept, scaling).to_json())
    write_metrics(METRICS, summarize(songs, kept, scaling, values, checks))
    say(outcome(reasons, features, len(incomplete)))


if __name__ == "__main__":
    run(main)
