"""All machines at once: each is a result of its own, whatever the others do or print."""

from __future__ import annotations

import pathlib
import re
from typing import TYPE_CHECKING

import pytest

from labkit import checks, errors, secret
from labkit import operations as every
from labkit.checks import base
from labkit.operations import base as operations
from labkit.profiles import load
from labkit.providers import base as providers
from labkit.report import json as json_report
from labkit.ssh import session as sessions
from labkit.verify import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from labkit.converge import script
    from labkit.plan import model
    from labkit.report import model as reports

_WORD = re.compile(r"labkit-[0-9a-f]{16}")
_NOWHERE = pathlib.Path("none")


class _Machine(sessions.Session):
    """Answers each section with the next of some texts, with the last one again and again."""

    def __init__(self, name: str, *outputs: str, cut: int = 0) -> None:
        super().__init__(providers.Endpoint(name, "127.0.0.1", 22, "root", _NOWHERE, _NOWHERE))
        self.outputs = outputs or ("",)
        self.cut = cut
        self.scripts: list[str] = []

    def _exec(
        self, command: str, stdin: str, timeout: float, on_output: Callable[[bytes], None]
    ) -> sessions.Result:
        del command, timeout, on_output
        self.scripts.append(stdin)
        word = _WORD.findall(stdin)[0]
        count = stdin.count(f"{word} begin") - self.cut
        texts = [*self.outputs, *([self.outputs[-1]] * count)][:count]
        return sessions.Result("".join(f"\n{word} begin\n{x}\n{word} end 0\n" for x in texts), 0)


class _Down(_Machine):
    def _exec(
        self, command: str, stdin: str, timeout: float, on_output: Callable[[bytes], None]
    ) -> sessions.Result:
        del command, stdin, timeout, on_output
        raise errors.UnreachableError(f"{self.endpoint.machine} is down", hint="look at it")


class _Late(_Machine):
    """Begins the last sections and ends none of them; with nothing cut, all were answered."""

    def _exec(
        self, command: str, stdin: str, timeout: float, on_output: Callable[[bytes], None]
    ) -> sessions.Result:
        said = super()._exec(command, stdin, timeout, on_output)
        raise sessions.DeadlineError("web-01 did not finish within 300 s", output=said.output)


class Word(operations.Operation[str]):
    """A word that the machine prints."""

    word: str

    def manual(self, family: object) -> tuple[str, ...]:
        del family
        return ()

    def probe(self) -> str:
        return f"# word {self.word}"

    def read(self, output: str) -> str:
        match output.strip():
            case "rubbish":
                raise operations.FactError("this is rubbish")
            case "crash":
                raise RuntimeError("a bug")
            case word:
                return word

    def diff(self, state: str) -> tuple[operations.Change, ...]:
        if state == self.word:
            return ()
        return (operations.Change("the word", state, self.word, ("true",)),)


def _silent(_machine: str, _text: str) -> None:
    """Tell nobody."""


_STEP = load.Step("word", Word(word="right"), "words matter", "provision/x.yml:3")


def _verify(
    lab: model.Lab, sessions_: Sequence[sessions.Session], *, quick: bool = False, steps: int = 0
) -> reports.Report:
    subjects = [
        run.Subject(lab.machine(each.endpoint.machine), (_STEP,) * steps, each)
        for each in sessions_
    ]
    return run.verify(lab, subjects, narrate=_silent, quick=quick)


def _of(report: reports.Report, machine: str) -> list[reports.Result]:
    return [each for each in report.results if each.machine == machine]


@pytest.fixture
def two(plan_of: Callable[[str], model.Lab]) -> model.Lab:
    return plan_of(
        "lab: two\nmachines:\n"
        "  ansible-01: {roles: [ansible], nat: 10.0.2.51, hostonly: 192.168.56.51}\n"
        "  web-01: {nat: 10.0.2.61, hostonly: 192.168.56.61}\n"
    )


def test_a_machine_that_is_down_is_one_line_and_hides_nothing(two: model.Lab) -> None:
    report = _verify(two, [_Machine("ansible-01"), _Down("web-01")])
    (line,) = _of(report, "web-01")
    assert (line.check, line.subject, line.ok) == ("answer", "answers", False)
    assert (line.actual, line.repair) == ("web-01 is down", "look at it")
    assert {each.check for each in _of(report, "ansible-01")} == set(checks.every())
    assert not report.ok


def test_a_machine_that_is_late_is_one_line(two: model.Lab) -> None:
    count = len(checks.every()) - 2  # ssh and ansible are asked on the ansible machine only
    (line,) = _of(_verify(two, [_Late("web-01", cut=count)]), "web-01")
    assert line.actual == "web-01 did not finish within 300 s"
    assert (line.by_hand, line.repair) == ("'lab.status'", "'lab.up --only web-01'")


def test_a_check_without_an_end_hides_none_before_it(two: model.Lab) -> None:
    report = _verify(two, [_Late("web-01", "right", "", cut=2)], steps=1)
    state, *results, line = report.results
    asked = [name for name in checks.every() if name not in {"ssh", "ansible"}]
    assert (state.check, state.ok) == ("word", True)
    assert list(dict.fromkeys(each.check for each in results)) == asked[:-2]
    said = f"web-01 did not finish within 300 s: there was no end to '{asked[-2]}'"
    assert (line.check, line.actual) == ("answer", said)


def test_a_machine_whose_shell_goes_on_has_answered(two: model.Lab) -> None:
    report = _verify(two, [_Late("web-01")])
    assert "answer" not in {each.check for each in report.results}


def test_a_machine_without_a_shell_is_one_line(two: model.Lab) -> None:
    report = _verify(two, [_Machine("web-01", cut=2)])
    (line,) = report.results
    count = len(checks.every()) - 2  # ssh and ansible are asked on the ansible machine only
    assert line.actual == f"web-01 answered {count - 2} of {count} probes"
    assert line.repair == "can its user run 'sudo -n sh'?"


def test_one_round_trip_a_machine(two: model.Lab) -> None:
    machine = _Machine("ansible-01")
    _verify(two, [machine], steps=3)
    assert len(machine.scripts) == 1
    assert machine.scripts[0].count("# word right") == 3


def test_quick_leaves_out_the_slow_checks_and_says_so(two: model.Lab) -> None:
    machine = _Machine("ansible-01")
    report = _verify(two, [machine], quick=True)
    assert report.skipped == ("mirror",)
    assert "mirror" not in {each.check for each in report.results}
    assert "InRelease" not in machine.scripts[0]
    whole = _verify(two, [machine])
    assert whole.skipped == ()
    assert "InRelease" in machine.scripts[1]


def test_a_state_that_is_as_wanted(two: model.Lab) -> None:
    report = _verify(two, [_Machine("web-01", "right\n", "")], steps=1)
    first = report.results[0]
    assert (first.machine, first.check, first.subject, first.ok) == (
        "web-01",
        "word",
        "words matter",
        True,
    )


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("left", ("the word", "right", "left", "'lab.apply --only web-01 --tags word'")),
        ("rubbish", ("words matter", "", "this is rubbish",
                     "that is provision/x.yml:3: words matter")),
        ("crash", ("words matter", "", "what it printed cannot be read (RuntimeError): crash",
                   "that is provision/x.yml:3: words matter")),
    ],
)  # fmt: skip
def test_a_state_that_is_not(two: model.Lab, printed: str, said: tuple[str, ...]) -> None:
    report = _verify(two, [_Machine("web-01", printed, "")], steps=1)
    (failed,) = [each for each in report.failures if each.check == "word"]
    assert failed.by_hand == "'lab.drift --only web-01 --tags word'"
    assert (failed.commands, failed.fixable) == (
        (("true",), True) if printed == "left" else ((), False)
    )
    assert (failed.subject, failed.expected, failed.actual, failed.repair) == said
    assert not report.ok


def test_what_shows_a_state_is_said(two: model.Lab) -> None:
    class Shown(Word):
        def see(self) -> str:
            return "cat /word"

    step = load.Step("word", Shown(word="right"), "words matter", "provision/x.yml:3")
    subject = run.Subject(two.machine("web-01"), (step,), _Machine("web-01", "left", ""))
    report = run.verify(two, [subject], narrate=_silent)
    assert [each.by_hand for each in report.failures if each.check == "word"] == ["cat /word"]


def test_no_command_with_a_secret_is_in_a_report(two: model.Lab) -> None:
    key = secret.Secret("the planted key\n")
    operation = every.kinds()["file"].model_validate({"path": "/root/key", "content": key})
    step = load.Step("file", operation, "a key", "provision/x.yml:3")
    subject = run.Subject(two.machine("web-01"), (step,), _Machine("web-01", ""))
    report = run.verify(two, [subject], narrate=_silent)
    failed = [each for each in report.failures if each.check == "file"]
    assert [each.commands for each in failed] == [()]
    assert failed[0].by_hand == "ls -l /root/key"
    assert "planted" not in json_report.render(report)


def test_what_converged_just_now_is_not_asked_again(two: model.Lab) -> None:
    machine = _Machine("web-01")
    subject = run.Subject(two.machine("web-01"), (_STEP,), machine, converged=True)
    report = run.verify(two, [subject], narrate=_silent)
    assert "# word" not in machine.scripts[0]
    assert [each.ok for each in report.results if each.check == "word"] == [True]


@pytest.mark.parametrize(
    "rubbish",
    [
        "\0\x1b[2J",
        "{" * 200_000,
        '{"a":' * 200_000,
        "[" * 200_000,
        "[1]",
        "[null]",
        "5",
        "\n \n--- hosts\n\n",
        '{"k8s-master": []}\n--- facts\n',
        '{"k8s-master": {"hosts": 5}}\n\n--- facts\n192.168.56.61 | SUCCESS => 5\n',
        "\x1b]0;title\x07" * 50_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_rubbish_is_a_failed_check_and_never_a_crash(two: model.Lab, rubbish: str) -> None:
    report = _verify(two, [_Machine("ansible-01", rubbish), _Machine("web-01", rubbish)])
    for machine in ("ansible-01", "web-01"):
        failed = {each.check for each in _of(report, machine) if not each.ok}
        assert {"names", "reach", "mirror"} <= failed
    assert all(len(each.actual) <= 2_000 for each in report.results)


def test_a_check_that_cannot_be_read(two: model.Lab) -> None:
    report = _verify(two, [_Machine("web-01", "[1]")])
    (failed,) = [each for each in report.results if each.check == "ipv6"]
    assert (failed.subject, failed.expected) == ("ipv6 can be read", "an answer that can be read")
    assert failed.actual == "AttributeError: 'int' object has no attribute 'get'\n[1]"
    assert failed.repair.startswith("see what the machine printed")


def test_a_bug_of_labkit_is_no_result(two: model.Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("a bug")

    monkeypatch.setattr(type(checks.every()["names"]), "probe", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        _verify(two, [_Machine("web-01")])


def test_machines_are_told_of(two: model.Lab) -> None:
    told: list[tuple[str, str]] = []

    def tell(machine: str, text: str) -> None:
        told.append((machine, text))

    subject = run.Subject(two.machine("web-01"), (), _Machine("web-01"))
    run.verify(two, [subject], narrate=tell)
    assert told == [("web-01", "verifying")]


def test_nothing_looked_at_is_not_well(two: model.Lab) -> None:
    assert not run.verify(two, [], narrate=_silent).ok


class Longest(base.Compared[int]):
    """How much a machine says; the one that says most is complained about."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        del lab, machine
        return "# longest"

    def fact(self, machine: model.Machine, answer: script.Answer) -> int:
        del machine
        return int(answer.output)

    def across(self, lab: model.Lab, facts: Mapping[str, int]) -> Iterator[tuple[str, base.Seen]]:
        del lab
        for name, fact in facts.items():
            yield name, base.Seen("length", ok=fact < max(facts.values()), actual=str(fact))


@pytest.fixture
def longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "every", lambda: {"longest": Longest()})


def _lines(report: reports.Report) -> list[tuple[str, str, bool, str]]:
    return [(each.machine, each.subject, each.ok, each.actual) for each in report.results]


@pytest.mark.usefixtures("longest")
def test_machines_are_compared_once_all_have_answered(two: model.Lab) -> None:
    report = _verify(two, [_Machine("ansible-01", "7"), _Machine("web-01", "70")])
    assert _lines(report) == [
        ("ansible-01", "length", True, "7"),
        ("web-01", "length", False, "70"),
    ]


@pytest.mark.usefixtures("longest")
def test_what_cannot_be_compared_hides_nothing_of_the_others(two: model.Lab) -> None:
    report = _verify(two, [_Machine("ansible-01", "<b>"), _Machine("web-01", "70")])
    assert _lines(report) == [
        (
            "ansible-01",
            "longest can be read",
            False,
            "ValueError: invalid literal for int() with base 10: '<b>'\n<b>",
        ),
        ("web-01", "length", False, "70"),
    ]
    report = _verify(two, [_Machine("ansible-01", "7"), _Down("web-01")])
    assert _lines(report) == [
        ("ansible-01", "length", False, "7"),
        ("web-01", "answers", False, "web-01 is down"),
    ]


def test_checks_of_lab_yml_travel_with_the_others(plan_of: Callable[[str], model.Lab]) -> None:
    lab = plan_of(
        "lab: two\nmachines:\n"
        "  ansible-01: {nat: 10.0.2.51, hostonly: 192.168.56.51}\n"
        "  web-01: {nat: 10.0.2.61, hostonly: 192.168.56.61}\n"
        "checks:\n"
        "  motd: {machines: [web-01], file: {path: /etc/motd}}\n"
    )
    machines = [_Machine("ansible-01"), _Machine("web-01")]
    report = _verify(lab, machines)
    assert [len(each.scripts) for each in machines] == [1, 1]
    (seen,) = [each for each in report.results if each.check == "checks.motd"]
    assert (seen.machine, seen.subject, seen.actual) == ("web-01", "/etc/motd", "not there")
    assert "/etc/motd" not in machines[0].scripts[0]
