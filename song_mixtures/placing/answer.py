"""What a run says of songs, one record each, and its three forms: text, CSV, JSON."""

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from song_mixtures.mixture.uncertainty import margin
from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.placing.given import Given, own_rows
from song_mixtures.placing.known import Nearest
from song_mixtures.placing.posteriors import Placed
from song_mixtures.placing.run import DECIMALS, Run

MOST_EQUAL = 5  # songs equal in every feature, among which a song's own is looked for
LEAST_SHOWN = 0.05  # averaged posterior of a component that the text names
Record = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a run says of M given songs."""

    run: Run
    given: Given
    rows: list[int | None]  # which song of the run each is, None where it is new
    placed: Placed  # posteriors to DECIMALS
    values: FloatArray  # features in original units, (M, d), NaN where missing
    p_values: FloatArray  # (M,), NaN where not known
    nearest: Nearest  # of each, itself left out
    words: Sequence[str]  # of the components, (K,)
    margins: FloatArray  # of the averaged posteriors, (M,)
    ambiguous: list[bool]
    nowhere: list[bool]  # belongs nowhere

    def records(self) -> Iterator[Record]:
        """Yield all that is known of each song."""
        known = self.run.known
        for i, song in enumerate(self.given.songs):
            yield {
                "song": song,
                "name": self.given.names[i],
                "song_of_the_run": None if (row := self.rows[i]) is None else known.ids[row],
                "gmm_cluster": (component := int(self.placed.posterior[i].argmax())),
                "gmm_words": self.words[component],
                "components": self._components(i),
                "averaged_max_prob": float(self.placed.averaged[i].max()),
                "averaged_margin": digits(self.margins[i]),
                "averaged_ambiguous": int(self.ambiguous[i]),
                "averaged_entropy": digits(self.placed.entropy[i]),
                "mutual_information": digits(self.placed.mutual_information[i]),
                "kept_share": digits(self.placed.kept_share[i]),
                "density_p_value": digits(self.p_values[i]),
                "belongs_nowhere": int(self.nowhere[i]),
                "features": {
                    name: digits(value)
                    for name, value in zip(self.run.features, self.values[i], strict=True)
                },
                "missing_features": self.missing(i),
                "nearest": list(self._neighbors(i)),
            }

    def missing(self, i: int) -> list[str]:
        """Return the features that are missing of a song."""
        pairs = zip(self.run.features, self.values[i], strict=True)
        return [name for name, value in pairs if math.isnan(value)]

    def _components(self, i: int) -> list[Record]:
        both = zip(self.placed.posterior[i], self.placed.averaged[i], strict=True)
        return [
            {
                "component": k,
                "words": self.words[k],
                "gmm_prob": float(own),
                "averaged_prob": float(averaged),
            }
            for k, (own, averaged) in enumerate(both)
        ]

    def _neighbors(self, i: int) -> Iterator[Record]:
        known = self.run.known
        for row, distance in zip(self.nearest.rows[i], self.nearest.distances[i], strict=True):
            if row >= 0:
                component = int(known.components[row])
                yield {
                    "song": known.ids[row],
                    "name": known.names[row],
                    "genre": known.genres[row],
                    "gmm_cluster": component,
                    "gmm_words": self.words[component],
                    "distance": digits(distance),
                }


def answer(run: Run, given: Given, neighbors: int) -> Answer:
    """Return what a run says of songs.

    Parameters
    ----------
    run : the run
    given : the songs
    neighbors : how many of the nearest songs are named, 0 or more
    """
    near = run.known.nearest(given.points, max(neighbors + 1, MOST_EQUAL))
    rows = own_rows(run.known, given, near)
    placed = run.place_points(given.points)
    placed = replace(
        placed,
        posterior=placed.posterior.round(DECIMALS),
        averaged=placed.averaged.round(DECIMALS),
    )
    p_values = run.judges.p_values(given.points)
    own = [i for i, row in enumerate(rows) if row is not None]
    if own:
        # Folds have seen a song of the run, all but its own; and the table has its digits.
        columns = {"density_p_value", "kept_share"}
        said = run.known.said_of(np.array([rows[i] for i in own]), columns)
        p_values[own], placed.kept_share[own] = said["density_p_value"], said["kept_share"]
    margins = margin(placed.averaged)
    ambiguous_margin = run.threshold("uncertainty", "ambiguous_margin")
    nowhere_below = run.threshold("suspects", "nowhere_below")
    return Answer(
        run,
        given,
        rows,
        placed,
        originals(run, given.points),
        p_values,
        without_itself(near, rows, neighbors),
        run.words(),
        margins,
        (margins < ambiguous_margin).tolist(),
        (p_values < nowhere_below).tolist(),
    )


def originals(run: Run, points: FloatArray) -> FloatArray:
    """Return features in original units, (M, d), NaN where one is missing."""
    if not len(points):
        return points
    return run.scaling.original_units(points)


def without_itself(found: Nearest, rows: Sequence[int | None], count: int) -> Nearest:
    """Return the `count` nearest songs of the run to each song, of more, without itself.

    `rows` says which song of the run each is, None where it is a new one.
    """
    itself: IntArray = np.array([-2 if row is None else row for row in rows], dtype=np.int64)
    # Its own place moves to the end, where it is cut off; without one the farthest is.
    order = np.argsort(found.rows == itself[:, None], axis=1, kind="stable")[:, :count]
    return Nearest(
        np.take_along_axis(found.rows, order, axis=1),
        np.take_along_axis(found.distances, order, axis=1),
    )


def digits(value: float) -> float | None:
    """Return a number to 8 significant digits, as tables have it; None where it is not known."""
    return None if math.isnan(value) else float(f"{value:.8g}")


# ---- forms


def as_json(records: Iterator[Record], faults: Sequence[str]) -> str:
    """Return everything, and what could not be used."""
    content = {"songs": list(records), "not_placed": list(faults)}
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


def as_csv(records: Iterator[Record], k: int) -> str:
    """Return a row per song, with the columns that gmm_cluster_assignments has, and the nearest."""
    text = io.StringIO()
    posteriors = [f"{kind}_prob_{j}" for kind in ("gmm", "averaged") for j in range(k)]
    columns = [*FIRST, *posteriors, *SAID, "missing_features", "nearest_song", "nearest_distance"]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for record in records:
        row = [record[column] for column in FIRST]
        for kind in ("gmm_prob", "averaged_prob"):
            row += [shortest(one[kind]) for one in record["components"]]
        row += [shortest(record[column]) for column in SAID]
        nearest = record["nearest"][0] if record["nearest"] else {}
        row.append(" ".join(record["missing_features"]))
        row += [nearest.get("song", ""), shortest(nearest.get("distance"))]
        writer.writerow(row)
    return text.getvalue().rstrip("\n")


FIRST = ("song", "name", "gmm_cluster", "gmm_words")
SAID = (
    "averaged_entropy", "mutual_information", "kept_share", "density_p_value",
    "averaged_max_prob", "averaged_ambiguous", "belongs_nowhere",
)  # fmt: skip


def shortest(value: float | None) -> str:
    """Return a number as tables have it, `0` for 0; "" where it is not known."""
    return "" if value is None else f"{value:.8g}"


def as_text(records: Iterator[Record]) -> str:
    """Return a paragraph for each song."""
    return "\n\n".join("\n".join(paragraph(record)) for record in records)


def paragraph(record: Record) -> Iterator[str]:
    """Yield the lines that say of a song what it is most like, and how sure that is."""
    known = record["song_of_the_run"]
    yield record["name"] + (f" (in the run: {known})" if known is not None else "")
    shown = sorted(record["components"], key=lambda one: -float(one["averaged_prob"]))
    parts = [
        f"{one['averaged_prob']:.0%} component {one['component']} ({one['words']})"
        for one in shown
        if one["averaged_prob"] >= LEAST_SHOWN
    ]
    yield f"  groups     {'; '.join(parts)}"
    ambiguous = "" if record["averaged_ambiguous"] else "not "
    yield (
        f"  how sure   {ambiguous}ambiguous, the best group leads by "
        f"{record['averaged_margin']:.0%}; entropy {record['averaged_entropy']:.2f} nats, of "
        f"which refits differ in {record['mutual_information']:.2f}; component "
        f"{record['gmm_cluster']} in {record['kept_share']:.0%} of refits"
    )
    yield f"  belongs    {belongs(record)}"
    if record["missing_features"]:
        yield f"  missing    {', '.join(record['missing_features'])}: integrated out, not guessed"
    if record["nearest"]:
        yield f"  nearest    {'; '.join(neighbor(one) for one in record['nearest'])}"


def belongs(record: Record) -> str:
    """Return whether a song belongs anywhere, in words."""
    p = record["density_p_value"]
    if p is None:
        return "not known: a feature is missing"
    verdict = "nowhere: " if record["belongs_nowhere"] else ""
    return f"{verdict}p-value {p:.2g}, the share of songs like the run's that lie as far out"


def neighbor(one: Mapping[str, Any]) -> str:
    """Return a known song with its component, genre and distance."""
    genre = f"{one['genre']}, " if one["genre"] else ""
    return f"{one['name']} ({genre}component {one['gmm_cluster']}, {one['distance']:.2f})"
