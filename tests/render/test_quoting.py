from __future__ import annotations

import ipaddress
import json
import random
import uuid
from typing import TYPE_CHECKING

import jinja2
import pytest

from labkit.render import quoting

if TYPE_CHECKING:
    import pathlib
    import subprocess
    from collections.abc import Callable

# What ends a literal, starts interpolation or means something to Ruby, and letters of many sorts.
_PIECES = [
    *"'\"\\`#{}()[]<>|&;$@%!?*+-=~^:,. /0aZ_",
    *"é€中😀\u00a0\u2028\u200d\ufeff\ufffd",
    *(
        "\\'",
        "\\\\",
        "#{",
        "#{1}",
        "#$0",
        "#@a",
        "%q(",
        "<<A",
        "__END__",
        "=begin",
        "\\u0041",
        "\\n",
    ),
    *("#{File.write('hole', '')}", "'+`touch hole`+'", "\\'; exit; '", "END { exit }"),
]
_COUNT = 12_000


def test_ruby_reads_back_every_hostile_string(
    tmp_path: pathlib.Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    source = random.Random(20_24)  # noqa: S311 - repeatable cases, not secrets
    texts = ["".join(source.choices(_PIECES, k=source.randrange(12))) for _ in range(_COUNT)]
    literals = ",\n".join(quoting.ruby(text) for text in texts)
    program = tmp_path / "literals.rb"
    program.write_text(f"require 'json'\nputs JSON.generate([{literals}])\n", encoding="utf-8")

    answer = run("ruby", "-W0", str(program))

    assert answer.stderr == ""
    assert json.loads(answer.stdout) == texts
    assert [path.name for path in tmp_path.iterdir()] == ["literals.rb"], "something was executed"


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("", "''"),
        ("a'b", r"'a\'b'"),
        ("a\\", r"'a\\'"),
        ("#{1}", "'#{1}'"),
        (7, "7"),
        (-7, "-7"),
        (True, "true"),
        (False, "false"),
        (ipaddress.IPv4Address("192.0.2.1"), "'192.0.2.1'"),
        (ipaddress.IPv4Interface("192.0.2.1/24"), "'192.0.2.1/24'"),
        (ipaddress.IPv4Network("192.0.2.0/24"), "'192.0.2.0/24'"),
        (uuid.UUID(int=1), "'00000000-0000-0000-0000-000000000001'"),
    ],
)
def test_literals(value: object, literal: str) -> None:
    assert quoting.ruby(value) == literal


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0), 0xD800, 0xDFFF])
def test_refuses_what_has_no_place_in_a_literal(code: int) -> None:
    with pytest.raises(ValueError, match=f"^a Ruby literal cannot hold U\\+{code:04X}: "):
        quoting.ruby(f"a{chr(code)}b")


@pytest.mark.parametrize("value", [None, 1.5, b"a", ["a"], {"a": 1}, object])
def test_refuses_values_without_a_literal(value: object) -> None:
    with pytest.raises(TypeError, match=r"^a Ruby literal cannot be made of \w+$"):
        quoting.ruby(value)


@pytest.fixture
def jinja(tmp_path: pathlib.Path) -> jinja2.Environment:
    return quoting.environment(tmp_path)


@pytest.mark.parametrize(
    "source",
    [
        "{{ name }}",
        "{{ 'constant' }}",
        "{{ name | ruby | upper }}",
        "{{ name | ruby ~ name }}",
        "{{ (name | ruby) ~ name }}",
        "{{ (name | ruby) + (name | ruby) }}",
        "{{ name | ruby | replace('a', 'b') }}",
        "{% set copy = name %}{{ copy }}",
        "{% for letter in name %}{{ letter }}{% endfor %}",
        "{{ true }}",
        "{{ none }}",
        "{{ 1.5 }}",
        "{{ name | escape }}",
        "{{ name | safe }}",
    ],
)
def test_a_forgotten_filter_is_an_error(jinja: jinja2.Environment, source: str) -> None:
    with pytest.raises(quoting.UnquotedError, match=r"is printed without the filter `ruby`$"):
        jinja.from_string(source).render(name="abc")


@pytest.mark.parametrize("source", ["{{ missing }}", "{{ missing | ruby }}", "{{ name.missing }}"])
def test_a_missing_value_is_an_error(jinja: jinja2.Environment, source: str) -> None:
    with pytest.raises(jinja2.UndefinedError, match="missing"):
        jinja.from_string(source).render(name="abc")


def test_quoted_text_and_whole_numbers_are_printed(jinja: jinja2.Environment) -> None:
    source = "{{ name | ruby }} {{ 7 }} {{ (name ~ '!') | ruby }}"
    assert jinja.from_string(source).render(name="a'b") == r"'a\'b' 7 'a\'b!'"
