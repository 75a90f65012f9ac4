from __future__ import annotations

import html.parser
from xml.etree import ElementTree as ET

import pytest

from labkit import markup, secret


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("", ""),
        ("plain ä 中 😀", "plain ä 中 😀"),
        ("<b> & </b>", "&lt;b&gt; &amp; &lt;/b&gt;"),
        ("'\"", "&#39;&#34;"),
        ("a\tb\nc\r", "a&#9;b&#10;c&#13;"),
        ("\0\x1b[2J\x7f\x9b", "\\x00\\x1b[2J\\x7f\\x9b"),
        ("\ud800\ufffe\uffff", "\\ud800\\ufffe\\uffff"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("&amp;", "&amp;amp;"),
        ("]]>", "]]&gt;"),
        (7, "7"),
    ],
)
def test_quote(value: object, written: str) -> None:
    assert markup.quote(value) == written


def test_a_secret_is_not_written_as_stars() -> None:
    with pytest.raises(
        TypeError, match=r"^a secret must be revealed to be written into a document$"
    ):
        markup.quote(secret.Secret("word"))


class _Reader(html.parser.HTMLParser):
    """Remembers every title, and the text in it."""

    def __init__(self) -> None:
        super().__init__()
        self.titles: list[str | None] = []
        self.texts: list[str] = []
        self.others: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.others += [tag] if tag != "p" else []
        self.titles += [value for name, value in attrs if name == "title"]
        self.others += [name for name, _ in attrs if name != "title"]
        self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self.texts:
            self.texts[-1] += data


@pytest.mark.parametrize("quote", ['"', "'"])
def test_each_character_comes_back_from_both_parsers(quote: str) -> None:
    texts = [f"a{chr(code)}b" for code in (*range(0x3100), *range(0xD7F0, 0x10100), 0x1F600)]
    wanted = [markup.printable(text) for text in texts]
    written = [markup.quote(text) for text in texts]
    document = "".join(f"<p title={quote}{each}{quote}>{each}</p>" for each in written)

    tree = ET.fromstring(f"<r>{document}</r>")  # noqa: S314 - our own document
    assert [each.get("title") for each in tree] == wanted
    assert [each.text for each in tree] == wanted

    reader = _Reader()
    reader.feed(document)
    reader.close()
    assert (reader.titles, reader.texts, reader.others) == (wanted, wanted, [])
