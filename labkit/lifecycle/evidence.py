"""Pack what a lab was found to be, and check what somebody else has packed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import pathlib
from typing import TYPE_CHECKING, Any, cast

from labkit import anonymous, errors, log, visible
from labkit.evidence import archive, seal
from labkit.lifecycle import support
from labkit.report import plan as plan_report
from labkit.report import save
from labkit.ssh import signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.lifecycle import context
    from labkit.report import about as abouts
    from labkit.report import model as reports

_LOG = 4 << 20
"""Bytes of the run's log; its end says most."""
_README = """\
What lab '{lab}' was found to be by 'labkit {task}' on {finished}.

report.html    for people; .txt, .json and .xml (JUnit) are the same for others
lab.yml        what the lab should be, and plan.json what follows from it
log.jsonl      what labkit did to find out, without the names of people and hosts
versions.txt   with what
SHA256SUMS     the checksums of all these, and SHA256SUMS.sig their signature
key.pub        the lab's key, which signed

To see that nothing was changed since then: 'labkit evidence --check FILE'. Without labkit:

    tar -xf FILE && cd {folder}
    sha256sum -c SHA256SUMS
    ssh-keygen -Y check-novalidate -n {namespace} -s SHA256SUMS.sig < SHA256SUMS

The last one names the key that signed; compare it with the one of the lab.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence, ready to be written."""

    content: bytes
    names: tuple[str, ...]
    signer: signature.PublicKey


@dataclasses.dataclass(frozen=True, slots=True)
class Checked:
    """What became of evidence."""

    verdict: seal.Verdict
    report: dict[str, Any]
    """The report in it as `report.json` says it; empty where that cannot be read."""
    lab_file: bytes
    """The lab file in it."""
    known: bool | None
    """Whether the key that signed is the one expected; None where no other key is at hand."""

    @property
    def ok(self) -> bool:
        """Whether it is unchanged, and signed by nobody else."""
        return self.verdict.unchanged and self.known is not False


def make(
    lab: context.Context, file: pathlib.Path, report: reports.Report, about: abouts.About
) -> Evidence:
    """Pack a report with all that belongs to it, and sign it with the lab's key.

    Args:
        lab: The lab.
        file: Its lab file.
        report: What was found.
        about: The run that found it.

    Raises:
        errors.LabError: The lab file cannot be read any more, or the user has no name.
    """
    hide = anonymous.Anonymiser(support.known(lab, [lab.space], file))
    folder = f"labkit-evidence-{lab.lab.name}"[:41]
    texts = dict(_texts(lab, file, _without_secrets(hide, report), about, hide))
    texts["README.txt"] = _README.format(
        lab=lab.lab.name, task=about.task, finished=about.finished, folder=folder,
        namespace=seal.NAMESPACE,
    )  # fmt: skip
    key = signature.public(lab.keys.login.public)
    texts["key.pub"] = f"{key.line} labkit@{lab.lab.name}\n"
    files = {name: text.encode(errors="backslashreplace") for name, text in texts.items()}
    sealed = seal.seal(files, lab.keys.login.private)
    moment = int(dt.datetime.fromisoformat(about.finished).timestamp())
    return Evidence(archive.pack(folder, sealed, moment), tuple(sorted(sealed)), key)


def _texts(
    lab: context.Context,
    file: pathlib.Path,
    report: reports.Report,
    about: abouts.About,
    hide: anonymous.Anonymiser,
) -> Iterator[tuple[str, str]]:
    for ending, render in save.FORMATS.items():
        yield f"report{ending}", render(lab.known, report, about)
    yield "lab.yml", hide.secrets(file.read_text(encoding="utf-8"))
    plan = json.dumps(plan_report.document(lab.lab, lab.space))
    yield "plan.json", json.dumps(json.loads(hide.lines(plan)), indent=2) + "\n"
    yield "versions.txt", "".join(f"{name}: {said}\n" for name, said in support.versions())
    for path in log.logs(lab.space.logs)[:1]:
        said = path.read_text(encoding="utf-8", errors="replace")[-_LOG:]
        yield "log.jsonl", hide.lines(said)


def _without_secrets(hide: anonymous.Anonymiser, report: reports.Report) -> reports.Report:
    """Go over the texts of a report before they are rendered, and so quoted, in several ways."""

    def clean(value: Any) -> Any:  # noqa: ANN401 - fields of several types
        match value:
            case str():
                return hide.secrets(value)
            case tuple():
                return tuple(map(clean, value))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
                fields = dataclasses.fields(value)
                return dataclasses.replace(
                    value, **{each.name: clean(getattr(value, each.name)) for each in fields}
                )
            case _:
                return value

    return clean(report)


def check(file: pathlib.Path, expected: signature.PublicKey | None) -> Checked:
    """Say whether evidence is as it was signed, and by whom.

    Args:
        file: The evidence.
        expected: The key of the lab that it should be of, where that is known.

    Raises:
        errors.LabError: The file cannot be read.
        archive.RefusedError: It is no evidence; nothing in it was believed.
    """
    shown = visible.line(str(file))
    try:
        if file.stat().st_size > archive.LARGEST:
            raise archive.RefusedError("it is larger than any evidence")
        files = archive.unpack(file.read_bytes())
        verdict = seal.check(files)
    except archive.RefusedError as error:
        raise archive.RefusedError(f"'{shown}' is no evidence: {error.message}") from None
    except OSError as error:
        raise errors.LabError(
            f"'{shown}' cannot be read: {error.strerror}",
            hint="name a file that 'lab.evidence' wrote",
        ) from error
    known = None if expected is None or not verdict.signer else verdict.signer == expected
    return Checked(verdict, _report(files), files.get("lab.yml", b""), known)


def _report(files: dict[str, bytes]) -> dict[str, Any]:
    """Read the report, which may be anybody's when the seal does not hold."""
    try:
        found = json.loads(files.get("report.json", b""))
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def expected_key(lab: context.Context | None, given: str) -> signature.PublicKey | None:
    """Return the key of a `.pub` file, else the one of the lab at hand; None where there is none.

    Raises:
        errors.LabError: The file cannot be read, or holds no such key.
    """
    path = pathlib.Path(given) if given else lab and lab.space.path / "keys" / "login.pub"
    if not path or (not given and not path.exists()):
        return None
    try:
        return signature.public(path.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise errors.LabError(
            f"'{visible.line(str(path))}' cannot be read: {error.strerror}",
            hint="name the lab's keys/login.pub, or a file with a line of it",
        ) from error
