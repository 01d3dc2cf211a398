"""The choice of K, by hand or by a criterion, and the mixture that the sweep has for it."""

import pandas as pd
import pytest

from song_mixtures.mixture.selection import largest_supported, lowest
from song_mixtures.pipeline.stage import StageError
from stages.choose_k import Choice, choose, chosen_mixture, outcome, summarize

FITS = pd.DataFrame(
    {
        "k": [2, 3, 2, 3],
        "covariance_type": ["full", "full", "diag", "diag"],
        "bic": [40.0, 30.0, 20.0, 25.0],
        "aic": [4.0, 1.0, 2.0, 3.0],
        "icl": [1.0, 2.0, 3.0, 4.0],
        "valid": [1, 1, 1, 1],
    }
)
STABILITY = pd.DataFrame(
    {
        "k": [2, 3, 4, 3],
        "covariance_type": ["full", "full", "full", "tied"],
        "ari": [0.9, 0.7, 0.8, 0.7],
        "reference_ari": [0.2, 0.5, 0.8, 0.4],
        "supported": [1, 1, 0, 1],
    }
)


@pytest.mark.parametrize(
    ("by", "k", "covariance_type"),
    [
        ("fixed", 7, "tied"),
        ("bic", 2, "diag"),
        ("aic", 3, "full"),
        ("icl", 2, "full"),
        ("stability", 3, "tied"),
    ],
)
def test_the_choice(by: str, k: int, covariance_type: str) -> None:
    chosen = choose(FITS, Choice(by, 7, "tied"), STABILITY)  # type: ignore[arg-type]
    assert chosen == {"n_components": k, "covariance_type": covariance_type}


def test_the_mixture_of_the_choice_is_that_of_the_sweep() -> None:
    mixtures = [
        {"covariance_type": kind, "weights": [1 / k] * k}
        for kind in ("full", "diag")
        for k in (2, 3)
    ]
    chosen: dict[str, int | str] = {"n_components": 3, "covariance_type": "diag"}
    assert chosen_mixture(mixtures, chosen) is mixtures[3]
    assert chosen_mixture(mixtures, chosen | {"n_components": 4}) is None
    assert chosen_mixture(mixtures, chosen | {"covariance_type": "tied"}) is None


def test_best_k_by_each_criterion() -> None:
    assert summarize(FITS) == {"bic_best_k": 2, "aic_best_k": 3, "icl_best_k": 2}


@pytest.mark.parametrize(
    ("stability", "said"),
    [(STABILITY.assign(supported=0), "K = 2, 3, 4 the"), (STABILITY.head(0), "none tried")],
)
def test_where_the_songs_support_no_k_it_says_so_and_what_to_try(
    stability: pd.DataFrame, said: str
) -> None:
    with pytest.raises(StageError, match=f"{said}.*dvc exp run -S choose_k.by=bic"):
        largest_supported(stability)


def test_an_unsound_fit_is_neither_chosen_nor_called_the_best() -> None:
    invalid = FITS.assign(valid=[1, 1, 0, 1])
    assert choose(invalid, Choice("bic", 7, "full"), STABILITY)["n_components"] == 3
    assert summarize(invalid)["bic_best_k"] == 3


def test_where_each_criterion_is_lowest_is_said_and_whether_it_may_fall_further() -> None:
    only_full = FITS[FITS["covariance_type"] == "full"]
    assert lowest(only_full) == (
        "lowest BIC at K = 3, AIC at K = 3, ICL at K = 2 (BIC and AIC still falling at the largest "
        "K)"
    )
    assert "BIC at K = 2, diag" in lowest(FITS)


UNSOUND = ", whose fit in the sweep is not valid"


@pytest.mark.parametrize(
    ("k", "covariance_type", "valid", "said"),
    [
        (3, "full", 1, "; BIC is lowest at K = 2, diag, 10.0 below that of the chosen one"),
        (2, "diag", 1, "; BIC is lowest there"),
        (9, "full", 1, "; the sweep did not try it"),
        (2, "diag", 0, f"{UNSOUND}; BIC is lowest at K = 3, diag, of the valid fits"),
    ],
)
def test_the_line_says_what_bic_thinks_of_the_choice(
    k: int, covariance_type: str, valid: int, said: str
) -> None:
    choice = Choice("fixed", k, covariance_type)  # type: ignore[arg-type]
    fits = FITS.assign(valid=[1, 1, valid, 1])
    found = outcome(fits, choice, choose(fits, choice, STABILITY))
    assert found == f"K = {k}, {covariance_type} (fixed){said}"
