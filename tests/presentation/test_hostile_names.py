"""Names that would be code, in the page of `dvc plots`; tests/test_report.py has the report's."""

from pathlib import Path

import pytest

from tests.browser import chromium
from tests.conftest import call
from tests.presentation.results import charted
from tests.presentation.test_page import CHARTED, CHARTS, IN_BROWSER, draw_pictures, lay_out

HOSTILE = [
    "</script><script>window.broken = 1</script>",
    '"><img src=x onerror="window.broken = 1">',
    "{{ 7 * 7 }} ${window.broken = 1} {plot_divs}",
    "datum.label = (window.broken = 1)",
    "javascript:window.broken=1",
    "=1+1",
    "\\u003cscript\\u003e' \" \\",
    "קול - العربية \u202e txt",
]


@IN_BROWSER
def test_names_that_would_be_code_are_drawn_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path)
    draw_pictures(tmp_path)
    monkeypatch.chdir(tmp_path)
    charted(genres=HOSTILE)
    call(tmp_path, "dvc", "plots", "show")
    with chromium() as tab:
        tab.open(tmp_path / "dvc_plots/index.html", 1280, "light")
        assert tab.complaints == []
        assert tab.evaluate("typeof window.broken") == "undefined"
        charts = tab.evaluate(CHARTS)
        assert {charts[name]["failed"] for name in CHARTED} == {""}
        assert min(charts[name]["seen"] for name in CHARTED) > 0
        assert HOSTILE[5] in tab.evaluate("document.body.textContent")
