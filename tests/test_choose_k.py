"""The choice of K, by hand or by a criterion, and the mixture that the sweep has for it."""

import pandas as pd
import pytest

from song_mixtures.mixture.selection import (
    also_close,
    close_fits,
    few_songs,
    largest_supported,
    lowest,
)
from song_mixtures.pipeline.stage import StageError
from stages.choose_k import Choice, choose, chosen_mixture, outcome, summarize

FITS = pd.DataFrame(
    {
        "k": [1, 2, 3, 1, 2, 3],
        "covariance_type": ["full"] * 3 + ["diag"] * 3,
        "songs": 80,
        "bic": [80.0, 40.0, 30.0, 90.0, 20.0, 25.0],
        "aic": [9.0, 4.0, 1.0, 9.0, 2.0, 3.0],
        "icl": [9.0, 1.0, 2.0, 9.0, 3.0, 4.0],
        "valid": 1,
        "fault": "",
    }
)
FIXED = Choice("fixed", 3, "full")


def with_bic(*bic: float) -> pd.DataFrame:
    return FITS.assign(bic=list(bic))


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
        ("fixed", 4, "tied"),
        ("bic", 2, "diag"),
        ("aic", 3, "full"),
        ("icl", 2, "full"),
        ("stability", 3, "tied"),
    ],
)
def test_the_choice(by: str, k: int, covariance_type: str) -> None:
    chosen = choose(FITS, Choice(by, 4, "tied"), 5, STABILITY)  # type: ignore[arg-type]
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


def test_a_fit_that_is_not_valid_is_neither_chosen_nor_called_the_best() -> None:
    invalid = FITS.assign(valid=[1, 1, 1, 1, 0, 1])
    chosen = choose(invalid, Choice("bic", 7, "full"), 5, STABILITY)
    assert chosen == {"n_components": 3, "covariance_type": "diag"}
    assert summarize(invalid, chosen, 5)["bic_best_k"] == 3


FAULT = "1 of 3 with a variance that is mixture.reg_covar's"
INSTEAD = r"`dvc exp run -S choose_k\.by=bic` trains .* K = 2, diag$"


@pytest.mark.parametrize(
    ("valid", "choice", "said"),
    [
        ([1, 1, 0, 1, 1, 1], FIXED, f"K = 3, full, whose fit is not valid: {FAULT}.*{INSTEAD}"),
        (
            [1] * 6,
            Choice("fixed", 5, "full"),
            rf"80 songs are too few.*at least 100, 20.*{INSTEAD}",
        ),
        ([1] * 6, Choice("fixed", 500, "spherical"), rf"expected at least 3000, 6 .*{INSTEAD}"),
        ([1, 0, 0, 1, 0, 0], FIXED, r"-S 'k_sweep\.covariance_types=\[diag,spherical\]'` tries"),
        (
            [1, 0, 0, 1, 0, 0],
            Choice("bic", 3, "full"),
            f"no mixture .* valid .K = 2, full: {FAULT}",
        ),
    ],
)
def test_a_mixture_that_is_not_valid_is_refused_with_what_to_run_instead(
    valid: list[int], choice: Choice, said: str
) -> None:
    fits = FITS.assign(valid=valid, fault=["" if one else FAULT for one in valid])
    with pytest.raises(StageError, match=said):
        choose(fits, choice, 5, STABILITY)


def test_where_all_types_were_tried_in_vain_none_of_them_is_proposed() -> None:
    fits = FITS.assign(covariance_type=["full"] * 3 + ["spherical"] * 3, valid=0, fault=FAULT)
    with pytest.raises(StageError, match=r"show no groups: give more$"):
        choose(fits, Choice("bic", 3, "full"), 5, STABILITY)


@pytest.mark.parametrize(
    ("kind", "by", "line"),
    [
        ("full", "fixed", "-S choose_k.covariance_type=tied"),
        ("full", "bic", "-S 'k_sweep.covariance_types=[tied,diag]'"),
        ("diag", "fixed", "-S choose_k.covariance_type=tied"),
        ("tied", "fixed", "-S choose_k.n_components=7"),
        ("spherical", "icl", "-S k_sweep.k_max=7"),
    ],
)
def test_few_songs_for_each_parameter_are_warned_of_with_a_line_that_helps(
    kind: str, by: str, line: str
) -> None:
    found = few_songs(2.8, 10, kind, by)
    assert found is not None
    assert "only 2.8 songs for each parameter" in found[0]
    assert found[1] == f"dvc exp run {line}"
    assert few_songs(4.0, 10, kind, by) is None


def test_songs_too_few_for_two_components_have_no_line_that_helps() -> None:
    found = few_songs(0.7, 10, "tied", "fixed")
    assert found is not None
    assert found[0].endswith("give more songs, or fewer features")
    assert found[1] == ""


def test_what_each_criterion_prefers_by_how_much_and_what_comes_near() -> None:
    chosen = {"n_components": 3, "covariance_type": "full"}
    assert summarize(FITS, chosen, 5) == {
        "songs_per_own_parameter": FITS["songs"][0] / (3 * 20),
        "bic_best_k": 2,
        "aic_best_k": 3,
        "icl_best_k": 2,
        "bic_lead_over_one_gaussian": 60.0,
        "bic_within_10_count": 3,
        "bic_within_10_min_k": 2,
        "bic_within_10_max_k": 3,
        "chosen_above_lowest_bic": 10.0,
    }
    assert "chosen_above_lowest_bic" not in summarize(FITS, chosen | {"n_components": 9}, 5)


def test_fits_within_ten_of_the_lowest_bic_are_close_and_named() -> None:
    assert also_close(FITS) == "K = 3, full and K = 3, diag within 10 of the lowest BIC"
    alone = with_bic(80, 40, 30.01, 90, 20, 30.01)
    assert (len(close_fits(alone)), also_close(alone)) == (1, "")


def test_one_gaussian_may_be_best_and_two_components_are_trained_all_the_same() -> None:
    fits = with_bic(10, 40, 30, 90, 20, 25)
    chosen = choose(fits, Choice("bic", 3, "full"), 5, STABILITY)
    assert chosen == {"n_components": 2, "covariance_type": "diag"}
    metrics = summarize(fits, chosen, 5)
    assert (metrics["bic_best_k"], metrics["bic_lead_over_one_gaussian"]) == (1, -10)
    assert "one Gaussian describes these songs better" in outcome(fits, FIXED, chosen)


@pytest.mark.parametrize(
    ("stability", "said"),
    [(STABILITY.assign(supported=0), "K = 2, 3, 4 the"), (STABILITY.head(0), "none tried")],
)
def test_where_the_songs_support_no_k_it_says_so_and_what_to_try(
    stability: pd.DataFrame, said: str
) -> None:
    with pytest.raises(StageError, match=f"{said}.*dvc exp run -S choose_k.by=bic"):
        largest_supported(stability)


def test_where_each_criterion_is_lowest_is_said_and_whether_it_may_fall_further() -> None:
    only_full = FITS[FITS["covariance_type"] == "full"]
    assert lowest(only_full) == (
        "lowest BIC at K = 3, AIC at K = 3, ICL at K = 2 (K = 2 within 10 of the lowest BIC; BIC "
        "and AIC still falling at the largest K)"
    )
    assert "BIC at K = 2, diag" in lowest(FITS)


@pytest.mark.parametrize(
    ("k", "covariance_type", "said"),
    [
        (3, "full", "; BIC is lowest at K = 2, diag, 10.0 below that"),
        (2, "diag", "; BIC is lowest there"),
        (4, "full", "; the sweep did not try it"),
    ],
)
def test_the_line_says_what_bic_thinks_of_the_choice(
    k: int, covariance_type: str, said: str
) -> None:
    choice = Choice("fixed", k, covariance_type)  # type: ignore[arg-type]
    assert (
        outcome(FITS, choice, choose(FITS, choice, 5, STABILITY))
        == f"K = {k}, {covariance_type} (fixed){said}"
    )
