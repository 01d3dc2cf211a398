"""The pipeline's numbers are those of scikit-learn called as the original notebooks call it.

scikit-learn's defaults go into params (tol 1e-3, reg_covar 1e-6); log-likelihood, BIC and AIC of
every K and of the final fit, labels and posteriors must then agree within 1e-6, up to the order of
the components. Tried on songs of our making and, where they are at hand, on real tables.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.stage import one_thread
from song_mixtures.pipeline.tables import read_table
from tests.conftest import (
    FEATURES,
    REAL_DATA,
    ROOT,
    lay_out,
    make_songs,
    params_with,
    run_stages,
    write_params,
)

K_MAX = 6
CHOSEN_K = 4
N_INIT = 3
NOTEBOOK: dict[str, Any] = {
    **{f"preprocess.transform.{name}": "identity" for name in FEATURES},
    "mixture.init": "kmeans",
    "mixture.max_iter": 300,
    "mixture.tol": 0.001,
    "mixture.reg_covar": 0.000001,
    "mixture.n_init": N_INIT,
    "k_sweep.k_max": K_MAX,
    "choose_k.n_components": CHOSEN_K,
    "kmeans.n_init": 20,
    "stability.n_components": [2],  # which is not compared here
}


def badly_scaled_songs() -> pd.DataFrame:
    """Songs with a huge offset, a tiny spread, and many digits."""
    songs = make_songs(seed=5)
    return songs.assign(tempo=songs["tempo"] * 1e6 + 1e9, energy=songs["energy"] * 1e-9)


def spotify_songs() -> pd.DataFrame:
    path = REAL_DATA / "tables/spotify_tracks_34k.csv"
    if not path.is_file():
        pytest.skip(f"{path} is absent; REAL_DATA names the folder of the real inputs")
    songs = pd.read_csv(path)
    songs = songs[songs["tempo"] > 0].iloc[:3000].rename(columns={"track_genre": "genre"})
    return songs[[*FEATURES, "genre"]].assign(filename=range(3000))


TABLES = {"made": make_songs, "badly scaled": badly_scaled_songs, "Spotify": spotify_songs}


@pytest.fixture(scope="module", params=TABLES)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A table's folder after the pipeline, and its standardized features as a notebook has them."""
    songs = TABLES[request.param]()
    folder = tmp_path_factory.mktemp("parity")
    lay_out(folder, NOTEBOOK)
    songs.to_csv(folder / "data/raw/songs.csv", index=False)
    run_stages(
        folder,
        "preprocess",
        "k_sweep",
        "stability",
        "choose_k",
        "train_gmm",
        "refits",
        "soft_assign",
        "kmeans",
    )
    read_back = pd.read_csv(folder / "data/raw/songs.csv")[FEATURES]
    return folder, StandardScaler().fit_transform(read_back.to_numpy())


def notebook_fit(points: Any, k: int) -> Any:
    model = GaussianMixture(k, covariance_type="full", max_iter=300, n_init=N_INIT, random_state=42)
    with one_thread():
        return model.fit(points)


def test_every_k_of_the_sweep(run: tuple[Path, Any]) -> None:
    folder, points = run
    table = read_table(folder / "data/processed/k_sweep.csv").set_index("k")
    for k in range(2, K_MAX + 1):
        model = notebook_fit(points, k)
        expected = [model.score(points) * len(points), model.bic(points), model.aic(points)]
        found = table.loc[k, ["log_likelihood", "bic", "aic"]].to_numpy(dtype=float)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        assert table.loc[k, "iterations"] == model.n_iter_


def test_the_final_fit_its_labels_and_its_posteriors(run: tuple[Path, Any]) -> None:
    folder, points = run
    model = notebook_fit(points, CHOSEN_K)
    metrics = read_json(folder / "metrics/train_gmm.json")
    found = [metrics[key] for key in ("log_likelihood_nats", "bic", "aic")]
    expected = [model.score(points) * len(points), model.bic(points), model.aic(points)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)

    order = np.argsort(-model.weights_)
    assigned = read_table(folder / "data/processed/posteriors.csv")
    posterior = model.predict_proba(points)[:, order]
    np.testing.assert_allclose(assigned.filter(like="gmm_prob_"), posterior, atol=1e-6)
    assert assigned["gmm_cluster"].tolist() == np.argsort(order)[model.predict(points)].tolist()


def test_the_lines_to_paste_are_these_parameters() -> None:
    """docs/using.md repeats the notebooks' run by a line of `-S section.key=value`."""
    text = (ROOT / "docs/using.md").read_text()
    pasted = dict(re.findall(r"-S (\S+)=(\S+)", text.split("## Repeat the notebooks' run")[1]))
    of_this_test = {
        "k_sweep.k_max", "choose_k.n_components", "mixture.n_init", "kmeans.n_init",
        "stability.n_components",
    }  # fmt: skip
    default = params_with({})
    changed = {}
    for key, value in NOTEBOOK.items():
        place: Any = default
        for part in key.split("."):
            place = place[part]
        if key not in of_this_test and (place != value or key.startswith("preprocess")):
            changed[key] = str(value)
    assert pasted == changed


def test_kmeans(run: tuple[Path, Any]) -> None:
    folder, points = run
    curve = read_table(folder / "data/processed/kmeans_elbow.csv").set_index("k")
    for k in range(2, K_MAX + 1):
        with one_thread():
            model = KMeans(k, n_init=20, max_iter=300, random_state=42).fit(points)
        expected = [model.inertia_, silhouette_score(points, model.labels_)]
        found = curve.loc[k, ["inertia", "silhouette"]].to_numpy(dtype=float)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        if k == CHOSEN_K:
            written = read_table(folder / "data/processed/kmeans_cluster_assignments.csv")
            assert written["kmeans_cluster"].tolist() == model.labels_.tolist()


def test_bic_of_features_that_are_one_measures_reg_covar(tmp_path: Path) -> None:
    """Loudness equal to energy in every row: why preprocess refuses it, unless told to keep it."""
    songs = make_songs()
    lay_out(tmp_path, {"preprocess.collinear": "keep", "k_sweep.k_max": 4})
    songs.assign(loudness=songs["energy"]).to_csv(tmp_path / "data/raw/songs.csv", index=False)
    bics = []
    for reg_covar in (1e-9, 1e-3):
        write_params(
            tmp_path,
            {
                "preprocess.collinear": "keep",
                "mixture.reg_covar": reg_covar,
                "choose_k.n_components": 4,
                "k_sweep.k_max": 4,
            },
        )
        run_stages(tmp_path, "preprocess", "k_sweep")
        fit = read_table(tmp_path / "data/processed/k_sweep.csv").iloc[-1]
        assert (fit["k"], fit["degenerate"], fit["valid"]) == (4, 4, 0)
        bics.append(fit["bic"])
    assert bics[1] - bics[0] > 1000
