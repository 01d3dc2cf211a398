"""Entropy, margin, the ambiguous, the surest and the least sure."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from song_mixtures.mixture.uncertainty import margin
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.tables import read_table, write_table
from song_mixtures.suspects.kinds import DUPLICATE, LABEL, NOWHERE, OCTAVE, rows
from stages import uncertainty

POSTERIOR = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.6, 0.1, 0.3], [1 / 3, 1 / 3, 1 / 3]])


def test_margin_by_hand() -> None:
    np.testing.assert_allclose(margin(POSTERIOR), [1.0, 0.0, 0.3, 0.0], atol=1e-15)


def test_each_song_rated_by_hand() -> None:
    rated = uncertainty.evaluate_songs(POSTERIOR, ambiguous_margin=0.31)
    entropy_of_third = -(0.6 * np.log(0.6) + 0.1 * np.log(0.1) + 0.3 * np.log(0.3))
    expected = [0.0, np.log(2), entropy_of_third, np.log(3)]
    np.testing.assert_allclose(rated["gmm_entropy"], expected)
    np.testing.assert_allclose(rated["gmm_entropy_share"], np.array(expected) / np.log(3))
    assert rated["gmm_ambiguous"].tolist() == [0, 1, 1, 1]
    assert rated["gmm_max_prob"].tolist() == [1.0, 0.5, 0.6, 1 / 3]


def rated_songs() -> pd.DataFrame:
    songs = pd.DataFrame({"song": list("abcd"), "genre": ["x", "x", "", "y"]})
    labels = pd.DataFrame({"gmm_cluster": [0, 0, 0, 2]})
    averaged = pd.DataFrame(
        {
            "averaged_prob_0": [0.9, 0.8, 0.5, 0.0],
            "averaged_prob_1": [0.1, 0.2, 0.2, 0.0],
            "averaged_prob_2": [0.0, 0.0, 0.3, 1.0],
            "averaged_entropy": [0.33, 0.50, 1.03, 0.0],
            "typicality": [0.5, 0.9, 0.9, 0.0],
            "density_p_value": [0.2, 0.9, 0.01, 0.0099],
        }
    )
    rated = uncertainty.evaluate_songs(POSTERIOR, ambiguous_margin=0.2)
    return songs.join([labels, averaged, rated])


def test_the_surest_are_in_the_middle_and_the_least_sure_have_the_highest_entropy() -> None:
    ends = uncertainty.extremes(rated_songs(), 2, 0.01)
    found = list(zip(ends["end"], ends["song"], strict=True))
    # 0.8 * 0.9 before 0.5 * 0.9 = 0.9 * 0.5, which stay in the table's order.
    assert found == [("surest", "b"), ("surest", "a"), ("least sure", "c"), ("least sure", "b")]


def test_a_song_far_from_everything_is_never_called_sure() -> None:
    songs = rated_songs().assign(typicality=1.0)  # d: posterior 1, and belongs nowhere
    ends = uncertainty.extremes(songs, 10, 0.01)
    assert ends[ends["end"] == "surest"]["song"].tolist() == ["a", "b", "c"]
    assert ends[ends["end"] == "least sure"]["song"].tolist() == ["c", "b", "a", "d"]


ASSIGNED = pd.DataFrame(
    {
        "gmm_cluster": [0, 1, 1, 0],
        "tempo_other": 200.0,
        "tempo_other_share": [0.45, 0.6, 0.3, 0.5],
        "tempo_other_cluster": [1, 0, 0, 0],
    }
)


def test_a_song_hangs_on_the_octave_where_a_likely_reading_moves_it() -> None:
    hanging = uncertainty.octave_rows(ASSIGNED, 0.4)
    # The likeliest first; the other reading of 2 is unlikely, that of 3 changes nothing.
    assert hanging["row"].tolist() == [1, 0]
    assert hanging["score"].tolist() == pytest.approx([0.4, 0.55])
    assert hanging["reason"].iloc[0] == (
        "at 200 BPM (60% likely) it would be of component 0, not 1"
    )


def test_without_second_readings_no_song_hangs_on_the_octave() -> None:
    assert uncertainty.octave_rows(ASSIGNED[["gmm_cluster"]], 0.4).empty


def test_reasons_of_all_kinds_stand_in_their_order() -> None:
    kinds = [LABEL, DUPLICATE, DUPLICATE, NOWHERE]
    found = pd.concat(
        [rows(kind, np.array([row]), np.array([0.0]), [""]) for row, kind in enumerate(kinds)]
    )
    ordered = uncertainty.by_kind(pd.concat([found, uncertainty.octave_rows(ASSIGNED, 0.5)]))
    assert ordered["kind"].tolist() == [DUPLICATE, DUPLICATE, NOWHERE, OCTAVE, LABEL]
    assert ordered["row"].tolist() == [1, 2, 3, 1, 0]
    details = pd.DataFrame({"song": list("abcd"), "name": list("ABCD")})
    table = uncertainty.suspicious(ordered, details, pd.Series([""] * 4))
    assert list(zip(table["song"], table["kind"], strict=True)) == [
        ("b", DUPLICATE),
        ("c", DUPLICATE),
        ("d", NOWHERE),
        ("b", OCTAVE),
        ("a", LABEL),
    ]


DETAILS = pd.DataFrame({"song": list("abc"), "name": list("ABC"), "uri": list("xyz")})


def test_a_reason_to_look_at_a_song_stands_beside_its_name_and_what_is_kept_of_it() -> None:
    found = pd.DataFrame(
        {
            "row": [2, 1],
            "kind": ["near-duplicate", "octave"],
            "score": [0.0, 0.5],
            "reason": ["equal in every feature", "at 200 BPM"],
            "other_row": [0, -1],
        }
    )
    table = uncertainty.suspicious(found, DETAILS, pd.Series(["", "tempo", "energy"]))
    pair, octave = table.to_dict("records")
    assert pair == {
        "song": "c",
        "name": "C",
        "uri": "z",
        "kind": "near-duplicate",
        "score": 0.0,
        "reason": "equal in every feature",
        "other_song": "a",
        "other_name": "A",
        "deciding_feature": "energy",
    }
    assert (octave["song"], octave["other_song"], octave["other_name"]) == ("b", "", "")


def test_without_a_reason_to_look_at_any_song_the_table_has_its_columns_and_no_row(
    tmp_path: Path,
) -> None:
    columns = ["row", "kind", "score", "reason", "other_row"]
    write_table(tmp_path / "suspects.csv", pd.DataFrame(columns=columns))
    found = read_table(tmp_path / "suspects.csv")
    table = uncertainty.suspicious(found, DETAILS, pd.Series(["", "tempo", "energy"]))
    assert table.empty
    assert list(table)[:5] == ["song", "name", "uri", "kind", "score"]


def test_by_component_and_by_genre_by_hand() -> None:
    components = uncertainty.by_group(rated_songs(), "gmm_cluster").set_index("gmm_cluster")
    assert components["songs"].to_dict() == {0: 3, 2: 1}
    assert components.loc[0, "ambiguous_share"] == pytest.approx(1 / 3)
    genres = uncertainty.by_group(rated_songs(), "genre").set_index("genre")
    assert genres["songs"].to_dict() == {"x": 2, "y": 1}
    assert genres.loc["x", "mean_entropy"] == pytest.approx(np.log(2) / 2)


def test_the_stability_of_a_component_stands_in_its_own_row() -> None:
    components = uncertainty.by_group(rated_songs(), "gmm_cluster")  # 0 and 2: no song is in 1
    stability = pd.DataFrame(
        {"component": [0, 1, 2], "jaccard": [0.9, 0.5, 0.7], "jaccard_se": [0.01, 0.02, 0.03]}
    )
    table = uncertainty.beside_stability(components, stability).set_index("gmm_cluster")
    assert table["comes_back"].to_dict() == {0: "yes (0.90 ± 0.01)", 2: "partly (0.70 ± 0.03)"}
    assert table["songs"].to_dict() == {0: 3, 2: 1}


def test_without_genres_the_table_by_genre_has_its_columns_and_no_row() -> None:
    table = uncertainty.by_group(rated_songs().drop(columns="genre"), "genre")
    assert list(table.columns) == [
        "genre",
        "songs",
        "mean_entropy",
        "mean_margin",
        "ambiguous_share",
    ]
    assert table.empty


def test_the_written_table_has_the_notebooks_columns(finished: Path) -> None:
    songs = read_table(finished / uncertainty.ASSIGNMENTS)
    metrics = read_json(finished / uncertainty.METRICS)
    assert {"gmm_cluster", "gmm_prob_0", "gmm_prob_2", "gmm_entropy"} <= set(songs.columns)
    words = read_table(finished / uncertainty.MEANS)["profile"]
    assert words.nunique() == 3
    assert songs["gmm_words"].tolist() == words[songs["gmm_cluster"]].tolist()
    assert metrics["mean_entropy_nats"] == pytest.approx(songs["gmm_entropy"].mean(), rel=1e-7)
    assert metrics["ambiguous_songs_count"] == songs["gmm_ambiguous"].sum()
    assert metrics["ambiguous_songs_share"] == pytest.approx(
        songs["gmm_ambiguous"].mean(), rel=1e-7
    )
