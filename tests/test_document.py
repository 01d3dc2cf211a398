"""No text becomes markup, whatever it is; parsers that are not ours say so."""

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from song_mixtures.presentation.report.document import (
    Block,
    Bullets,
    Document,
    Picture,
    Section,
    Table,
    as_html,
    as_markdown,
    as_text,
    one_line,
)

# Texts of what could break out of a cell, and any others.
MARKS = st.text(alphabet="|\\`*_[]<>&~$@#!-+=.()/:'\"1 \n\r\t\x00;wamp", max_size=30)
TEXTS = st.one_of(MARKS, st.text(max_size=30))
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a | b \\| c \\",
    "`code` **bold** _it_ ~~no~~ [a](b) ![a](b) <http://example.org>",
    "&lt;b&gt; &amp; &#60;",
    "two\nlines\r\nand\u2028more\x85",
    "# heading",
    "- item",
    "12. item",
    "---",
    "===",
    "| --- |",
    "http://example.org www.example.org a@example.org",
]

VOID = {"meta", "img", "hr", "br"}  # tags that are never closed


class Reader(HTMLParser):
    """Collects the tags with their attributes, and the texts of cells, items and the like."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert tag in VOID or self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]][-1] += data


def in_markdown(text: str) -> Reader:
    """Return what a Markdown parser of another's, with GitHub's tables, makes of a text."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return Reader(parser.render(text))


def page(text: str) -> Document:
    """Return a document with a text in every place that there is."""
    blocks: list[Block] = [
        text,
        Table("lr", ("a", text), [(text, "1"), ("2", text)]),
        Bullets([text]),
        Picture("../plots/images/weights.png", text),
    ]
    return Document(text, [("fact", text)], [Section(text, blocks, ["../metrics/a_b.json"])])


def shown(reader: Reader, tag: str) -> list[str]:
    """Return the texts of a tag's elements; U+FFFD is what a parser shows for U+0000."""
    return [one_line(text) for text in reader.texts.get(tag, [])]


@given(TEXTS)
@example("\N{NO-BREAK SPACE}")
def test_any_text_is_shown_as_it_is_and_adds_no_tag_in_html(text: str) -> None:
    reader, plain = Reader(as_html(page(text))), Reader(as_html(page("plain")))
    assert [tag for tag, _ in reader.tags] == [tag for tag, _ in plain.tags]
    assert reader.open == []
    expected = one_line(text)
    assert shown(reader, "td") == [expected, "1", "2", expected]
    for tag in ("title", "h1", "h2", "dd", "li", "figcaption"):
        assert shown(reader, tag) == [expected], tag
    assert [a["alt"] for tag, a in reader.tags if tag == "img"] == [expected]


@given(TEXTS)
def test_any_text_is_shown_as_it_is_and_adds_no_tag_in_markdown(text: str) -> None:
    reader, plain = in_markdown(as_markdown(page(text))), in_markdown(as_markdown(page("plain")))
    expected = one_line(text)
    if expected:  # an empty paragraph is none
        assert [tag for tag, _ in reader.tags] == [tag for tag, _ in plain.tags]
        assert shown(reader, "h1") == shown(reader, "h2") == shown(reader, "li") == [expected]
        assert shown(reader, "p")[:1] == [expected]
    assert shown(reader, "td") == ["fact", expected, expected, "1", "2", expected]


@pytest.mark.parametrize("text", HOSTILE)
def test_known_attacks_are_shown_as_they_are(text: str) -> None:
    expected = one_line(text)
    assert shown(Reader(as_html(page(text))), "td") == [expected, "1", "2", expected]
    reader = in_markdown(as_markdown(page(text)))
    assert shown(reader, "td")[1:3] == [expected, expected]
    assert {tag for tag, _ in reader.tags} & {"script", "code", "em", "strong", "s"} == set()


def test_github_makes_no_links_of_addresses_in_a_text() -> None:
    """GitHub links bare addresses, which CommonMark does not: they are broken by backslashes."""
    markdown = as_markdown(page("http://example.org www.example.org a@example.org"))
    assert "http://" not in markdown
    assert "www.e" not in markdown
    assert "a@e" not in markdown


def test_markdown_stays_readable_where_nothing_needs_an_escape() -> None:
    assert "\n| a_b.csv, -23.8, 0.5 (12%) | 1 |\n" in as_markdown(page("a_b.csv, -23.8, 0.5 (12%)"))


def test_the_html_needs_no_network_and_runs_no_script() -> None:
    html = as_html(page("plain"))
    addresses = [
        a.get("src") or a.get("href") for tag, a in Reader(html).tags if tag in ("img", "a")
    ]
    image = "../plots/images/weights.png"
    assert addresses == [image, image, "../metrics/a_b.json"]
    assert not [tag for tag, _ in Reader(html).tags if tag in ("script", "link", "iframe")]
    assert "url(" not in html
    assert "script-src 'none'" in html


def test_a_path_is_quoted_in_links() -> None:
    document = Document("t", [("a", "b")], [Section("s", [Picture('a b".png', "c")])])
    assert '<img src="a%20b%22.png"' in as_html(document)
    assert "(a%20b%22.png)" in as_markdown(document)


def test_facts_on_a_terminal_stand_in_two_columns() -> None:
    assert as_text([("K", "10"), ("mean entropy", "a\x1b[2J\nb")]) == (
        "K             10\nmean entropy  a [2J b\n"
    )
