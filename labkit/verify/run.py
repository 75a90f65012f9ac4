"""Look at every machine once: its own wanted state, and what the checks ask."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, cast

from labkit import checks, errors, parallel
from labkit.checks import base
from labkit.checks import own as own_checks
from labkit.converge import look as looks
from labkit.converge import script
from labkit.operations import base as operations
from labkit.report import draft as drafts
from labkit.report import model as reports
from labkit.ssh import session as sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from labkit.plan import model
    from labkit.profiles import load

_TIMEOUT = 300.0
_SHOWN = 2000
"""Characters of what a machine printed that a report keeps; the end says most."""


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """A machine to look at: its plan, its steps, and the connection to it."""

    machine: model.Machine
    steps: Sequence[load.Step]
    session: sessions.Session
    converged: bool = False
    """The engine has just looked at every step and found nothing to change: not asked again."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Seen:
    """What one machine showed."""

    results: tuple[reports.Result, ...]
    settings: tuple[reports.Setting, ...]
    facts: Mapping[str, object]
    """What each check that compares machines keeps of this one, by the check's name."""


def verify(
    lab: model.Lab,
    subjects: Sequence[Subject],
    *,
    narrate: Callable[[str, str], None] = lambda _machine, _text: None,
    quick: bool = False,
    only: Collection[str] = (),
    draft: drafts.Draft | None = None,
    when: str = "",
    first: Callable[[sessions.Session], str] = lambda _: "",
) -> reports.Report:
    """Verify machines, all at once; one that does not answer is a result like any other.

    Args:
        lab: The whole plan; checks compare with all of it.
        subjects: The machines to look at.
        narrate: Told (machine, sentence).
        quick: Leave the slow checks out.
        only: Names of checks: look with no others.
        draft: Gets what each machine shows at once, for the case that the run is cut short.
        when: Written into each result; see `reports.Result`.
        first: Called with each machine's session before it is used; returns shell text that goes
            ahead of what is asked, in the same round trip.
    """
    start = time.monotonic()
    wanted = {
        name: check
        for name, check in {**checks.every(), **own_checks.of(lab)}.items()
        if not (quick and check.slow) and (not only or name in only)
    }

    drafted = draft or drafts.Draft()
    drafted.begun = True

    def look(subject: Subject) -> _Seen:
        name = subject.machine.name
        narrate(name, "verifying")
        try:
            seen = _look(lab, subject, wanted, first)
        except errors.LabError as error:
            seen = _Seen((silent(name, error),), (), {})
        drafted.add(name, when, _at(when, seen.results))
        return seen

    found = parallel.each({each.machine.name: each for each in subjects}, look)
    parallel.raise_first(found)  # a bug of labkit; what machines do is a result
    together = _across(lab, wanted, found)
    results: list[reports.Result] = []
    settings: list[reports.Setting] = []
    for subject in subjects:
        name, seen = subject.machine.name, found[subject.machine.name]
        if isinstance(seen, _Seen):
            own = (*seen.results, *together.get(name, ()))
            drafted.add(name, when, _at(when, own))
            results += _at(when, own)
            settings += seen.settings
    skipped = tuple(sorted(set(checks.every()) - set(wanted)))
    took = time.monotonic() - start
    return reports.Report(lab.name, tuple(results), took, skipped, tuple(settings))


def _across(
    lab: model.Lab, wanted: Mapping[str, base.Check], found: Mapping[str, _Seen | Exception]
) -> dict[str, list[reports.Result]]:
    """Compare the machines that answered with one another; return the results by machine."""
    together: dict[str, list[reports.Result]] = {}
    answered = {name: seen for name, seen in found.items() if isinstance(seen, _Seen)}
    for check_name, check in wanted.items():
        if isinstance(check, base.Compared):
            compared = cast("base.AnyCompared", check)
            facts = {n: s.facts[check_name] for n, s in answered.items() if check_name in s.facts}
            for name, seen in compared.across(lab, facts):
                together.setdefault(name, []).append(_result(name, check_name, seen))
    return together


def _at(when: str, results: Iterable[reports.Result]) -> tuple[reports.Result, ...]:
    return tuple(dataclasses.replace(each, when=when) for each in results)


def silent(name: str, error: errors.LabError, when: str = "", *, asked: str = "") -> reports.Result:
    """Return the result that stands for a machine which showed nothing, or nothing from `asked` on.

    Args:
        name: The machine's name.
        error: What came instead.
        when: See `reports.Result`.
        asked: The operation or check that it was asked for last.
    """
    actual = f"{error.message}: there was no end to '{asked}'" if asked else error.message
    return reports.Result(
        name, "answer", "answers", ok=False, actual=actual, by_hand="'lab.status'",
        repair=error.hint or f"'lab.up --only {name}'", when=when,
    )  # fmt: skip


def _look(
    lab: model.Lab,
    subject: Subject,
    wanted: Mapping[str, base.Check],
    first: Callable[[sessions.Session], str],
) -> _Seen:
    probes = {
        name: probe
        for name, check in wanted.items()
        if (probe := check.probe(lab, subject.machine)) is not None
    }
    asked = () if subject.converged else tuple(subject.steps)
    sections = [*(step.operation.probe() for step in asked), *probes.values()]
    answers, late = _ask(subject, first(subject.session), sections)
    own = answers[: len(asked)]
    results = [
        reports.Result(subject.machine.name, step.kind, step.why, ok=True)
        for step in subject.steps
        if subject.converged
    ]
    settings: list[reports.Setting] = []
    for step, answer in zip(asked, own, strict=late is None):
        look = looks.read(step, answer)
        results += _state(subject.machine.name, look)
        settings += (
            reports.Setting(subject.machine.name, **dataclasses.asdict(each))
            for each in look.settings
        )
    facts: dict[str, object] = {}
    for name, answer in zip(probes, answers[len(own) :], strict=late is None):
        results += _check(lab, subject.machine, name, wanted[name], answer, facts=facts)
    if late is not None:
        last = [*(step.kind for step in asked), *probes][len(answers)]
        results.append(silent(subject.machine.name, late, asked=last if answers else ""))
    return _Seen(tuple(results), tuple(settings), facts)


def _ask(
    subject: Subject, ahead: str, sections: Sequence[str]
) -> tuple[tuple[script.Answer, ...], sessions.DeadlineError | None]:
    """Ask for all sections at once; of one without an end, those before it have still answered."""
    batch = script.batch(sections)
    text = f"{ahead}\n{batch.text}" if ahead else batch.text
    try:
        answers = batch.answers(subject.session.run(text, timeout=_TIMEOUT, label="verify").output)
    except sessions.DeadlineError as error:
        answers = batch.answers(error.output)
        if len(answers) < len(sections):
            return answers, error
    if len(answers) != len(sections):
        raise errors.UnreachableError(
            f"{subject.machine.name} answered {len(answers)} of {len(sections)} probes",
            hint="can its user run 'sudo -n sh'?",
        )
    return answers, None


def _state(name: str, look: looks.Look) -> list[reports.Result]:
    """What an operation knows is not written again as a check: its changes must be none."""
    step = look.step
    if look.ok:
        return [reports.Result(name, step.kind, step.why, ok=True)]
    see = step.operation.see() or f"'lab.drift --only {name} --tags {step.kind}'"
    if look.error is not None:
        repair = look.error.hint or f"that is {step.origin}: {step.why}"
        said = look.error.message
        return [
            reports.Result(
                name, step.kind, step.why, ok=False, actual=said, by_hand=see, repair=repair
            )
        ]
    hidden = operations.holds_secret(step.operation)
    return [
        reports.Result(
            name,
            step.kind,
            change.subject,
            ok=False,
            expected=change.after,
            actual=change.before,
            by_hand=see,
            repair=base.apply(name, step.kind),
            commands=() if hidden else change.commands,
            fixable=True,
        )
        for change in look.changes
    ]


def _check(
    lab: model.Lab,
    machine: model.Machine,
    name: str,
    check: base.Check,
    answer: script.Answer,
    *,
    facts: dict[str, object],
) -> list[reports.Result]:
    """Read an answer; what is to be compared with other machines' is put among the facts."""
    try:
        seen = list(check.read(lab, machine, answer))
        if isinstance(check, base.Compared):
            facts[name] = cast("base.AnyCompared", check).fact(machine, answer)
    except Exception as error:  # noqa: BLE001 - a machine may print anything
        seen = [base.Seen(
            f"{name} can be read", ok=False, expected="an answer that can be read",
            actual=f"{type(error).__name__}: {error}\n{answer.output[-_SHOWN:]}"[:_SHOWN].strip(),
            repair="see what the machine printed: its programs may be others than labkit knows",
        )]  # fmt: skip
    return [_result(machine.name, name, each) for each in seen]


def _result(machine: str, check: str, seen: base.Seen) -> reports.Result:
    short = dataclasses.replace(seen, actual=seen.actual[-_SHOWN:])
    return reports.Result(machine, check, **dataclasses.asdict(short))
