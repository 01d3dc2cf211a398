"""The picture of a chart: its own specification, rendered by the library that the page carries."""

import vl_convert
from matplotlib.font_manager import fontManager, get_font

from song_mixtures.presentation.figures.palettes import Records
from song_mixtures.presentation.figures.vega import VERSION, Chart

PIXELS_AN_INCH = 96  # of a specification
FIRST_BEYOND = 0x590  # the font of the pictures has Latin, Greek and Cyrillic letters


def chart_picture(chart: Chart, records: Records, finding: str, note: str, dpi: int) -> bytes:
    """Return a chart of these records as PNG, its finding as the title; the same bytes again."""
    spec = chart.picture(records, finding, note)
    picture: bytes = vl_convert.vegalite_to_png(
        spec, vl_version=VERSION, scale=dpi / PIXELS_AN_INCH, allowed_base_urls=[]
    )
    return picture


def letters_without_font(names: str) -> str:
    """Return the letters that no installed font has: pictures show boxes in their place."""
    missing = {letter for letter in names if ord(letter) >= FIRST_BEYOND}
    fonts = [font for font in fontManager.ttflist if not font.name.startswith("Last Resort")]
    for font in fonts if missing else []:
        letters = get_font(font.fname).get_charmap()
        missing -= {letter for letter in missing if ord(letter) in letters}
    return "".join(sorted(missing))
