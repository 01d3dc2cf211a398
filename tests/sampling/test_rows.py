"""A sample of rows depends on the table's size and the seed alone."""

import pandas as pd

from song_mixtures.sampling.rows import sampled_rows, sampled_songs


def test_up_to_the_sample_size_all_rows_are_taken_above_it_a_fixed_sample() -> None:
    assert sampled_rows(100, 100, 42).tolist() == list(range(100))
    sample = sampled_rows(101, 100, 42)
    assert len(set(sample)) == 100
    assert sample.tolist() == sorted(sample) == sampled_rows(101, 100, 42).tolist()
    assert sample.tolist() != sampled_rows(101, 100, 43).tolist()


def test_songs_are_drawn_in_an_order_that_the_seed_alone_decides() -> None:
    songs = pd.DataFrame({"tempo": range(60)})
    drawn = sampled_songs(songs, 25, seed=1)["tempo"].tolist()
    assert len(set(drawn)) == 25
    assert drawn == sampled_songs(songs, 100, seed=1)["tempo"].tolist()[:25]
    assert len(sampled_songs(songs, 100, seed=1)) == 60
    assert drawn != sampled_songs(songs, 25, seed=2)["tempo"].tolist()
