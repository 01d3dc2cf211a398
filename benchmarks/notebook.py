"""The work of the original notebook as one sequential script: the reference of the benchmarks.

    python -m benchmarks.notebook songs.csv folder

scikit-learn, pandas and pyplot are called cell after cell as a notebook calls them, with the
settings of params.yaml, so that both do the same work: the sweep, the mixture, K-Means over the
same K, their comparison, the tables, the models and ten pictures.
"""

import sys
import warnings
from pathlib import Path
from typing import Any

import joblib
import matplotlib as mpl
import numpy as np
import pandas as pd
import yaml
from matplotlib import pyplot as plt
from sklearn import metrics
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

FEATURES = ["tempo", "energy", "loudness", "valence", "danceability"]
PARAMS = Path(__file__).parents[1] / "params.yaml"


def mixture_of(k: int, mixture: dict[str, Any]) -> GaussianMixture:
    """Return an unfitted mixture with the pipeline's settings."""
    names = ("n_init", "max_iter", "tol", "reg_covar")
    return GaussianMixture(
        k, random_state=mixture["seed"], **{name: mixture[name] for name in names}
    )


def kmeans_of(k: int, kmeans: dict[str, Any]) -> KMeans:
    """Return an unfitted K-Means with the pipeline's settings."""
    return KMeans(
        k, n_init=kmeans["n_init"], max_iter=kmeans["max_iter"], random_state=kmeans["seed"]
    )


def save(folder: Path, name: str, dpi: int) -> None:
    """Save the picture that pyplot holds."""
    plt.title(name)
    plt.tight_layout()
    plt.savefig(folder / f"{name}.png", dpi=dpi)
    plt.close()


def heat_map(values: np.ndarray, folder: Path, name: str, dpi: int) -> None:
    """Draw a matrix with its numbers in it, as notebooks do."""
    plt.figure(figsize=(10, 6))
    plt.imshow(values, cmap="viridis", aspect="auto")
    plt.colorbar()
    for (row, column), value in np.ndenumerate(values):
        plt.text(column, row, f"{value:.2g}", ha="center", va="center")
    save(folder, name, dpi)


def main() -> None:
    """Run every cell."""
    mpl.use("Agg")
    warnings.simplefilter("ignore", ConvergenceWarning)  # notebooks show them and go on
    table, folder = Path(sys.argv[1]), Path(sys.argv[2])
    params = yaml.safe_load(PARAMS.read_text())
    mixture, dpi = params["mixture"] | {"tol": float(params["mixture"]["tol"])}, 150
    ks = list(range(params["k_sweep"]["k_min"], params["k_sweep"]["k_max"] + 1))
    k = params["choose_k"]["n_components"]
    folder.mkdir(parents=True, exist_ok=True)

    songs = pd.read_csv(table).dropna(subset=FEATURES)
    scaler = StandardScaler()
    points = scaler.fit_transform(songs[FEATURES])
    songs.to_csv(folder / "features_selected.csv", index=False)
    joblib.dump(scaler, folder / "scaler.pkl")

    rows = []
    for count in ks:
        model = mixture_of(count, mixture).fit(points)
        scores = model.bic(points), model.aic(points), model.score(points) * len(points)
        rows.append((count, *scores, model.converged_))
    sweep = pd.DataFrame(rows, columns=["k", "bic", "aic", "log_likelihood", "converged"])
    sweep.to_csv(folder / "k_sweep.csv", index=False)
    plt.plot(sweep["k"], sweep["bic"], marker="o")
    plt.plot(sweep["k"], sweep["aic"], marker="o")
    save(folder, "bic_aic", dpi)
    plt.plot(sweep["k"], sweep["log_likelihood"], marker="o")
    save(folder, "log_likelihood", dpi)

    model = mixture_of(k, mixture).fit(points)
    labels, posterior = model.predict(points), model.predict_proba(points)
    entropy = -(posterior * np.log(np.clip(posterior, 1e-12, 1))).sum(axis=1)
    assigned = songs.assign(gmm_cluster=labels, gmm_entropy=entropy)
    assigned[[f"gmm_prob_{component}" for component in range(k)]] = posterior
    assigned.to_csv(folder / "gmm_cluster_assignments.csv", index=False)
    means = scaler.inverse_transform(model.means_)
    pd.DataFrame(means, columns=FEATURES).to_csv(folder / "gmm_means.csv", index=False)
    joblib.dump(model, folder / "gmm_model.pkl")
    plane = PCA(2).fit_transform(points)
    for name, color in (("clusters", labels), ("entropy_map", entropy)):
        plt.figure(figsize=(10, 8))
        plt.scatter(plane[:, 0], plane[:, 1], c=color, cmap="viridis", s=12)
        plt.colorbar()
        save(folder, name, dpi)
    plt.hist(entropy, bins=40)
    save(folder, "entropy", dpi)
    plt.bar(range(k), model.weights_)
    save(folder, "weights", dpi)
    heat_map(model.means_, folder, "means", dpi)
    figure, axes = plt.subplots(2, (k + 1) // 2, figsize=(20, 8))
    for axis, covariance in zip(axes.ravel(), model.covariances_, strict=False):
        axis.imshow(covariance, cmap="coolwarm")
    figure.savefig(folder / "covariances.png", dpi=dpi)
    plt.close(figure)

    elbow_rows = []
    for count in ks:
        clusters = kmeans_of(count, params["kmeans"]).fit(points)
        silhouette = metrics.silhouette_score(points, clusters.labels_)
        elbow_rows.append((count, clusters.inertia_, silhouette))
    elbow = pd.DataFrame(elbow_rows, columns=["k", "inertia", "silhouette"])
    elbow.to_csv(folder / "kmeans_elbow.csv", index=False)
    plt.plot(elbow["k"], elbow["inertia"], marker="o")
    save(folder, "kmeans_elbow", dpi)
    clusters = kmeans_of(k, params["kmeans"]).fit(points)
    songs.assign(kmeans_cluster=clusters.labels_).to_csv(folder / "kmeans.csv", index=False)
    joblib.dump(clusters, folder / "kmeans_model.pkl")

    for one, other in ((labels, clusters.labels_), (songs["genre"], labels)):
        print("ARI", metrics.adjusted_rand_score(one, other))
        print("AMI", metrics.adjusted_mutual_info_score(one, other))
        print("NMI", metrics.normalized_mutual_info_score(one, other))
    for name, found in (("mixture", labels), ("K-Means", clusters.labels_)):
        print(name, metrics.silhouette_score(points, found))
        print(name, metrics.davies_bouldin_score(points, found))
        print(name, metrics.calinski_harabasz_score(points, found))
    heat_map(pd.crosstab(labels, clusters.labels_).to_numpy(), folder, "confusion", dpi)
    heat_map(pd.crosstab(songs["genre"], labels).to_numpy(), folder, "genres", dpi)


if __name__ == "__main__":
    main()
