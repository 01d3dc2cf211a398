"""Make what DVC draws with: the page of `dvc plots` and the templates of the charts.

    python -m song_mixtures.presentation.page .dvc/plots_page.html    the page
    python -m song_mixtures.presentation.page .dvc/plots              the templates

DVC's own page loads Vega from the network and lists the plots one after another, pictures in
alphabetical order. This one carries Vega in itself, out of the package vl-convert-python, and puts
plots and pictures under headings, each with how to read it. `make` writes it at set-up, into a file
that git ignores, and tells DVC of it in `.dvc/config.local`. Without it DVC falls back on its own
page. No stage reads any of this: the page is of the checkout, not of the results.
"""

import sys
from pathlib import Path

import vl_convert
from jinja2 import Environment, StrictUndefined

from song_mixtures.pipeline.files import write_text
from song_mixtures.presentation.figures.catalog import FIGURES, SECTIONS
from song_mixtures.presentation.figures.charts import CHARTS
from song_mixtures.presentation.figures.vega import VERSION

SOURCES = Path(__file__).parent
GLOBALS = "window.vega = vega; window.vegaLite = vegaLite; window.vegaEmbed = vegaEmbed;"


def plots_page() -> str:
    """Return the whole page. Only page.html may have what DVC replaces: {plot_divs} and others."""
    page, style, script = (
        (SOURCES / f"page.{suffix}").read_text("utf-8") for suffix in ("html", "css", "js")
    )
    # In a function of its own: the names inside it would else be those of the whole page.
    vega = f"(() => {{\n{vl_convert.javascript_bundle(GLOBALS, vl_version=VERSION)}\n}})();"
    # Our own texts alone go through here, so nothing is escaped but titles and captions.
    template = Environment(undefined=StrictUndefined, autoescape=False).from_string(page)  # noqa: S701
    return template.render(style=style, script=script, vega=vega, sections=SECTIONS)


def main() -> None:
    """Write the page or the templates where the command line says."""
    if len(sys.argv) != 2:
        sys.exit(f"expected one argument, the page or the folder to write, found {sys.argv[1:]}")
    target = Path(sys.argv[1])
    if target.suffix == ".html":
        write_text(target, plots_page())
        return
    titles = {figure.chart: figure.title for figure in FIGURES}
    for name, chart in CHARTS.items():
        write_text(target / f"{name}.json", chart.template(titles[name]))


if __name__ == "__main__":
    main()
