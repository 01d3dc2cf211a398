"""Make DVC's template of the plots page: `python -m plots_page .dvc/plots_page.html`.

DVC's own page loads Vega from the network and lists the plots one after another, pictures in
alphabetical order. This one carries Vega in itself, and puts plots and pictures under headings,
each with a line that says how to read it. `make` writes it at set-up, into a file that git
ignores, and tells DVC of it in `.dvc/config.local`. Without it DVC falls back on its own page.

It is made from page.html (headings and captions), page.css and page.js in this folder; Vega,
Vega-Lite and vega-embed come out of the package vl-convert-python, which carries them for its own
use. No stage reads any of this: the page is of the checkout, not of the results.
"""

import sys
from pathlib import Path

import vl_convert

from song_mixtures.pipeline.files import write_text

SOURCES = Path(__file__).parent
GLOBALS = "window.vega = vega; window.vegaLite = vegaLite; window.vegaEmbed = vegaEmbed;"
# What DVC replaces wherever it stands; only page.html may have them.
PLACEHOLDERS = ("{plot_divs}", "{refresh_tag}", "{scripts}")


def vega_script() -> str:
    """Return Vega, Vega-Lite and vega-embed as one script that names them in `window`.

    In a function of its own: the names inside it would else be those of the whole page.
    """
    bundle = vl_convert.javascript_bundle(GLOBALS)
    return f"(() => {{\n{bundle}\n}})();"


def fill_page(page: str, parts: dict[str, str]) -> str:
    """Return the page with each part in place of its mark, `<!-- name -->`.

    ValueError where a mark is not there once, or where a part would end the script or style that
    it stands in or holds what DVC replaces.
    """
    for name, part in parts.items():
        mark = f"<!-- {name} -->"
        if page.count(mark) != 1:
            raise ValueError(f"page.html has {mark} {page.count(mark)} times, expected once")
        for text in ("</script", "</style", "<!--", *PLACEHOLDERS):
            if text in part:
                raise ValueError(f"{name} holds {text}, which must not stand in the page there")
        page = page.replace(mark, part)
    return page


def plots_page() -> str:
    """Return the whole template."""
    style, script = ((SOURCES / name).read_text("utf-8") for name in ("page.css", "page.js"))
    parts = {"style": style, "vega": vega_script(), "script": script}
    return fill_page((SOURCES / "page.html").read_text("utf-8"), parts)


def main() -> None:
    """Write the template where the command line says."""
    if len(sys.argv) != 2:
        sys.exit(f"expected one argument, the file to write, found {sys.argv[1:]}")
    write_text(Path(sys.argv[1]), plots_page())


if __name__ == "__main__":
    main()
