"""The run as Markdown, by the one template; the page that a Markdown parser makes of it; text.

Names of songs and genres come from anybody's files. Every value that the template shows passes
through `markdown_text`, for the environment finalizes each of its expressions with it, and the
parser takes no HTML: no text can become markup, and no line of the template can forget that.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from string import Template
from textwrap import fill
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.token import Token

from song_mixtures.mixture.selection import (
    CRITERIA,
    SAID_OF,
    also_close,
    best_fit,
    comes_back,
    lowest_at,
    still_falling,
)
from song_mixtures.presentation.figures.catalog import FIGURES
from song_mixtures.presentation.report.words import (
    Command,
    Player,
    counted,
    likeliest,
    listed,
    name_shown,
)

TERMINAL = 80  # letters of a line
TEMPLATES = Path(__file__).parent
PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
# What has a meaning in GitHub's Markdown: backslashes, code, emphasis (but for the bar inside a
# word_like_this), links, HTML, entities, bars of a table, struck-out text, formulas, headings,
# people, addresses.
MARKUP = re.compile(r"[\\`*\[\]<>&|~$@#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<=www)\.|(?<=:)/")
# What begins a list or draws a rule where a line begins with it.
LEADING = re.compile(r"^(\d{0,9})([-+=.)])(?=[-=\s]|$)")


def one_line(text: str) -> str:
    """Return text with every run of white space, control and direction characters as one space."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+", " ", text).strip()


def markdown_text(value: object) -> str:
    """Return a value as one line of Markdown that shows just its text, a command as code."""
    if isinstance(value, Command):
        return f"`{value.line}`"
    if isinstance(value, Player):
        return f"![{markdown_text(name_shown(value.name))}]({value.address}) "
    return LEADING.sub(r"\1\\\2", MARKUP.sub(r"\\\g<0>", one_line(str(value))))


ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=False,  # noqa: S701 - that is HTML's way; the line below escapes for Markdown
    finalize=markdown_text,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
# Python's own format(): Jinja's is that of `%`, without thousands and shares.
FILTERS = (comes_back, format, counted, likeliest, listed, name_shown)
ENVIRONMENT.filters |= {filter_.__name__: filter_ for filter_ in FILTERS}
FUNCTIONS = (also_close, best_fit, lowest_at, still_falling)
ENVIRONMENT.globals |= {function.__name__: function for function in FUNCTIONS}
ENVIRONMENT.globals |= {"CRITERIA": CRITERIA, "FIGURES": FIGURES, "SAID_OF": SAID_OF}


def as_markdown(found: Mapping[str, Any]) -> str:
    """Return what was found in a run, by the names that the template has for it, as Markdown."""
    text = ENVIRONMENT.get_template("summary.md.jinja").render(found)
    return text.replace("\n  ", " ")  # no value has a newline in it


def as_html(markdown: str, pictures: Mapping[str, bytes] | None = None) -> str:
    """Return the Markdown as a page without scripts that asks no network.

    With `pictures`, PNG by their addresses in the Markdown, they are in the page, which has no
    links then: it is meant for where the other files are not.
    """
    tokens = PARSER.parse(markdown)
    for part in (part for token in tokens for part in token.children or ()):
        if part.type == "image" and not str(part.attrs["src"]).endswith(".png"):
            part.type = "player"  # the parser takes no HTML, so a player is written as an image
    if pictures is not None:
        for token in tokens:
            token.children = [part for part in token.children or () if "link" not in part.type]
            for image in (part for part in token.children if part.type == "image"):
                png = b64encode(pictures[str(image.attrs["src"])]).decode()
                image.attrs["src"] = f"data:image/png;base64,{png}"
    body = PARSER.renderer.render(tokens, PARSER.options, {})
    # A table wider than the page scrolls by itself, by keyboard as well. No text holds a tag.
    body = body.replace("<table>", '<div class="wide" tabindex="0">\n<table>')
    body = body.replace("</table>", "</table>\n</div>")
    header, heading_2, rest = body.partition("<h2>")
    title = header.removeprefix("<h1>").partition("</h1>")[0]
    shell = Template((TEMPLATES / "summary.html").read_text("utf-8"))
    return shell.substitute(title=title, header=header.strip(), main=heading_2 + rest.strip())


def as_player(_renderer: Any, tokens: Sequence[Token], place: int, *_: Any) -> str:
    """Return the tag of an image that is a song: it loads nothing before the click.

    In a list of songs each begins a line.
    """
    line = "<br>" if place and tokens[place - 1].content.endswith("; ") else ""
    name, source = tokens[place].content, str(tokens[place].attrs["src"])
    named = f'aria-label="{escape(name)}" src="{escape(source)}"'
    small = 'controls controlslist="nodownload noplaybackrate" preload="none"'
    return f"{line}<audio {small} {named}></audio>"


PARSER.add_render_rule("player", as_player)


def facts(markdown: str) -> list[tuple[str, str]]:
    """Return the rows of the first table of two columns, as plain text."""
    tokens = PARSER.parse(markdown[: markdown.index("\n## ")])
    cells = [
        "".join(part.content for part in token.children or ())
        for before, token in pairwise(tokens)
        if before.type == "td_open"
    ]
    return list(zip(cells[::2], cells[1::2], strict=True))


def as_text(facts: Sequence[tuple[str, str]]) -> str:
    """Return facts for a terminal, a line each, names in a column of their own."""
    indent = 2 + max(len(name) for name, _ in facts)
    lines = [
        fill(
            one_line(value),
            TERMINAL,
            initial_indent=one_line(name).ljust(indent),
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for name, value in facts
    ]
    return "".join(f"{line}\n" for line in lines)
