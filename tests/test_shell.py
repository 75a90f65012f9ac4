from __future__ import annotations

import re
import shlex

import hypothesis
import hypothesis.strategies as st
import pytest

from labkit import secret, shell

_WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("plain-word_1.2", "plain-word_1.2"),
        ("", "''"),
        ("two words", "'two words'"),
        ("it's", "'it'\"'\"'s'"),
        ("$(id)", "'$(id)'"),
        ("a\nb", "'a\nb'"),
        ("~", "'~'"),
        ("{a,b}", "'{a,b}'"),
        ("ä", "'ä'"),
        (7, "7"),
    ],
)
def test_quote(value: object, word: str) -> None:
    assert shell.quote(value) == word


@hypothesis.given(st.lists(_WORDS))
def test_a_posix_lexer_reads_back_what_argv_quoted(words: list[str]) -> None:
    assert shlex.split(shell.argv(*words)) == words


def test_a_nul_byte_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^a NUL byte cannot be passed to a program$"):
        shell.quote("a\0b")


def test_a_secret_is_not_quoted_as_stars() -> None:
    with pytest.raises(TypeError, match=r"^a secret must be revealed to be quoted$"):
        shell.argv("echo", secret.Secret("word"))


def test_line_fills_places_and_leaves_the_shells_own_braces_alone() -> None:
    text = shell.line("{ echo ${HOME} {}; } > {}", "{}", "a b")
    assert text == "{ echo ${HOME} '{}'; } > 'a b'"


@pytest.mark.parametrize(
    ("template", "values", "message"),
    [
        ("echo {} {}", ("a",), "1 values for 2 places in 'echo {} {}'"),
        ("echo {}", ("a", "b"), "2 values for 1 places in 'echo {}'"),
        ("echo", ("a",), "1 values for 0 places in 'echo'"),
    ],
)
def test_line_counts_its_values(template: str, values: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        shell.line(template, *values)


@hypothesis.given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_here_document_ends_where_its_text_does(text: str) -> None:
    content = f"{text}\nEOF\nEOF_\n"
    first, *body, end = shell.heredoc("cat > x", content).split("\n")
    assert first == f"cat > x << '{end}'"
    assert end not in body
    assert "".join(f"{line}\n" for line in body) == content


def test_a_here_document_of_nothing() -> None:
    assert shell.heredoc("cat > x", "") == "cat > x << 'EOF'\nEOF"


@pytest.mark.parametrize("content", ["half a line", "a\0b\n"])
def test_a_here_document_is_whole_lines(content: str) -> None:
    with pytest.raises(ValueError, match="a here-document is whole lines, without NUL bytes"):
        shell.heredoc("cat", content)
