"""How mixtures are fitted, section `mixture` of params.yaml; without the code that fits them."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from song_mixtures.pipeline.params import Range


@dataclass(frozen=True)
class MixtureParams:
    """How every mixture is fitted, in k_sweep and train_gmm alike."""

    init: Literal["varied", "kmeans"]
    short_runs: Annotated[int, Range(1, 100_000)]  # varied: initializations
    short_tol: Annotated[float, Range(above=0)]  # varied: nats per song that may remain
    short_sample: Annotated[int, Range(1000)]  # varied: songs; of more, they run on a sample
    carried_on: Annotated[int, Range(1, 100_000)]  # varied: short runs
    remaining_gain: Annotated[float, Range(above=0)]  # varied: nats per song
    n_init: Annotated[int, Range(1, 100_000)]  # kmeans: initializations
    tol: Annotated[float, Range(above=0)]  # kmeans: nats per song and iteration
    sample_above: Annotated[int, Range(1000)]  # songs; of more, only the winner sees all
    max_iter: Annotated[int, Range(2)]  # EM iterations of a run
    reg_covar: Annotated[float, Range(0, 1)]  # variance, standardized units: 1 is a feature's own
    seed: Annotated[int, Range(0, 2**32 - 1)]

    def with_fewer_runs(self, short_runs: int, carried_on: int, seed: int) -> "MixtureParams":
        """Return the same from so many initializations at most, where many mixtures are fitted."""
        return replace(
            self,
            short_runs=min(short_runs, self.short_runs),
            carried_on=min(carried_on, self.carried_on),
            seed=seed,
        )
