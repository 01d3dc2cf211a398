"""What is said first: no result that would not come back reads as a good one."""

from typing import Any

import pandas as pd
import pytest

from song_mixtures.presentation.report.verdict import Verdict, verdict

FITS = pd.DataFrame({
    "k": [1, 2, 3, 4], "covariance_type": "full", "bic": [900.0, 500, 495, 600],
    "icl": [900.0, 510, 600, 700], "valid": 1,
})  # fmt: skip
STABILITY = pd.DataFrame({
    "k": [2, 3], "covariance_type": "full", "ari": [0.9, 0.6], "reference_ari": [0.5, 0.55],
    "supported": [1, 0],
})  # fmt: skip


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


DIAG = STABILITY.assign(covariance_type=["diag", "full"])


@pytest.mark.parametrize(
    ("found", "part", "words"),
    [
        (said(), "groups", "Yes: the best mixture's BIC is 405 below that of one Gaussian"),
        (said(), "groups", "K = 2 agrees best"),
        (said(), "groups", "(ARI 0.90, without groups 0.50)"),
        (said(stability=DIAG), "groups", "K = 2, diag agrees best"),
        (said(stability=STABILITY.tail(1)), "groups", "Hardly"),
        (said(lead=9.0), "groups", "Hardly"),
        (said(lead=-9.0), "groups", "None: the best mixture's BIC is 9 above"),
        (said(stability=STABILITY.head(0)), "groups", "none was fitted again"),
        (said(), "number", "lowest at K = 3 (K = 2 within 10 of the lowest BIC), ICL at K = 2"),
        (said(), "number", "K = 2 to 3 the largest all of whose components come back is 2"),
        (said(supported=0), "number", "none has all its components come back"),
        (said(), "trust", "None of the 4 comes back when the mixture is fitted again; a song"),
        (said(), "trust", "keeps its component in 57% of these fits"),
        (said(trusted=1), "trust", "One of the 4 comes back"),
        (said(trusted=2), "trust", "2 of the 4 come back when the mixture is fitted again, 1 near"),
        (
            said(borderline=2),
            "trust",
            "again (other refits might judge 2 of them otherwise); a song",
        ),
        (said(trusted=4), "trust", "All 4 come back when the mixture is fitted again, 2 nearly"),
    ],
)
def test_what_is_said_of_groups_their_number_and_the_trust(
    found: Verdict, part: str, words: str
) -> None:
    assert words in getattr(found, part)
