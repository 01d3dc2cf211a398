"""A sample of rows depends on the table's size and the seed alone."""

from song_mixtures.sampling.rows import sampled_rows


def test_up_to_the_sample_size_all_rows_are_taken_above_it_a_fixed_sample() -> None:
    assert sampled_rows(100, 100, 42).tolist() == list(range(100))
    sample = sampled_rows(101, 100, 42)
    assert len(set(sample)) == 100
    assert sample.tolist() == sorted(sample) == sampled_rows(101, 100, 42).tolist()
    assert sample.tolist() != sampled_rows(101, 100, 43).tolist()
