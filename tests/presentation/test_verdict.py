"""What is said first: no result that would not come back reads as a good one."""

from typing import Any

import pandas as pd
import pytest

from song_mixtures.presentation.report.verdict import Verdict, verdict

FITS = pd.DataFrame(
    {
        "k": [1, 2, 3, 4],
        "covariance_type": "full",
        "bic": [900.0, 500.0, 495.0, 600.0],
        "icl": [900.0, 510.0, 600.0, 700.0],
        "valid": 1,
    }
)
STABILITY = pd.DataFrame(
    {
        "k": [2, 3],
        "covariance_type": "full",
        "ari": [0.9, 0.6],
        "reference_ari": [0.5, 0.55],
        "supported": [1, 0],
    }
)


def said(
    *,
    k: int = 4,
    trusted: int = 0,
    ari: float = 0.8,
    lead: float = 405.0,
    best: int = 3,
    supported: int = 2,
    stability: pd.DataFrame = STABILITY,
    borderline: int = 0,
) -> Verdict:
    metrics: dict[str, dict[str, Any]] = {
        "choose_k": {"bic_best_k": best, "bic_lead_over_one_gaussian": lead},
        "refits": {
            "ari": ari,
            "reference_ari": 0.5,
            "trusted_components_count": trusted,
            "stable_components_count": trusted // 2,
            "borderline_components_count": borderline,
        },
        "stability": {"largest_supported_k": supported},
        "uncertainty": {"mean_kept_share": 0.57},
    }
    return verdict(metrics, k, FITS, stability, 0.1)


@pytest.mark.parametrize(
    ("found", "headline", "command"),
    [
        (said(), "Not 4 groups: .* none of these would come back; 2 groups would", "by=stability"),
        (said(trusted=3), "Not 4 groups: .* only 3 of these would come back; 2 gr", "by=stability"),
        (said(supported=0), "none of these would come back; they divide a continuum", "by=bic"),
        (
            said(supported=0, best=4),
            "they divide a continuum",
            "by=fixed -S choose_k.n_components=2",
        ),
        (said(supported=0, best=2, k=2), "Not 2 groups", "dvc plots show"),
        (said(trusted=4), "4 groups that hold: .* each of them would come back", "dvc plots show"),
        (
            said(trusted=4, ari=0.59),
            "4 groups that come back, but no more than in songs without",
            "dvc plots show",
        ),
        (said(best=1, lead=-3.0, trusted=4), "No groups: one Gaussian", "dvc plots show"),
    ],
)
def test_the_headline_and_what_to_try_next(found: Verdict, headline: str, command: str) -> None:
    assert pd.Series([found.headline]).str.contains(headline).all()
    assert found.next.endswith(command)


def test_groups_are_judged_against_one_gaussian_and_against_songs_without_groups() -> None:
    assert said().groups.startswith("Yes: the best mixture's BIC is 405 below that of one Gaussian")
    assert "K = 2 agrees best" in said().groups
    assert "(ARI 0.90, without groups 0.50)" in said().groups
    types = STABILITY.assign(covariance_type=["diag", "full"])
    assert "K = 2, diag agrees best" in said(stability=types).groups
    assert said(stability=STABILITY.tail(1)).groups.startswith("Hardly")
    assert said(lead=9.0).groups.startswith("Hardly")
    assert said(lead=-9.0).groups.startswith("None: the best mixture's BIC is 9 above")
    assert "none was fitted again" in said(stability=STABILITY.head(0)).groups


def test_how_many_by_each_that_can_be_asked() -> None:
    number = said().number
    assert "BIC is lowest at K = 3 (K = 2 within 10 of the lowest BIC), ICL at K = 2" in number
    assert number.endswith("of K = 2 to 3 the largest all of whose components come back is 2")
    assert said(supported=0).number.endswith("none has all its components come back")


@pytest.mark.parametrize(
    ("trusted", "words"),
    [
        (0, "None of the 4 comes back when the mixture is fitted again; a song"),
        (1, "One of the 4 comes back"),
        (2, "2 of the 4 come back when the mixture is fitted again, 1 nearly unchanged"),
        (4, "All 4 come back when the mixture is fitted again, 2 nearly unchanged"),
    ],
)
def test_how_far_the_trained_ones_can_be_trusted(trusted: int, words: str) -> None:
    assert said(trusted=trusted).trust.startswith(words)
    assert "keeps its component in 57% of these fits" in said(trusted=trusted).trust


def test_components_that_other_refits_might_judge_otherwise_are_counted() -> None:
    assert "; of 2 other refits might say otherwise; a song" in said(borderline=2).trust
    assert "otherwise" not in said().trust
