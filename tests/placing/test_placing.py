"""A new song is placed by the run's own numbers, and a song of the run gets what the table says."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
from scipy.integrate import quad
from scipy.spatial.distance import cdist

from song_mixtures.mixture.model import posteriors
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.stage import StageError
from song_mixtures.placing.density import Judges
from song_mixtures.placing.given import Gathering, Given, own_rows
from song_mixtures.placing.known import nearest_rows
from song_mixtures.placing.run import Run, load_run
from song_mixtures.suspects.strangers import Fold
from tests.conftest import (
    DEMO,
    FEATURES,
    ROOT,
    STAGES,
    lay_out,
    made_once,
    make_songs,
    run_stages,
    write_params,
)
from tests.forking import forking_commands

# Of written posteriors: half of their last digit, and what two ways to compute them round.
LAST_DIGIT = 0.5e-6 + 1e-9


def place(
    run: Path, *words: str, code: int = 0, here: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command as people do, in the run's folder or from `here`."""
    where = [] if here is None else ["--run", str(run)]
    done = subprocess.run(
        [forking_commands() / "python", "-m", "song_mixtures.placing", *words, *where],
        cwd=here or run,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


def rows(done: subprocess.CompletedProcess[str]) -> pd.DataFrame:
    """Return what --csv printed."""
    names = {"song": str, "name": str, "missing_features": str, "nearest_song": str}
    return pd.read_csv(io.StringIO(done.stdout), dtype=names, keep_default_na=False, na_values=[""])


def records(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Return the songs that --json printed."""
    found: list[dict[str, Any]] = json.loads(done.stdout)["songs"]
    return found


SAID = [
    "averaged_entropy", "mutual_information", "kept_share", "density_p_value",
    "averaged_max_prob", "averaged_ambiguous", "gmm_cluster",
]  # fmt: skip


def assert_as_the_table_says(found: pd.DataFrame, table: pd.DataFrame) -> None:
    assert len(found) == len(table)
    for kind in ("gmm_prob_", "averaged_prob_"):
        written = table.filter(like=kind)
        np.testing.assert_allclose(found[list(written)], written, rtol=0, atol=LAST_DIGIT)
    for column in SAID:
        np.testing.assert_allclose(found[column], table[column], rtol=2e-8, atol=1e-12)


@pytest.fixture(scope="module")
def run(finished: Path) -> Run:
    return load_run(finished)


@pytest.fixture(scope="module")
def table(finished: Path) -> pd.DataFrame:
    return pd.read_csv(finished / "data/processed/gmm_cluster_assignments.csv")


def test_songs_of_the_table_get_what_the_table_says(finished: Path, table: pd.DataFrame) -> None:
    found = rows(place(finished, "data/raw/songs.csv", "--csv"))
    assert list(found["song"]) == list(table["song"])
    assert_as_the_table_says(found, table)


def test_a_song_by_its_name_gets_what_the_table_says_and_is_not_its_own_neighbor(
    finished: Path, table: pd.DataFrame
) -> None:
    asked = ["calm.00007.wav", "loud.00200.wav", "DANCE.00100"]
    done = place(finished, *asked, "--csv")
    wanted = table.set_index("song").loc[["calm.00007.wav", "loud.00200.wav", "dance.00100.wav"]]
    found = rows(done)
    assert list(found["song"]) == list(wanted.index)
    assert_as_the_table_says(found, wanted.reset_index())
    assert (found["song"] != found["nearest_song"]).all()
    assert (found["nearest_distance"] > 0).all()


def run_on_audio(folder: Path) -> None:
    lay_out(folder, {})
    changes = {"demo.n_songs": 60, "choose_k.n_components": 2, "k_sweep.k_max": 2}
    write_params(folder, DEMO | changes | {"stability.n_components": [2]})
    run_stages(folder, "input", "demo", "extract", *STAGES[1:])


@pytest.fixture(scope="session")
def finished_audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every stage has run on 60 synthetic songs."""
    return made_once(tmp_path_factory, "finished_audio", run_on_audio)


def test_songs_of_the_run_from_audio_get_what_the_table_says(finished_audio: Path) -> None:
    table = pd.read_csv(finished_audio / "data/processed/gmm_cluster_assignments.csv")
    found = rows(place(finished_audio, "data/raw/demo_audio", "--csv"))
    assert [name.removeprefix("data/raw/demo_audio/") for name in found["song"]] == list(
        table["song"]
    )
    assert_as_the_table_says(found, table)


def test_the_table_that_extract_has_made_is_of_the_runs_making(finished_audio: Path) -> None:
    found = rows(place(finished_audio, "data/raw/audio_features.csv", "--csv"))
    table = pd.read_csv(finished_audio / "data/processed/gmm_cluster_assignments.csv")
    assert_as_the_table_says(found, table)


def test_what_cannot_be_used_is_named_in_a_line_and_the_rest_goes_on(
    finished_audio: Path, tmp_path: Path
) -> None:
    song = next((finished_audio / "data/raw/demo_audio").glob("*/*.flac"))
    shutil.copy(song, tmp_path / "song.flac")
    (tmp_path / "broken.wav").write_text("no music")
    (tmp_path / "other.m4a").write_text("no music")
    soundfile.write(tmp_path / "silent.wav", np.zeros(22050 * 4), 22050)
    soundfile.write(tmp_path / "short.wav", np.ones(100), 22050)
    names = ["broken.wav", "other.m4a", "silent.wav", "short.wav", "no such song"]
    done = place(finished_audio, "song.flac", *names, "--csv", code=1, here=tmp_path)
    assert list(rows(done)["song"]) == ["song.flac"]
    lines = done.stderr.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [["placing", name] for name in names]
    assert "does not decode" in lines[0]
    assert "ffmpeg" in lines[1]
    assert "silent" in lines[2]
    assert "too short" in lines[3]
    done = place(finished_audio, ".", "--json", code=1, here=tmp_path)
    assert [one["song"] for one in records(done)] == ["song.flac"]
    assert len(json.loads(done.stdout)["not_placed"]) == 4


# ---- makings


def test_audio_is_refused_by_a_run_of_a_table(finished: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.ones(22050), 22050)
    done = place(finished, "a.wav", code=1, here=tmp_path)
    assert done.stdout == ""
    assert done.stderr.startswith("placing: a.wav: this run is of the table data/raw/songs.csv")
    assert len(done.stderr.splitlines()) == 1


def test_a_table_of_another_making_is_refused(
    finished: Path, finished_audio: Path, tmp_path: Path
) -> None:
    table = finished / "data/raw/songs.csv"
    said = place(finished_audio, str(table), code=1).stderr
    assert "made by 'extract 1, 30 s', and its own do not say how they are made" in said
    extracted = finished_audio / "data/raw/audio_features.csv"
    said = place(finished, str(extracted), code=1).stderr
    assert "those of data/raw/songs.csv, and its own are made by 'extract 1, 30 s'" in said
    mixed = pd.read_csv(extracted)
    mixed.loc[3, "features_made_by"] = "extract 1, 10 s"
    mixed.to_csv(tmp_path / "mixed.csv", index=False)
    said = place(finished_audio, str(tmp_path / "mixed.csv"), code=1).stderr
    assert "has 'extract 1, 10 s' and 'extract 1, 30 s'" in said


def test_audio_is_refused_where_the_code_measures_otherwise_than_for_the_run(
    finished_audio: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("song_mixtures.audio.version.FEATURES_VERSION", 2)
    gathering = Gathering(load_run(finished_audio))
    gathering.add(str(finished_audio / "data/raw/demo_audio"))
    [fault] = gathering.faults
    assert "made by 'extract 1, 30 s', this code makes 'extract 2, 30 s'" in fault


# ---- names


def test_a_name_that_several_songs_have_lists_them(finished: Path) -> None:
    said = place(finished, "calm.0000", code=1).stderr
    assert "10 songs of the run are meant" in said
    assert "calm.00000.wav; calm.00001.wav" in said
    assert said.rstrip().endswith("and 5 more")


def test_a_whole_name_is_meant_before_a_part_of_one(run: Run) -> None:
    known = run.known
    assert known.find("calm.00007.wav").tolist() == [7]
    assert known.find("CALM.00007").tolist() == [7]
    assert known.find("no such song").tolist() == []


# ---- missing features


def test_a_missing_feature_is_integrated_out(run: Run) -> None:
    values = make_songs(2)[FEATURES].to_numpy()
    for j in range(len(FEATURES)):
        lacking = values.copy()
        lacking[:, j] = np.nan
        found = run.posteriors(lacking, averaged=False)
        for song, posterior in zip(run.points(values), found, strict=True):

            def density(value: float, component: int, song: Any = song, j: int = j) -> float:
                point = song.copy()
                point[j] = value
                own, log_density = posteriors(run.mixture, point[None])
                return float(own[0, component] * np.exp(log_density[0]))

            shares = [quad(density, -15, 15, (k,), points=[0], limit=200)[0] for k in range(3)]
            np.testing.assert_allclose(posterior, np.array(shares) / sum(shares), atol=1e-6)


def test_a_value_too_large_to_compute_with_counts_as_missing(run: Run) -> None:
    songs = make_songs(2)[FEATURES].to_numpy()
    for large in (1e200, np.inf):
        beyond, lacking = songs.copy(), songs.copy()
        beyond[:, 2], lacking[:, 2] = large, np.nan
        np.testing.assert_array_equal(run.posteriors(beyond), run.posteriors(lacking))


def test_missing_features_are_named_and_have_no_p_value(finished: Path, tmp_path: Path) -> None:
    songs = make_songs(1)
    songs.loc[0, "tempo"] = np.nan
    songs.loc[1, "tempo"] = 0  # no tempo can be 0
    songs.loc[2, FEATURES] = np.nan
    songs.drop(columns="valence").to_csv(tmp_path / "songs.csv", index=False)
    done = place(finished, "songs.csv", "--csv", code=1, here=tmp_path)
    found = rows(done)
    assert found["missing_features"].tolist() == ["tempo valence", "tempo valence"]
    assert found["density_p_value"].isna().all()
    assert found["nearest_distance"].notna().all()
    assert "songs.csv: 1 of 3 songs have no feature that can be used" in done.stderr
    text = place(finished, "songs.csv", code=1, here=tmp_path).stdout
    assert "tempo, valence: integrated out" in text
    assert "not known: a feature is missing" in text


def test_a_table_without_any_of_the_columns_or_with_decimal_commas_is_refused(
    finished: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("filename,bpm\nx,120\n")
    said = place(finished, "a.csv", code=1, here=tmp_path).stderr
    assert "a.csv has no column 'tempo' (input.columns.tempo)" in said
    cells = [f'{name},"{120 + i},5"' for i, name in enumerate("ab")]
    (tmp_path / "b.csv").write_text("filename,tempo\n" + "\n".join(cells) + "\n")
    assert "numbers with a comma" in place(finished, "b.csv", code=1, here=tmp_path).stderr


# ---- p-values, neighbors


def test_a_p_value_is_the_mean_of_those_of_the_folds(run: Run) -> None:
    rng = np.random.default_rng(0)
    mixture = run.judges.mixtures[0]
    simulated = np.sort(
        posteriors(mixture, rng.multivariate_normal(mixture.means[0], np.eye(5), 100_000))[1]
    )
    levels = run.judges.levels
    judges = Judges(levels, [mixture], np.quantile(simulated, levels)[None])
    points = rng.normal(size=(200, 5)) * 2
    expected = Fold(mixture, simulated).p_values(points)
    np.testing.assert_allclose(judges.p_values(points), expected, rtol=0.03, atol=2e-5)
    quantiles = judges.log_densities
    both = Judges(levels, [mixture, mixture], np.vstack([quantiles, quantiles + 1]))
    one = Judges(levels, [mixture], quantiles + 1)
    np.testing.assert_allclose(
        both.p_values(points), (judges.p_values(points) + one.p_values(points)) / 2
    )


def test_a_song_far_from_all_belongs_nowhere(finished: Path, tmp_path: Path) -> None:
    songs = make_songs(1)
    songs.loc[0, FEATURES] = [220, 0.01, -60, 0.99, 0.01]
    songs.to_csv(tmp_path / "songs.csv", index=False)
    [far, near, _] = records(place(finished, "songs.csv", "--json", here=tmp_path))
    assert far["belongs_nowhere"]
    assert far["density_p_value"] == pytest.approx(1e-5)
    assert not near["belongs_nowhere"]
    assert "belongs    nowhere" in place(finished, "songs.csv", here=tmp_path).stdout


def test_the_nearest_songs_are_those_of_brute_force(run: Run, table: pd.DataFrame) -> None:
    values = make_songs(3, seed=1)[FEATURES].to_numpy()
    found = run.nearest(values, 4)
    distances = cdist(run.points(values), run.scaling.standardize(table))
    np.testing.assert_allclose(
        found.distances, np.sort(distances, axis=1)[:, :4], atol=1e-6
    )  # the table has 8 digits of the features
    np.testing.assert_array_equal(found.rows, np.argsort(distances, axis=1)[:, :4])


def test_a_tree_finds_the_same_neighbors(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    points, others = rng.normal(size=(50, 3)), rng.normal(size=(70, 3))
    expected = nearest_rows(points, others, 5)
    monkeypatch.setattr("song_mixtures.placing.known.MOST_PAIRS", 10)
    np.testing.assert_array_equal(nearest_rows(points, others, 5), expected)
    assert nearest_rows(points, others, 1).shape == (50, 1)


def test_a_distance_leaves_out_what_is_missing(run: Run) -> None:
    values = make_songs(1, seed=1)[FEATURES].to_numpy().copy()
    values[0, 2] = np.nan
    found = run.nearest(values, 3)
    kept = [0, 1, 3, 4]
    apart = cdist(run.points(values)[:1, kept], run.known.points[:, kept])[0]
    np.testing.assert_allclose(found.distances[0], np.sort(apart)[:3], atol=1e-12)


# ---- forms


def test_json_csv_and_text_agree(finished: Path, tmp_path: Path) -> None:
    make_songs(2, seed=3).to_csv(tmp_path / "songs.csv", index=False)
    table = rows(place(finished, "songs.csv", "--csv", here=tmp_path))
    content = records(place(finished, "songs.csv", "--json", here=tmp_path))
    text = place(finished, "songs.csv", here=tmp_path).stdout.split("\n\n")
    assert len(table) == len(content) == len(text) == 6
    for (_, row), one, said in zip(table.iterrows(), content, text, strict=True):
        for column in (*SAID, "song", "name", "gmm_words", "belongs_nowhere"):
            assert row[column] == one[column], column
        for part in one["components"]:
            assert row[f"gmm_prob_{part['component']}"] == part["gmm_prob"]
            assert row[f"averaged_prob_{part['component']}"] == part["averaged_prob"]
            shown = f"{part['averaged_prob']:.0%} component {part['component']} ({part['words']})"
            assert (shown in said) == (part["averaged_prob"] >= 0.05)
        assert sum(part["averaged_prob"] for part in one["components"]) == pytest.approx(1)
        assert row["nearest_song"] == one["nearest"][0]["song"]
        assert row["nearest_distance"] == one["nearest"][0]["distance"]
        assert len(one["nearest"]) == 5
        assert all(neighbor["name"] in said for neighbor in one["nearest"])


def test_the_text_in_csv_is_one_cell_whatever_is_in_it(finished: Path, tmp_path: Path) -> None:
    songs = make_songs(1)
    songs["filename"] = ['a,"b"', "two\nlines", "é"]
    songs.to_csv(tmp_path / "songs.csv", index=False)
    done = place(finished, "songs.csv", "--csv", here=tmp_path)
    assert [row[0] for row in csv.reader(io.StringIO(done.stdout))][1:] == list(songs["filename"])


def test_parquet_runs_and_tables_give_the_same(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    for path in (folder / "data/processed").glob("*.csv"):
        pd.read_csv(path, keep_default_na=False).to_parquet(path.with_suffix(".parquet"))
        path.unlink()
    write_params(folder, {"tables.format": "parquet"})
    songs = make_songs(2, seed=3)
    songs.to_csv(folder / "songs.csv", index=False)
    songs.to_parquet(folder / "songs.parquet")
    expected = place(finished, str(folder / "songs.csv"), "--csv").stdout
    assert place(folder, "songs.csv", "--csv").stdout == expected
    assert place(folder, "songs.parquet", "--csv").stdout == expected


def test_whoever_reads_only_the_first_line_sees_no_error(finished: Path) -> None:
    command = f"{sys.executable} -m song_mixtures.placing data/raw/songs.csv --json | head -1"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", command], cwd=finished, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_a_file_that_is_neither_audio_nor_a_table_is_refused(
    finished: Path, tmp_path: Path
) -> None:
    (tmp_path / "songs.xlsx").write_text("x")
    said = place(finished, "songs.xlsx", code=1, here=tmp_path).stderr
    assert "expected a table that ends in .csv, .parquet, .pq; it is a workbook" in said


@pytest.mark.parametrize("count", [0, 1, 300])
def test_as_many_neighbors_are_named_as_are_asked_for(finished: Path, count: int) -> None:
    asked = ["calm.00007.wav", "--json", "--nearest", str(count)]
    [one] = records(place(finished, *asked))
    assert len(one["nearest"]) == min(count, 239)
    assert "calm.00007.wav" not in {neighbor["song"] for neighbor in one["nearest"]}


def test_of_equal_songs_each_gets_its_own_p_value(finished: Path, tmp_path: Path) -> None:
    known = load_run(finished).known
    twice = replace(known, points=known.points[[0, 0, 1]], ids=["a", "b", "c"])
    given = Given(["b", "a", "new"], [""] * 3, known.points[[0, 0, 0]], [None] * 3)
    assert own_rows(twice, given, twice.nearest(given.points, 5)) == [1, 0, 0]


# ---- from Python


def test_the_entry_gives_arrays_and_tables(run: Run, table: pd.DataFrame) -> None:
    values = table[FEATURES].to_numpy()
    averaged, own = run.posteriors(values), run.posteriors(values, averaged=False)
    np.testing.assert_allclose(averaged, table.filter(like="averaged_prob_"), atol=1e-6)
    np.testing.assert_allclose(own, table.filter(like="gmm_prob_"), atol=1e-6)
    shuffled = table.sample(frac=1, random_state=0)[["genre", *reversed(FEATURES)]]
    found = run.posteriors_of(shuffled)
    assert list(found.index) == list(shuffled.index)
    np.testing.assert_allclose(found.sort_index(), averaged, atol=1e-12)
    components = run.components()
    assert components["component"].tolist() == [0, 1, 2]
    assert components["profile"].tolist() == run.words()
    assert set(FEATURES) <= set(components)
    assert components["weight"].sum() == pytest.approx(1)
    assert len(run.songs()) == 240


def test_the_lines_of_the_docs_run(
    finished: Path, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    [lines] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/using.md").read_text(), re.DOTALL)
    monkeypatch.chdir(finished)
    names: dict[str, Any] = {"songs": table, "values": table[FEATURES].to_numpy()}
    exec(lines, names)  # noqa: S102  # they are ours
    assert names["run"].features == tuple(FEATURES)


def test_an_array_of_another_shape_or_without_any_value_is_refused(run: Run) -> None:
    with pytest.raises(ValueError, match=r"expected an array of shape \(songs, 5\).*\(3, 4\)"):
        run.posteriors(np.ones((3, 4)))
    with pytest.raises(ValueError, match=r"1 songs have no feature, the first in row 1"):
        run.posteriors(np.array([[120, 0.5, -9, 0.5, 0.5], [np.nan] * 5]))


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("gmm", {"features": ["tempo"]}, r"gmm.json has the features tempo, .* different runs"),
        ("refits", {"warm": []}, ""),
        ("making", {"columns": {"a": "b"}}, r"making.json has the features a"),
    ],
)
def test_models_of_different_runs_are_refused(
    finished: Path, tmp_path: Path, name: str, change: dict[str, Any], said: str
) -> None:
    shutil.copytree(finished / "models", tmp_path / "models")
    path = tmp_path / f"models/{name}.json"
    content = read_json(path) | change
    if not said:  # a refit of two components
        [one, *_] = content["cold"]
        content["cold"] = [{key: one[key][:2] if key != TYPE else one[key] for key in one}]
        said = r"refits.json has refits of another mixture than models/gmm.json"
    path.write_text(json.dumps(content))
    with pytest.raises(StageError, match=said):
        load_run(tmp_path)


TYPE = "covariance_type"


def test_where_nothing_has_run_the_command_says_so(tmp_path: Path) -> None:
    done = place(tmp_path, "song.wav", code=1)
    assert "models/scaling.json is not there: an earlier stage writes it" in done.stderr
    assert len(done.stderr.splitlines()) == 1


PROGRAM = """
import sys
import numpy as np
from song_mixtures.placing.run import load_run
run = load_run(sys.argv[1])
values = np.array([[120, 0.5, -9, np.nan, 0.5], [120, 0.5, -9, 0.5, 0.5]])
run.posteriors(values)
run.p_values(values)
run.nearest(values)
print(*sys.modules.keys() & {"pandas", "sklearn", "scipy", "numba", "matplotlib", "joblib"})
"""


def test_arrays_are_placed_without_a_heavy_import(finished: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(finished)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "\n", done.stderr
