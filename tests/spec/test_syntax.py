from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labkit.spec import syntax

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("loader")

BOMB = "lab: demo\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)


def test_alias_bomb(refused: Callable[[str], str]) -> None:
    assert refused(BOMB) == (
        "lab.yml:6:10: the file expands to more than 20,000 values\n"
        "    hint: are aliases ('*name') nested in one another?"
    )


def test_too_many_values(refused: Callable[[str], str]) -> None:
    text = "lab:\n" + "- x\n" * syntax.MAX_NODES
    assert refused(text).startswith("lab.yml:19999:3: the file expands to more than 20,000 values")


def test_a_long_text_is_not_repeated_by_aliases(refused: Callable[[str], str]) -> None:
    text = f"lab: &a {'x' * 1_000_000}\nb: {{c: [*a], d: &d [*a]}}\n"
    assert refused(text) == (
        "lab.yml:2:21: the file expands to more than 2,097,152 characters\n"
        "    hint: are aliases ('*name') of a long text used many times?"
    )
    nested = f"a: &a {'x' * 250_000}\nb: &b {{c: *a, d: *a}}\ne: &e [*b, *b]\nf: *e\n"
    assert refused(nested).startswith("lab.yml:4:4: the file expands to more than 2,097,152 ")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_too_deep(opening: str, refused: Callable[[str], str]) -> None:
    column = len(opening) * 50 + 1
    assert refused(opening * 100_000) == (
        f"lab.yml:1:{column}: lists and mappings are nested more than 50 deep\n"
        "    hint: a lab needs no more than five levels"
    )


def test_too_deep_by_aliases(refused: Callable[[str], str]) -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 60))]
    assert refused("\n".join(lines)) == (
        "lab.yml:50:12: lists and mappings are nested more than 50 deep\n"
        "    hint: a lab needs no more than five levels"
    )


def test_deep_but_not_too_deep(refused: Callable[[str], str]) -> None:
    text = "lab: " + "[" * 49 + "]" * 49
    assert refused(text).startswith("lab.yml:1:1: 'lab' must be text, not a list")


def test_escape_beyond_unicode(refused: Callable[[str], str]) -> None:
    assert refused('lab: "\\UFFFFFFFF"\n').startswith("lab.yml:1:")


def test_lone_surrogate(refused: Callable[[str], str]) -> None:
    assert refused("lab: \ud800\n").startswith("lab.yml:1:6: the file holds the character U+D800\n")
    # libyaml refuses the escape, PyYAML lets it through to us.
    assert "lab.yml:1:6: the text " in refused('lab: "\\ud800"\n')
