"""Which letters pictures have no font for."""

from matplotlib.font_manager import fontManager, get_font

FIRST_BEYOND = 0x590  # the font of the pictures has Latin, Greek and Cyrillic letters


def letters_without_font(names: str) -> str:
    """Return the letters that no installed font has: pictures show boxes in their place."""
    missing = {letter for letter in names if ord(letter) >= FIRST_BEYOND}
    fonts = [font for font in fontManager.ttflist if not font.name.startswith("Last Resort")]
    for font in fonts if missing else []:
        letters = get_font(font.fname).get_charmap()
        missing -= {letter for letter in missing if ord(letter) in letters}
    return "".join(sorted(missing))
