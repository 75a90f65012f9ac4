"""The tasks of a lab, in the order in which they are used."""

from __future__ import annotations

import json
import pathlib
import shlex
import subprocess
from typing import TYPE_CHECKING

import invoke.context
import invoke.exceptions
import rich.markup
import rich.table

from labkit import console, errors, system, visible
from labkit.lifecycle import destroy as destroying
from labkit.lifecycle import doctor as doctoring
from labkit.lifecycle import execute as executing
from labkit.lifecycle import halt as halting
from labkit.lifecycle import init as beginning
from labkit.lifecycle import render as rendering
from labkit.lifecycle import start as starting
from labkit.lifecycle import up as bringing
from labkit.lifecycle import verify as verifying
from labkit.report import json as json_report
from labkit.report import plan as plan_report
from labkit.report import summary, text
from labkit.tasks import base

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from labkit.lifecycle import context
    from labkit.report import model as reports
    from labkit.ssh import session as sessions


@base.task("folder", folder="the folder to make; it must not hold a lab yet")
def init(_: invoke.context.Context, folder: str) -> None:
    """Make a lab folder with a lab.yml and all that it uses."""
    path = beginning.init(pathlib.Path(folder))
    console.out.print(f"made {path}", soft_wrap=True)
    console.out.print(f"next: cd {shlex.quote(folder)} && labkit up", soft_wrap=True)


@base.task()
def validate(_: invoke.context.Context, file: str = "") -> None:
    """Check lab.yml; says every problem with its line and column."""
    lab = base.open_lab(file).lab
    console.out.print(f"lab '{lab.name}' is valid: {len(lab.machines)} machines")


@base.task()
def doctor(_: invoke.context.Context, file: str = "", provider: str = "", format: str = "") -> None:
    """Try what `up` will need: programs, ports, memory, disk."""
    as_json = base.wants_json(format)
    findings = doctoring.doctor(base.open_lab(file, provider))
    if as_json:
        console.out.print_json(data=[vars_of(finding) for finding in findings])
    for finding in () if as_json else findings:
        mark = "[green]ok[/]    " if finding.ok else "[red]failed[/]"
        detail = rich.markup.escape(visible.line(finding.detail))
        console.out.print(f"{mark} {rich.markup.escape(finding.name)}: {detail}", soft_wrap=True)
        if not finding.ok:
            console.out.print(f"       hint: {rich.markup.escape(finding.hint)}", soft_wrap=True)
    if not all(finding.ok for finding in findings):
        raise invoke.exceptions.Exit(code=errors.ExitCode.NO)


def vars_of(item: object) -> dict[str, object]:
    """Return the fields of a slotted dataclass."""
    return {name: getattr(item, name) for name in getattr(item, "__slots__", ())}


@base.task()
def plan(_: invoke.context.Context, file: str = "", provider: str = "", format: str = "") -> None:
    """Show what would be made; touches nothing."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file, provider)
    if as_json:
        print(json.dumps(plan_report.document(opened.lab, opened.space), indent=2))
        return
    for part in plan_report.tables(opened.lab):
        console.out.print(part)


@base.task()
def render(_: invoke.context.Context, file: str = "", provider: str = "") -> None:
    """Write .lab/NAME/Vagrantfile."""
    opened = base.open_lab(file, provider)
    with opened.space.lock("lab.render"):
        for path in rendering.render(opened):
            console.out.print(str(path), soft_wrap=True)


@base.task(iterable=("only",))
def up(
    _: invoke.context.Context,
    only: list[str],
    file: str = "",
    provider: str = "",
    format: str = "",
) -> None:
    """Make, start, configure and verify the machines; keeps what is there already."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file, provider)
    machines = opened.choose(base.chosen(only))
    with opened.space.lock("lab.up"):
        _log(opened)
        result = bringing.up(opened, machines)
    if as_json:
        print(summary.document(opened, result))
    else:
        for part in summary.render(opened, result):
            console.out.print(part, soft_wrap=True)
    _exit(result.exit_code)


@base.task()
def status(_: invoke.context.Context, file: str = "", provider: str = "", format: str = "") -> None:
    """Show which machines run, and where their SSH is."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file, provider)
    states = {name: state.value for name, state in opened.provider.status().items()}
    if as_json:
        print(json.dumps({"lab": opened.lab.name, "machines": states}, indent=2))
    else:
        table = rich.table.Table("machine", "state", "host-only", "SSH")
        for machine in opened.lab.machines:
            where = f"127.0.0.1:{machine.ssh_port}"
            table.add_row(machine.name, states[machine.name], str(machine.hostonly), where)
        console.out.print(table)
    running = all(state == "running" for state in states.values())
    _exit(errors.ExitCode.YES if running else errors.ExitCode.NO)


@base.task("machine", machine="the machine's name; a command may follow after --")
def ssh(_: invoke.context.Context, machine: str, file: str = "") -> None:
    """Log in to a machine, or run a command there: lab.ssh NAME -- CMD."""
    opened = base.open_lab(file)
    (target,) = opened.choose([machine])
    if not opened.space.ssh_config.exists():
        raise errors.LabError(f"lab '{opened.lab.name}' is not up", hint="run 'lab.up' first")
    system.require("ssh")
    words = ["ssh", "-F", str(opened.space.ssh_config), target.name]
    command = base.remainder()
    if command:
        words += ["--", *command]
    _exit(subprocess.call(words))


@base.task(
    "command",
    iterable=("only",),
    command="the command, for a POSIX shell, run as root",
    timeout="seconds that it may take",
)
def exec_(
    _: invoke.context.Context,
    command: str,
    only: list[str],
    file: str = "",
    timeout: int = 600,
    format: str = "",
) -> None:
    """Run a command on all machines at once; exits 1 when it fails on one."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file)
    machines = opened.choose(base.chosen(only))
    results = executing.execute(opened, machines, command, timeout=timeout)
    if as_json:
        print(json.dumps({name: _exec_json(each) for name, each in results.items()}, indent=2))
    else:
        for name, each in results.items():
            _print_exec(name, each)
    _exit(_exec_code(results.values()))


@base.task(iterable=("only",))
def verify(
    _: invoke.context.Context,
    only: list[str],
    file: str = "",
    provider: str = "",
    format: str = "",
) -> None:
    """Prove that the running lab is what lab.yml says; changes nothing."""
    as_json = base.wants_json(format)
    opened = base.open_lab(file, provider)
    machines = opened.choose(base.chosen(only))
    with opened.space.lock("lab.verify"), opened.progress.watch():
        _log(opened)
        report = verifying.verify(opened, machines)
    _print_report(report, as_json=as_json)
    _exit(errors.ExitCode.YES if report.ok else errors.ExitCode.NO)


@base.task(iterable=("only",))
def halt(_: invoke.context.Context, only: list[str], file: str = "", provider: str = "") -> None:
    """Shut machines down; their disks stay."""
    _with_machines(halting.halt, "lab.halt", only, file, provider)


@base.task(iterable=("only",))
def start(_: invoke.context.Context, only: list[str], file: str = "", provider: str = "") -> None:
    """Start machines that exist, for example after the host was rebooted."""
    _with_machines(starting.start, "lab.start", only, file, provider)


@base.task()
def destroy(
    _: invoke.context.Context, file: str = "", provider: str = "", yes: bool = False
) -> None:
    """Remove the lab's machines, disks and folder; looks whether anything is left."""
    opened = base.open_lab(file, provider)
    question = f"remove lab '{opened.lab.name}' with all of its machines and disks?"
    if not base.says_yes(yes) and console.has_terminal() and not console.ask(question):
        raise errors.LabError("nothing was removed", hint="answer y, or give --yes")
    with opened.space.lock("lab.destroy"):
        removed = destroying.destroy(opened)
    if removed:
        console.out.print(f"lab '{opened.lab.name}' is gone: {', '.join(removed)}", soft_wrap=True)
    else:
        console.out.print(f"there is nothing of lab '{opened.lab.name}'")


def _with_machines(
    do: Callable[..., None], task: str, only: list[str], file: str, provider: str
) -> None:
    opened = base.open_lab(file, provider)
    machines = opened.choose(base.chosen(only))
    with opened.space.lock(task):
        _log(opened)
        do(opened, machines)


def _log(opened: context.Context) -> None:
    opened.space.make()
    console.log_to(opened.space.log)


def _exit(code: int) -> None:
    if code:
        raise invoke.exceptions.Exit(code=code)


def _print_report(report: reports.Report, *, as_json: bool) -> None:
    if as_json:
        print(json_report.render(report))
        return
    for part in text.render(report):
        console.out.print(part, soft_wrap=True)


def _print_exec(name: str, result: sessions.Result | Exception) -> None:
    shown = result.output if not isinstance(result, Exception) else f"error: {result}"
    for line in shown.splitlines() or ["(nothing)"]:
        console.out.print(
            f"[bold]{rich.markup.escape(name)}[/] {rich.markup.escape(visible.line(line))}",
            soft_wrap=True,
        )


def _exec_json(result: sessions.Result | Exception) -> dict[str, object]:
    if isinstance(result, Exception):
        return {"error": str(result)}
    return {"output": result.output, "status": result.status}


def _exec_code(results: Iterable[sessions.Result | Exception]) -> errors.ExitCode:
    code = errors.ExitCode.YES
    for each in results:
        if isinstance(each, errors.LabError):
            return each.exit_code
        if isinstance(each, Exception):
            raise each
        if each.status:
            code = errors.ExitCode.NO
    return code
