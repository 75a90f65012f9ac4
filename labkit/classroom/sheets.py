"""The sheets of a class's students: what they say follows from the plan, and from keys.

A lab's keys are made here when they are not there yet, and `up` takes them as they are. So a sheet
that was printed before the first `class.up` has the right fingerprints.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from labkit import errors, providers, shell
from labkit.classroom import folder, standing
from labkit.sheets import model
from labkit.ssh import keyring, signature

if TYPE_CHECKING:
    from labkit.classroom import plan
    from labkit.plan import model as plans
    from labkit.providers import base


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """What the teacher wants on the sheets."""

    server: str
    """The name or address by which students reach the host of the labs."""
    laptops: bool = False
    """Whether the labs are on the students' own computers."""
    board: str = ""
    """The address of the board."""
    secrets: bool = False
    """Whether the private key and the lab's secrets are on the sheet."""


def sheet(room: plan.Classroom, student: plan.Student, asked: Asked) -> model.Sheet:
    """Return a student's sheet; brings the student's folder up to date.

    Raises:
        errors.LabError: The disk did not take the folder or the keys.
    """
    folder.make(room, student)
    folder.enrol(room, student)
    lab = room.labs[student.name]
    if asked.laptops:
        found = model.Sheet(
            student.name,
            student.display,
            tuple(_way(each, f"labkit ssh {each.name}") for each in lab.machines),
            board=asked.board,
        )
    else:
        found = _on_server(room, student, asked)
    if asked.secrets:
        return dataclasses.replace(found, secrets=_secrets(room, student))
    return found


def _on_server(room: plan.Classroom, student: plan.Student, asked: Asked) -> model.Sheet:
    lab, space = room.labs[student.name], standing.space(room, student)
    keys = keyring.existing(lab, space)
    if keys is None:
        with space.lock("class.roster"):
            space.make()
            keys = keyring.ensure(lab, space)
    known = keys
    provider = providers.create(lab, space, lambda: known, lambda _: None)
    file = f"~/.ssh/{lab.name}"
    ends = [provider.endpoint(machine) for machine in lab.machines]
    jump = shell.quote(f"{student.name}@{asked.server}")
    return model.Sheet(
        student.name,
        student.display,
        tuple(
            _way(
                machine,
                _login(end, file, jump),
                signature.public(keys.hosts[machine.name].public).fingerprint,
            )
            for machine, end in zip(lab.machines, ends, strict=True)
        ),
        user=ends[0].user,
        key_file=file,
        key=keys.login.private.reveal() if asked.secrets else "",
    )


def _login(end: base.Endpoint, file: str, jump: str) -> str:
    """Return what is typed; `file` and `jump` are quoted already, the first has to keep its '~'."""
    words = ["ssh", "-i", file]
    if end.gateway is not None:
        gateway = end.gateway
        words += ["-J", shell.quote(f"{gateway.user}@{gateway.host}:{gateway.port}")]
    elif end.host.startswith("127."):
        words += ["-J", jump]
    if end.port != 22:  # noqa: PLR2004 - SSH's own
        words += ["-p", str(end.port)]
    return " ".join([*words, shell.quote(f"{end.user}@{end.host}")])


def _way(machine: plans.Machine, login: str, fingerprint: str = "") -> model.Way:
    return model.Way(machine.name, machine.roles, str(machine.hostonly), login, fingerprint)


def _secrets(room: plan.Classroom, student: plan.Student) -> tuple[tuple[str, str], ...]:
    """Return the secrets that lie in the student's folder; others are the teacher's alone."""
    home = room.home(student)
    found: list[tuple[str, str]] = []
    for name, source in sorted(room.spec.lab.secrets.items()):
        if source.file is None:
            continue
        try:
            found.append((name, (home / source.file).read_text(encoding="utf-8").rstrip("\n")))
        except (OSError, ValueError) as error:
            raise errors.LabError(f"the secret '{name}' of '{student.name}': {error}") from error
    return tuple(found)
