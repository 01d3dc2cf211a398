"""The benchmarks measure what they say; their figures come from `make bench`."""

import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import octaves, pipeline, placing, targets, transforms
from benchmarks.em import iteration, memory
from benchmarks.made_songs import UNITS, made_points, made_table
from benchmarks.pipeline import StageCost
from benchmarks.tempo import accuracy_1, accuracy_2, exponent
from song_mixtures.mixture.model import Mixture
from song_mixtures.pipeline.stage import one_thread
from song_mixtures.placing.run import load_run
from song_mixtures.refits.warm import RefitParams
from song_mixtures.songs.scaling import Scaling
from tests.conftest import ROOT
from tests.fitting.test_em import VARIED
from tests.refits.test_cold import REFITS


def test_an_iteration_of_each_kind_is_timed() -> None:
    with one_thread():
        timed = iteration(2_000)
    seconds = (timed.reference, timed.ours, timed.floor)
    assert timed.songs == 2_000
    assert all(0 < figure < np.inf for figure in seconds)  # inf: one that never ran


def test_the_memory_of_a_fit_is_counted_in_tables() -> None:
    assert 0 < memory(50_000) < 20


def test_a_mark_says_whether_it_is_reached() -> None:
    rows = [targets.Target("", "", "", ratio, at_least=4) for ratio in (3.9, 4.0)]
    rows += [targets.Target("", "", "", ratio, at_most=2) for ratio in (2.0, 2.1)]
    assert [row.reached() for row in rows] == [False, True, True, False]
    assert rows[0].cells()[3:] == ["3.9", "≥ 4", "no"]


def test_the_made_table_holds_the_made_points_in_their_units() -> None:
    table = made_table(500)
    assert table["genre"].nunique() == 10
    for column, (name, (mean, deviation)) in zip(made_points(500).T, UNITS.items(), strict=True):
        np.testing.assert_allclose((table[name] - mean) / deviation, column, atol=1e-12)


def test_groups_that_lie_far_apart_come_back_in_every_refit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transforms, "REFITS", 3)
    rng = np.random.default_rng(0)
    apart = rng.normal(size=(200, 5)) + np.repeat([[0.0], [50.0]], 100, axis=0)
    aris = transforms.bootstrap_aris(transforms.Table(apart, 0.0), 2, VARIED)
    np.testing.assert_array_equal(aris, [1, 1, 1])


def test_bic_of_a_benchmark_is_in_units_of_the_original_features() -> None:
    points = made_points(300)
    plain, _ = transforms.bic(transforms.Table(points, 0.0), 2, VARIED)
    moved, _ = transforms.bic(transforms.Table(points, 12.5), 2, VARIED)
    assert plain - moved == pytest.approx(25)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux tells it in /proc")
def test_the_memory_of_a_process_counts_its_children() -> None:
    child = "import time; b = bytearray(80_000_000); print(flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        family = pipeline.processes(process.pid)
        found = pipeline.megabytes(process.pid)
        for member in family:
            os.kill(member, signal.SIGTERM)
    assert len(family) == 2
    assert 80 < found < 160


def test_stage_rows_tell_what_many_songs_add_in_sizes_of_the_largest_table() -> None:
    few = StageCost("x", 1.0, 1.0, 100.0, 120.0, 0.1)
    many = StageCost("x", 9.5, 9.0, 500.0, 530.0, 200.0)
    assert pipeline.stage_rows([few], [many]) == [
        ["x", "9.5", "500", "400", "200", "2.0"],
        ["all", "10", "500", "", "", ""],
    ]


def test_accuracy_1_takes_the_true_tempo_and_accuracy_2_other_metrical_levels() -> None:
    found = pd.Series([103.9, 104.1, 207.9, 300.0, 48.1, 33.3, 150.0, 25.0])
    true = pd.Series([100.0] * 8)
    assert accuracy_1(found, true) == 1 / 8  # 103.9
    assert accuracy_2(found, true) == 5 / 8  # … and twice, three times, half and a third


def test_averaging_over_readings_brings_the_calibration_error_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(octaves, "SONGS", 400)
    scaling = Scaling(
        ("tempo", "energy"), ("identity",) * 2, np.array([110.0, 0]), np.array([30.0, 1])
    )
    means = np.array([[-1.3, -1.0], [0.0, 1.0], [1.5, 0.0]])
    truth = Mixture("full", np.full(3, 1 / 3), means, np.broadcast_to(0.1 * np.eye(2), (3, 2, 2)))
    params = RefitParams(**asdict(REFITS), warm=3)
    for at_tempo, over_both, averaged, averaged_over_both in octaves.simulated(
        truth, scaling, 0, params, VARIED
    ):
        assert over_both.calibration_error() < at_tempo.calibration_error() - 0.03
        assert averaged_over_both.calibration_error() < averaged.calibration_error() - 0.03


def test_the_exponent_of_readings_is_found_again() -> None:
    rng = np.random.default_rng(0)
    log_ratio = np.log(rng.uniform(0.3, 1, 4_000))
    right = rng.random(4_000) < 1 / (1 + np.exp(-4 * log_ratio))
    assert exponent(log_ratio, right) == pytest.approx(4, abs=0.3)


def test_the_costs_of_placing_are_those_of_what_the_run_can_place(
    finished: Path, tmp_path: Path
) -> None:
    found = placing.costs(load_run(finished), tmp_path, 1)
    assert list(found) == ["the import", "a row of a table", "a table of 10,000 rows"]
    assert all(0 < seconds < np.inf for seconds in found.values())
    assert len(pd.read_csv(tmp_path / "10000.csv")) == 10_000


def test_the_stages_are_those_of_the_pipeline() -> None:
    assert pipeline.stages_of(ROOT)[:3] == ["input", "preprocess", "k_sweep"]
