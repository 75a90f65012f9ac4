"""A report for people."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import hypothesis
import hypothesis.strategies as st

from labkit.report import model, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import rich.console

    Shown = Callable[[Iterable[rich.console.RenderableType]], str]

_GOLDEN = """\
lab demo
┏━━━━━━━━┳━━━━━━━━┳━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ check  ┃ web-01 ┃ web-02        ┃ web-03        ┃
┡━━━━━━━━╇━━━━━━━━╇━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ names  │ ok 2   │ 1 of 1 failed │               │
│ answer │        │               │ 1 of 1 failed │
└────────┴────────┴───────────────┴───────────────┘
failed web-02: address of web-01
  expected: 192.168.56.61
  actual:   (nothing)
  see:      getent hosts web-01
  repair:   invoke lab.apply --only web-02 --tags hosts
failed web-03: answers
  actual:   web-03 is down
what there is to see, root sees on the machine: 'invoke lab.ssh MACHINE', then 'sudo -i'
4 looked at in 1.2 s: 2 failed
left out this time: ansible ('invoke lab.verify' looks at all)
"""


def test_failures_follow_the_table(shown: Shown, report: model.Report) -> None:
    assert shown(text.render(report)) == _GOLDEN


def test_all_well(shown: Shown) -> None:
    well = model.Report("demo", (model.Result("web-01", "names", "x", ok=True),), 0.5)
    assert shown(text.render(well)).endswith("\n1 looked at in 0.5 s: all as it should be\n")


def test_what_was_repaired_and_what_can_be(shown: Shown) -> None:
    wrong = model.Result("web-01", "hosts", "/etc/hosts", ok=False, fixable=True)
    other = model.Result("web-01", "mirror", "package mirror answers", ok=False)
    repairs = (
        model.Repair("web-02", "time_zone", "time zone", "Asia/Tokyo", "Etc/UTC"),
        model.Repair("web-02", "hosts", "/etc/hosts", "a\nb\n", "a\nc\n"),
        model.Repair("web-02", "file", "/etc/x", "", "y"),
    )
    report = model.Report("demo", (wrong, other), 0.5, repairs=repairs, incomplete="a [red]fuse[/]")
    assert shown(text.render(report)).splitlines()[-6:] == [
        "repaired web-02: time zone: Asia/Tokyo -> Etc/UTC",
        "repaired web-02: /etc/hosts",
        "repaired web-02: /etc/x: (nothing) -> y",
        "'invoke lab.verify --fix' repairs 1 of 2",
        "not everything was looked at: a [red]fuse[/]",
        "2 looked at in 0.5 s: 2 failed",
    ]


def _hostile(printed: str) -> model.Report:
    result = model.Result(
        "web-01",
        "names",
        printed,
        ok=False,
        expected=printed,
        actual=printed,
        by_hand=printed,
        repair=printed,
        commands=(printed,),
    )
    repair = model.Repair("web-01", "names", printed, printed, printed)
    return model.Report("demo", (result,), 0.5, repairs=(repair,), incomplete=printed)


def test_what_a_machine_printed_is_shown_as_it_is(shown: Shown) -> None:
    out = shown(text.render(_hostile("\x1b[2J[red]x[/] <script>alert(1)</script> :smile: [")))
    assert out.count("\\x1b[2J[red]x[/] <script>alert(1)</script> :smile: [") == 9
    assert "\x1b" not in out


def test_ten_megabytes_are_shown_in_short(shown: Shown) -> None:
    out = shown(text.render(_hostile("x" * 10_000_000)))
    assert len(out) < 4000


def test_many_lines_that_differ_are_compared_at_once(shown: Shown) -> None:
    there = "".join(f"{number} was there\n" for number in range(100_000))
    expected = "".join(f"{number} is expected\n" for number in range(100_000))
    result = model.Result("m", "file", "/etc/x", ok=False, expected=expected, actual=there)
    start = time.monotonic()
    lines = shown(text.render(model.Report("demo", (result,), 0.5))).splitlines()
    assert time.monotonic() - start < 60
    assert lines[-14:-1] == [*(f"  there:    {n} was there" for n in range(12)), "  ..."]


def test_a_line_that_differs(shown: Shown) -> None:
    result = model.Result("m", "file", "/etc/x", ok=False, expected="a\nb\n", actual="a\nc\n")
    lines = shown(text.render(model.Report("demo", (result,), 0.5))).splitlines()
    assert lines[-3:-1] == ["  there:    c", "  expected: b"]


@hypothesis.given(st.text(alphabet=st.characters(), max_size=60))
@hypothesis.example("[/]")
@hypothesis.example("\\")
@hypothesis.example("[bold")
@hypothesis.example("[link=http://x]a[/link]")
@hypothesis.settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
def test_no_text_reaches_the_terminal_as_a_command(shown: Shown, printed: str) -> None:
    out = shown(text.render(_hostile(printed)))
    assert all(character.isprintable() or character == "\n" for character in out)
