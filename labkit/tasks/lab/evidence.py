"""`lab.evidence`."""

from __future__ import annotations

import functools
import json
import pathlib
from typing import TYPE_CHECKING

import rich.markup

from labkit import console, errors, visible, workspace
from labkit.lifecycle import evidence as evidencing
from labkit.lifecycle import verify as verifying
from labkit.report import about, save, text
from labkit.report import draft as drafts
from labkit.report import evidence as evidence_report
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context

    from labkit.lifecycle import context


@base.task(
    output="the file to write; default: LAB-evidence.tar",
    check="prove that this file is unchanged, and say whose key signed it; needs no machine",
    key="with --check: the public key of the lab that it should be of (its keys/login.pub)",
    reboot="reboot the machines in between, as 'lab.verify --reboot'",
)
def evidence(
    _: invoke.context.Context,
    file: str = "",
    provider: str = "",
    format: str = "",
    output: str = "",
    check: str = "",
    key: str = "",
    reboot: bool = False,
) -> None:
    """Verify the lab, and write what was found to a signed file; or check such a file."""
    as_json = base.wants_json(format)
    if check:
        _check(pathlib.Path(check), key, file, as_json=as_json)
        return
    opened = base.open_lab(file, provider)
    path = _target(output or f"{opened.lab.name}-evidence.tar")
    names = [machine.name for machine in opened.lab.machines]
    run = functools.partial(about.here, "evidence", opened.lab.provider, opened.progress.phases)
    draft = drafts.Draft()
    with (
        save.failing((), opened.lab, names, run, draft=draft, space=opened.space),
        opened.hold("lab.evidence"),
        opened.progress.watch(),
    ):
        base.log(opened)
        report = verifying.verify(opened, opened.lab.machines, reboot=reboot, draft=draft)
        save.keep(opened.space, opened.known, report, run())
        made = evidencing.make(opened, base.lab_file(file), report, run())
        workspace.write(path, made.content)
    if as_json:
        print(json.dumps(evidence_report.made(path, made, report), indent=2))
    else:
        for part in text.render(report):
            console.out.print(part, soft_wrap=True)
        said = f"evidence: {path} ({len(made.names)} files), signed by {made.signer.fingerprint}"
        console.out.print(rich.markup.escape(visible.line(said)), soft_wrap=True)
    base.leave(errors.ExitCode.YES if report.ok else errors.ExitCode.NO)


def _check(path: pathlib.Path, key: str, file: str, *, as_json: bool) -> None:
    opened = _at_hand(file)
    expected = evidencing.expected_key(opened, key)
    found = evidencing.check(path, expected)
    if as_json:
        print(json.dumps(evidence_report.document(path, found), indent=2))
    else:
        own = base.lab_file(file).read_bytes() if opened else None
        for line in evidence_report.lines(path, found, own):
            console.out.print(line, soft_wrap=True)
    base.leave(errors.ExitCode.YES if found.ok else errors.ExitCode.NO)


def _at_hand(file: str) -> context.Context | None:
    """Return the lab here, where there is one; what is checked may be of another one.

    Raises:
        errors.LabError: A lab file was named, and is wrong.
    """
    if not file and not base.lab_file(file).exists():
        return None
    return base.open_lab(file)


def _target(given: str) -> pathlib.Path:
    """Return the file to write, before anything is done that could be for nothing.

    Raises:
        errors.LabError: Its folder is not there.
    """
    path = pathlib.Path(given)
    if not path.parent.is_dir():
        raise errors.LabError(
            f"there is no folder '{visible.line(str(path.parent))}' to write evidence to",
            hint="make it, or name a file elsewhere",
        )
    return path
