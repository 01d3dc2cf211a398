"""The data of the charts of the labels: mixture beside K-Means and beside the genres."""

import numpy as np
import pandas as pd

from song_mixtures.presentation.figures.palettes import Records

MOST_GENRES = 150  # shown, the commonest
NO_GENRES = "no genres are known"


def kmeans_gmm_confusion(counts: pd.DataFrame) -> Records:
    """Return a record per component and matched cluster, with the share of the component."""
    totals = counts.groupby("gmm_cluster")["songs"].transform("sum")
    shares = (counts["songs"] / totals.clip(lower=1)).round(4)
    return (
        counts.rename(columns={"gmm_cluster": "component"}).assign(share=shares).to_dict("records")
    )


def genre_by_component(counts: pd.DataFrame, k: int) -> Records:
    """Return a record per genre and component, genres in the order of the picture.

    Where no genres are known there is one row that says so: DVC takes an empty list for an error.
    """
    if counts.empty:
        return [
            {"genre": NO_GENRES, "component": component, "share": 0.0, "songs": 0, "genre_songs": 0}
            for component in range(k)
        ]
    shares, songs = genre_shares(counts, k)
    return [
        {
            "genre": genre,
            "component": component,
            "share": round(float(share), 4),
            "songs": round(float(share) * int(songs[genre])),
            "genre_songs": int(songs[genre]),
        }
        for genre, row in zip(shares.index, shares.to_numpy(), strict=True)
        for component, share in enumerate(row)
    ]


def genre_shares(counts: pd.DataFrame, k: int) -> tuple[pd.DataFrame, pd.Series]:
    """Return the share of each genre's songs per component, in reading order, and its songs."""
    table = counts.pivot_table(index="genre", columns="gmm_cluster", values="songs", fill_value=0)
    table = table.reindex(columns=range(k), fill_value=0)
    songs = table.sum(axis=1).astype(int)
    commonest = songs.sort_values(ascending=False, kind="stable").index[:MOST_GENRES]
    shares = table.loc[commonest].div(songs[commonest], axis=0)
    dominant = shares.to_numpy().argmax(axis=1)
    order = np.lexsort((-shares.max(axis=1).to_numpy(), dominant))
    return shares.iloc[order], songs
