"""Songs that moved between two runs: against brute force, and between revisions of a project."""

import io
import json
import shutil
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from song_mixtures.moved.__main__ import as_run, as_text, compare, moved_probability
from song_mixtures.pipeline.stage import StageError
from song_mixtures.pipeline.tables import read_table
from tests.conftest import ROOT, call, make_songs, ran, stages_run, write_params
from tests.test_experiments import blocks, section, shell

COMMAND = ("python", "-m", "song_mixtures.moved")
TABLE = "data/processed/gmm_cluster_assignments.csv"


def assignments(songs: list[str], k: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return posteriors of songs, drawn by chance, as stage uncertainty has them."""
    table = pd.DataFrame({"song": songs})
    for name in ("gmm_prob", "averaged_prob"):
        posterior = rng.dirichlet(np.full(k, 0.3), len(songs))
        table = table.join(pd.DataFrame(posterior, columns=[f"{name}_{i}" for i in range(k)]))
    labels = table.filter(like="gmm_prob_").to_numpy().argmax(axis=1)
    return table.assign(gmm_cluster=labels)


def moved_by_brute_force(before: pd.DataFrame, after: pd.DataFrame) -> list[set[str]]:
    """Return the songs that moved under every matching that has most songs stay."""
    was, now = (table.set_index("song")["gmm_cluster"] for table in (before, after))
    both = [song for song in was.index if song in now.index]
    most = max(*was, *now) + 1
    found = [
        {song for song in both if order[was[song]] != now[song]}
        for order in permutations(range(most))
    ]
    fewest = min(len(moved) for moved in found)
    return [moved for moved in found if len(moved) == fewest]


@given(seed=st.integers(0, 10**6), ks=st.tuples(st.integers(1, 4), st.integers(1, 4)))
def test_the_list_is_that_of_brute_force(seed: int, ks: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    names = [f"song {i}" for i in range(30)]
    before = assignments(names[:25], ks[0], rng)
    after = assignments([str(name) for name in rng.permutation(names[5:])], ks[1], rng)
    found = compare(as_run("a", before, by_row=False), as_run("b", after, by_row=False))
    assert set(found.moves["song"]) in moved_by_brute_force(before, after)
    assert (found.in_both, found.only_before, found.only_after) == (20, 5, 5)
    one, other = before.set_index("song"), after.set_index("song")
    for row in found.moves.to_dict("records"):
        song, was, now = row["song"], row["component_before"], row["component_after"]
        assert (was, now) == (one["gmm_cluster"][song], other["gmm_cluster"][song])
        assert row["posterior_before"] == one[f"gmm_prob_{was}"][song]
        assert row["posterior_after"] == other[f"gmm_prob_{now}"][song]
        assert row["averaged_before"] == one[f"averaged_prob_{was}"][song]
        assert row["averaged_after"] == other[f"averaged_prob_{now}"][song]
        stays = sum(
            one[f"averaged_prob_{k}"][song] * other[f"averaged_prob_{later}"][song]
            for k, later in enumerate(found.matched)
            if later >= 0
        )
        assert row["moved_probability"] == pytest.approx(1 - stays, abs=1e-12)
    assert (np.diff(found.moves["moved_probability"]) <= 0).all()


def test_the_probability_of_a_move_by_hand() -> None:
    before, after = np.array([[0.9, 0.1], [1, 0]]), np.array([[0.2, 0.5, 0.3], [1, 0, 0]])
    found = moved_probability(before, after, np.array([1, 0]))
    np.testing.assert_allclose(found, [1 - (0.9 * 0.5 + 0.1 * 0.2), 1])
    # The component without a counterpart has nowhere to stay.
    alone = moved_probability(before, after, np.array([-1, 0]))
    np.testing.assert_allclose(alone, [1 - 0.1 * 0.2, 1])


@given(seed=st.integers(0, 10**6), order=st.permutations(range(3)))
def test_numbers_do_not_matter(seed: int, order: list[int]) -> None:
    rng = np.random.default_rng(seed)
    table = assignments([f"song {i}" for i in range(20)], 3, rng)
    turned = table.assign(
        gmm_cluster=np.argsort(order)[table["gmm_cluster"]],
        **{
            f"{name}_{k}": table[f"{name}_{order[k]}"]
            for name in ("gmm_prob", "averaged_prob")
            for k in range(3)
        },
    )
    before, after = as_run("a", table, by_row=False), as_run("b", turned, by_row=False)
    found = compare(before, after)
    assert found.moves.empty
    said = as_text(found, before, after)
    assert ("numbers correspond" in said) == all(order[k] == k for k in set(table["gmm_cluster"]))


def test_songs_of_one_name_are_told_by_their_order() -> None:
    table = assignments(["a", "a", "b"], 2, np.random.default_rng(0))
    found = compare(as_run("a", table, by_row=False), as_run("b", table.iloc[1:], by_row=False))
    assert (found.in_both, found.only_before, found.only_after) == (2, 1, 0)


def test_runs_without_a_song_in_common_are_refused() -> None:
    one, other = (assignments([name], 2, np.random.default_rng(0)) for name in "ab")
    with pytest.raises(StageError, match=r"v1 and v2 have no song in common: .* input\.id"):
        compare(as_run("v1", one, by_row=False), as_run("v2", other, by_row=False))


def moved(project: Path, *arguments: str) -> Any:
    done = ran(project, *COMMAND, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


COPY, GET, RUN, NAME, MOVED = blocks(section("Keeping numbers and names"))


def test_numbers_are_kept_from_one_revision_to_the_next_and_what_moved_is_listed(
    project: Path,
) -> None:
    """The commands of docs/using.md in their order, then other numbers."""
    shell(project, COPY)
    copied = [(project / f"references/v1/{name}.json").read_bytes() for name in ("gmm", "scaling")]
    shell(project, GET)
    got = [(project / f"references/v1/{name}.json").read_bytes() for name in ("gmm", "scaling")]
    assert got == copied
    before = read_table(project / TABLE)

    more = make_songs(8, seed=1)
    more = more.assign(filename="more/" + more["filename"])
    pd.concat([make_songs(), more]).to_csv(project / "data/raw/songs.csv", index=False)
    # Turned, so that the numbers of the run that is named are others than those by weight.
    content = json.loads((project / "references/v1/gmm.json").read_text())
    turned = {
        key: [content[key][i] for i in (2, 0, 1)] for key in ("weights", "means", "covariances")
    }
    (project / "references/v1/gmm.json").write_text(json.dumps(content | turned))
    said = shell(project, RUN)
    assert "train_gmm: 3 of 3 components keep their number in references/v1" in said
    after = read_table(project / TABLE)
    said = shell(project, NAME)
    assert stages_run(said) == {"components", "uncertainty", "figures", "report"}
    means = read_table(project / "data/processed/gmm_means.csv")
    assert [words.startswith("ballads: ") for words in means["profile"]] == [False, True, False]
    assert "ballads: " in (project / "reports/summary.md").read_text()
    assert "ballads: " in (project / "plots/component_means.json").read_text()

    found = moved(project, "v1")
    assert found["after"] == "workspace"
    assert [one["after"] for one in found["components"]] == [1, 2, 0]
    assert all(one["same"] for one in found["components"])
    counted = [found[f"songs_{which}"] for which in ("in_both", "only_before", "only_after")]
    assert counted == [240, 0, 24]
    expected = moved_by_brute_force(before, after)
    assert expected == [{row["song"] for row in found["moved"]}] * len(expected)
    assert "numbers do not correspond" in shell(project, MOVED)

    # What the reference holds is a dependency; the folder of another run is one too.
    (project / "references/v1/gmm.json").write_text(json.dumps(content))
    assert "train_gmm" in stages_run(call(project, "dvc", "repro", "train_gmm"))
    assert "train_gmm" not in stages_run(call(project, "dvc", "repro", "train_gmm"))
    call(project, "dvc", "repro", "uncertainty")
    assert "numbers correspond: of the 3" in call(project, *COMMAND, "v1")

    call(project, "git", "add", "-A")
    call(project, "git", "commit", "-qm", "Second run")
    committed = moved(project, "v1", "HEAD")
    assert [row["song"] for row in committed["moved"]] == [row["song"] for row in found["moved"]]
    done = ran(project, *COMMAND, "v1", "HEAD", "--csv")
    rows = pd.read_csv(io.StringIO(done.stdout)) if committed["moved"] else pd.DataFrame()
    assert rows.to_dict("records") == committed["moved"]

    write_params(project, {"train_gmm.reference": "v9"})
    said = call(project, "dvc", "repro", "train_gmm", code=255)
    assert "references/v9" in said


def test_an_unknown_revision_and_a_table_that_is_nowhere_are_said_in_one_line(
    project: Path,
) -> None:
    said = call(project, *COMMAND, "v9", code=1)
    assert said.startswith(
        "moved: v9 cannot be read (unknown Git revision 'v9'): expected a branch"
    )
    assert len(said.splitlines()) == 1
    shutil.rmtree(project / ".dvc/cache")
    said = call(project, *COMMAND, "HEAD", code=1)
    assert said.startswith(f"moved: {TABLE} of HEAD is not in DVC's cache: `dvc fetch --all-com")
    assert len(said.splitlines()) == 1
    (project / TABLE).unlink()
    said = call(project, *COMMAND, "workspace", "HEAD", code=1)
    assert said == f"moved: {TABLE} is not here: run `dvc repro`, or `dvc checkout` after a run\n"


def test_a_revision_from_before_the_table_is_said(project: Path) -> None:
    call(project, "git", "rm", "-q", "--cached", "dvc.yaml", "dvc.lock")
    call(project, "git", "commit", "-qm", "No pipeline")
    said = call(project, *COMMAND, "HEAD", code=1)
    assert said.startswith(f"moved: HEAD has no {TABLE}: ")


def test_a_folder_that_is_no_project_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "params.yaml").write_text("tables:\n  format: csv\ninput:\n  id: null\n")
    done = ran(tmp_path, *COMMAND, "HEAD")
    assert done.returncode == 1
    assert done.stderr.startswith("moved: HEAD cannot be read (you are not inside of a DVC repo")
    assert len(done.stderr.splitlines()) == 1
