"""Make what DVC draws with: the page of `dvc plots` and the templates of the charts.

    python -m song_mixtures.presentation.page .dvc/plots_page.html    the page
    python -m song_mixtures.presentation.page .dvc/plots              the templates

DVC's own page loads Vega from the network and lists the plots one after another, pictures in
alphabetical order. This one carries Vega in itself, and puts plots and pictures under headings,
each with a line that says how to read it. `make` writes it at set-up, into a file that git
ignores, and tells DVC of it in `.dvc/config.local`. Without it DVC falls back on its own page.

Titles, captions and order are those of presentation/figures; Vega, Vega-Lite and vega-embed come
out of the package vl-convert-python, which carries them. No stage reads any of this: the page is of
the checkout, not of the results.
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
# What DVC replaces wherever it stands, and what would end a script or style: only page.html has it.
FORBIDDEN = ("{plot_divs}", "{refresh_tag}", "{scripts}", "</script", "</style", "<!--")


def vega_script() -> str:
    """Return Vega, Vega-Lite and vega-embed as one script that names them in `window`.

    In a function of its own: the names inside it would else be those of the whole page.
    """
    bundle = vl_convert.javascript_bundle(GLOBALS, vl_version=VERSION)
    return f"(() => {{\n{bundle}\n}})();"


def plots_page() -> str:
    """Return the whole page; ValueError where a part holds what must not stand in it."""
    style, script = ((SOURCES / name).read_text("utf-8") for name in ("page.css", "page.js"))
    parts = {"style": style, "vega": vega_script(), "script": script}
    for name, part in parts.items():
        for text in FORBIDDEN:
            if text in part:
                raise ValueError(f"{name} holds {text}, which must not stand in the page there")
    # Our own texts alone go through here, so nothing is escaped but titles and captions.
    template = Environment(undefined=StrictUndefined, autoescape=False).from_string(  # noqa: S701
        (SOURCES / "page.html").read_text("utf-8")
    )
    shown = {
        heading: [figure for figure in figures if figure.plot]
        for heading, figures in SECTIONS.items()
    }
    return template.render(parts, sections=shown)


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
