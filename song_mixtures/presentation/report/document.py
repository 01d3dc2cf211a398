"""A page for people: what it says, and the same in HTML, in Markdown and on a terminal.

A document holds plain text only. Names of songs and genres come from anybody's files, so every
rendering escapes every text it is given, and no text can become markup: that is decided here, once,
and not where a sentence is made. The HTML is one file without scripts that asks no network.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

Facts = Sequence[tuple[str, str]]  # a name and what is to be said of it


@dataclass(frozen=True)
class Table:
    """Cells in rows; `align` has a letter per column, l for text and r for numbers."""

    align: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Bullets:
    """Sentences that stand by themselves."""

    sentences: Sequence[str]


@dataclass(frozen=True)
class Picture:
    """A picture beside the document, by its relative path, and what it shows."""

    path: str
    caption: str


Block = str | Table | Bullets | Picture


@dataclass(frozen=True)
class Section:
    """A heading, what stands below it, and the files its numbers were taken from."""

    title: str
    blocks: Sequence[Block]
    sources: Sequence[str] = ()  # relative paths


@dataclass(frozen=True)
class Document:
    """The whole: what matters most, as facts, then the sections."""

    title: str
    facts: Facts
    sections: Sequence[Section]


def one_line(text: str) -> str:
    """Return text with every run of white space and control characters as one space."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()


def short(path: str) -> str:
    """Return a relative path as people name it, from the project's top folder."""
    return path.removeprefix("../")


def as_text(facts: Facts) -> str:
    """Return facts for a terminal, a line each, names in a column of their own."""
    width = max(len(name) for name, _ in facts)
    return "".join(f"{one_line(name):{width}}  {one_line(value)}\n" for name, value in facts)


# What has a meaning in GitHub's Markdown: backslashes, code, emphasis (but for the bar inside a
# word_like_this), links, HTML, entities, bars of a table, struck-out text, formulas, headings,
# people, addresses.
MARKUP = re.compile(r"[\\`*\[\]<>&|~$@#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<=www)\.|(?<=:)/")
# What begins a list or draws a rule where a line begins with it.
LEADING = re.compile(r"^(\d{0,9})([-+=.)])(?=[-=\s]|$)")


def markdown_text(text: str) -> str:
    """Return text as one line of Markdown that shows just that text."""
    return LEADING.sub(r"\1\\\2", MARKUP.sub(r"\\\g<0>", one_line(text)))


def markdown_table(table: Table) -> str:
    """Return a table as GitHub's Markdown writes it."""
    rule = ["---:" if letter == "r" else "---" for letter in table.align]
    cells = [[markdown_text(cell) for cell in row] for row in (table.header, *table.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (cells[0], rule, *cells[1:]))


def markdown_block(block: Block) -> str:
    """Return a block as Markdown, without a newline at its end."""
    match block:
        case Table():
            return markdown_table(block)
        case Bullets(sentences):
            return "\n".join(f"- {markdown_text(sentence)}" for sentence in sentences)
        case Picture(path, caption):
            return f"![{markdown_text(caption)}]({quote(path)})\n\n{markdown_text(caption)}"
        case str():
            return markdown_text(block)


def as_markdown(document: Document) -> str:
    """Return a document as Markdown."""
    facts = Table("ll", ("", ""), document.facts)
    parts = [f"# {markdown_text(document.title)}", markdown_table(facts)]
    for section in document.sections:
        parts += [f"## {markdown_text(section.title)}", *map(markdown_block, section.blocks)]
        links = [f"[{markdown_text(short(path))}]({quote(path)})" for path in section.sources]
        parts += [f"Taken from {', '.join(links)}"] if links else []
    return "\n\n".join(parts) + "\n"


STYLE = """\
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2129; --faint: #5c6470; --line: #d9dde3;
  --panel: #f4f6f8; --link: #0a5ea8; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171c; --ink: #e4e7eb; --faint: #a0a8b4;
  --line: #343a44; --panel: #1d2229; --link: #7cb8f0; } }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 62rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; padding-top: 1rem;
  border-top: 1px solid var(--line); }
a { color: var(--link); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.25rem; margin: 0;
  padding: 1rem 1.25rem; background: var(--panel); border-radius: .5rem; }
dt { color: var(--faint); } dd { margin: 0; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .9375rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .9rem .3rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
th { color: var(--faint); font-weight: 600; vertical-align: bottom; }
.r { text-align: right; white-space: nowrap; } th.r { white-space: normal; }
.sources { color: var(--faint); font-size: .8125rem; }
figure { margin: 1.5rem 0; }
img { max-width: 100%; background: #fff; border-radius: .25rem; }
figcaption { color: var(--faint); font-size: .875rem; }
@media (max-width: 30rem) { body { font-size: 15px; padding: 1rem .75rem 3rem; }
  dl { grid-template-columns: 1fr; gap: 0; padding: .75rem 1rem; } dd { margin-bottom: .5rem; }
  table { font-size: .8125rem; } th, td { padding-right: .6rem; } }
"""


def html_text(text: str) -> str:
    """Return text as one line of HTML that shows just that text, in quotes too."""
    return escape(one_line(text), quote=True)


def html_table(table: Table) -> str:
    """Return a table that scrolls by itself where it is wider than the page."""

    def row(tag: str, cells: Sequence[str]) -> str:
        shown = (
            f'<{tag} class="{letter}" dir="auto">{html_text(cell)}</{tag}>'
            for letter, cell in zip(table.align, cells, strict=True)
        )
        return f"<tr>{''.join(shown)}</tr>"

    head, body = row("th", table.header), "\n".join(row("td", cells) for cells in table.rows)
    rows = f"<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>"
    return f'<div class="wide"><table>\n{rows}\n</table></div>'


def html_block(block: Block) -> str:
    """Return a block as HTML."""
    match block:
        case Table():
            return html_table(block)
        case Bullets(sentences):
            items = (f"<li>{html_text(sentence)}</li>" for sentence in sentences)
            return "<ul>\n" + "\n".join(items) + "\n</ul>"
        case Picture(path, caption):
            shown = f'<img src="{quote(path)}" alt="{html_text(caption)}">'
            link = f'<a href="{quote(path)}">{shown}</a>'
            return f"<figure>{link}<figcaption>{html_text(caption)}</figcaption></figure>"
        case str():
            return f"<p>{html_text(block)}</p>"


def html_section(section: Section) -> Iterator[str]:
    """Yield the parts of a section."""
    yield f"<h2>{html_text(section.title)}</h2>"
    yield from map(html_block, section.blocks)
    if section.sources:
        links = (
            f'<a href="{quote(path)}">{html_text(short(path))}</a>' for path in section.sources
        )
        yield f'<p class="sources">Taken from {", ".join(links)}</p>'


def as_html(document: Document) -> str:
    """Return a document as one HTML file; its policy forbids scripts, should one ever get in."""
    title = html_text(document.title)
    facts = "\n".join(
        f"<dt>{html_text(name)}</dt><dd>{html_text(value)}</dd>" for name, value in document.facts
    )
    sections = "\n".join(part for section in document.sections for part in html_section(section))
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="script-src 'none'; connect-src 'none'; \
object-src 'none'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{STYLE}</style>
</head>
<body>
<h1>{title}</h1>
<dl>
{facts}
</dl>
{sections}
</body>
</html>
"""
