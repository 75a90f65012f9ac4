"""`lab.evidence`: what is in it, what is never in it, and what its check says."""

from __future__ import annotations

import json
import stat
import tarfile
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from labkit import errors
from labkit.lifecycle import verify as verifying
from labkit.report import model as reports
from labkit.report import schema

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

_GOOD = reports.Report("demo", (reports.Result("ansible-01", "names", "x", ok=True),), 0.5)


class Lab:
    """What verify finds, and when it cannot."""

    report = _GOOD
    error: BaseException | None = None


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Lab:
    found = Lab()

    def verify(*_: object, **__: object) -> reports.Report:
        if found.error:
            raise found.error
        return found.report

    monkeypatch.setattr(verifying, "verify", verify)
    return found


@pytest.fixture
def made(labkit: Callable[..., Any], here: pathlib.Path, lab: Lab) -> pathlib.Path:
    assert lab.report.ok
    assert labkit("evidence", "--output", "e.tar").code == 0
    return here / "e.tar"


def _files(path: pathlib.Path) -> dict[str, str]:
    with tarfile.open(path) as tar:
        parts = {each.name.split("/")[1]: tar.extractfile(each) for each in tar.getmembers()}
        return {name: part.read().decode() for name, part in parts.items() if part}


def test_what_is_in_it(
    labkit: Callable[..., Any], here: pathlib.Path, name: str, made: pathlib.Path
) -> None:
    files = _files(made)
    assert sorted(files) == [
        "README.txt", "SHA256SUMS", "SHA256SUMS.sig", "key.pub", "lab.yml", "log.jsonl",
        "plan.json", "report.html", "report.json", "report.txt", "report.xml", "versions.txt",
    ]  # fmt: skip
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert files["lab.yml"] == (here / "lab.yml").read_text()
    assert json.loads(files["plan.json"])["name"] == name
    document = json.loads(files["report.json"])
    jsonschema.validate(document, json.loads(schema.generate()))
    assert document["about"]["task"] == "evidence"
    assert files["key.pub"] == (here / ".lab" / name / "keys" / "login.pub").read_text()
    assert files["log.jsonl"].startswith("{")
    done = labkit("evidence")
    assert done.code == 0
    assert done.out.splitlines()[-1].startswith(f"evidence: {name}-evidence.tar (12 files), signed")


def test_its_check(labkit: Callable[..., Any], name: str, made: pathlib.Path) -> None:
    done = labkit("evidence", "--check", "e.tar")
    assert (done.code, done.err) == (0, "")
    first, second, third, fourth = done.out.splitlines()
    assert first == "unchanged: all 10 files of e.tar"
    assert second.startswith("says: lab demo on 20")
    assert second.endswith("Z, 1 looked at: all as it should be")
    assert third.startswith("signed by: SHA256:")
    assert third.endswith(", the lab's key")
    assert fourth == "lab file: the same as the one here"
    (made.parent / "lab.yml").write_text((made.parent / "lab.yml").read_text() + "# more\n")
    assert labkit("evidence", "--check", "e.tar").out.endswith(
        "file: another one than the one here\n"
    )
    document = json.loads(labkit("evidence", "--check", "e.tar", "--format", "json").out)
    assert (document["ok"], document["unchanged"], document["known"]) == (True, True, True)
    assert document["fingerprint"] in third
    assert name


def test_whose_key_it_was(
    labkit: Callable[..., Any], here: pathlib.Path, name: str, made: pathlib.Path
) -> None:
    key = here / ".lab" / name / "keys" / "login.pub"
    kept = here / "kept.pub"
    key.rename(kept)
    assert made.exists()
    done = labkit("evidence", "--check", "e.tar")
    assert (done.code, "no key is at hand to compare it with" in done.out) == (0, True)
    assert labkit("evidence", "--check", "e.tar", "--key", "kept.pub").code == 0
    (here / "lab.yml").unlink()  # a teacher has the file and the key, and no lab
    assert labkit("evidence", "--check", "e.tar", "--key", "kept.pub").code == 0
    other = next((here / ".lab" / name / "keys" / "hosts").glob("*.pub"))
    done = labkit("evidence", "--check", "e.tar", "--key", str(other))
    assert (done.code, "which is not the lab's key" in done.out) == (1, True)
    refused = labkit("evidence", "--check", "e.tar", "--key", "no.pub")
    assert refused.err == (
        "error: 'no.pub' cannot be read: No such file or directory\n"
        "hint: name the lab's keys/login.pub, or a file with a line of it\n"
    )


def test_each_region_of_it(labkit: Callable[..., Any], made: pathlib.Path) -> None:
    whole = made.read_bytes()
    places = {*range(0, len(whole), len(whole) // 60), len(whole) - 1}
    with tarfile.open(made) as tar:
        places |= {each.offset_data for each in tar.getmembers()}
        places |= {each.offset_data + each.size - 1 for each in tar.getmembers()}
        places |= {each.offset + 140 for each in tar.getmembers()}
    for place in sorted(places):
        changed = bytearray(whole)
        changed[place] ^= 0x02
        made.write_bytes(bytes(changed))
        assert labkit("evidence", "--check", "e.tar").code == 1, place
    for length in range(0, len(whole), len(whole) // 20):
        made.write_bytes(whole[:length])
        assert labkit("evidence", "--check", "e.tar").code == 1, length
    made.write_bytes(whole)
    assert labkit("evidence", "--check", "e.tar").code == 0


def test_a_change_is_named(labkit: Callable[..., Any], made: pathlib.Path) -> None:
    content = made.read_bytes().replace(b"all as it should be", b"ALL as it should be", 1)
    made.write_bytes(content)
    done = labkit("evidence", "--check", "e.tar")
    assert done.code == 1
    assert "changed: report." in done.out
    assert "unchanged" not in done.out
    assert "says:" not in done.out
    document = json.loads(labkit("evidence", "--check", "e.tar", "--format", "json").out)
    assert (document["ok"], len(document["changes"])) == (False, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it ends too early: a part of it is missing"),
        (b"\x1f\x8b" + b"\0" * 1000, "it is no archive of labkit"),
    ],
)
@pytest.mark.usefixtures("here")
def test_what_is_none(
    labkit: Callable[..., Any], here: pathlib.Path, content: bytes, said: str
) -> None:
    (here / "x\x1b[2J.tar").write_bytes(content)
    done = labkit("evidence", "--check", "x\x1b[2J.tar")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"error: 'x\\x1b[2J.tar' is no evidence: {said}\n"
        "hint: ask for the file again, as 'labkit evidence' wrote it\n"
    )


@pytest.mark.usefixtures("here")
def test_a_file_that_is_not_there(labkit: Callable[..., Any]) -> None:
    done = labkit("evidence", "--check", "no.tar")
    assert (done.code, done.err) == (
        2,
        (
            "error: 'no.tar' cannot be read: No such file or directory\n"
            "hint: name a file that 'labkit evidence' wrote\n"
        ),
    )


@pytest.mark.usefixtures("here")
def test_a_folder_that_is_not_there(labkit: Callable[..., Any]) -> None:
    done = labkit("evidence", "--output", "no/e.tar")
    assert (done.code, done.err) == (
        2,
        (
            "error: there is no folder 'no' to write evidence to\n"
            "hint: make it, or name a file elsewhere\n"
        ),
    )


def test_a_lab_that_is_not_well_is_evidence_too(
    labkit: Callable[..., Any], here: pathlib.Path, lab: Lab
) -> None:
    bad = reports.Result("ansible-01", "names", "x", ok=False, actual="\x1b[2J<script>\0")
    lab.report = reports.Report("demo", (bad,), 0.5)
    assert labkit("evidence", "--output", "e.tar").code == 1
    done = labkit("evidence", "--check", "e.tar")
    assert (done.code, "not all as it should be" in done.out) == (0, True)
    assert b"<script>\0" not in (here / "e.tar").read_bytes()


def test_a_run_that_ends_early_writes_no_evidence(
    labkit: Callable[..., Any], here: pathlib.Path, lab: Lab
) -> None:
    lab.error = errors.UnreachableError("gone")
    assert labkit("evidence", "--output", "e.tar").code == 4
    assert not (here / "e.tar").exists()


def test_no_secret_is_in_it(
    labkit: Callable[..., Any],
    here: pathlib.Path,
    name: str,
    lab: Lab,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COURSE_TOKEN", "planted-1-<&>")
    assert labkit("evidence").code == 0  # makes the keys
    keys = here / ".lab" / name / "keys"
    line = (keys / "ansible").read_text().splitlines()[2]
    (here / "lab.yml").write_text((here / "lab.yml").read_text() + "# password: planted-2\n")
    texts = ("token planted-1-<&>", line, (keys / "login").read_text(), "x\npassword=planted-3")
    wrong = tuple(
        reports.Result("ansible-01", "names", each, False, each, each, each, each, "", (each,))
        for each in texts
    )
    lab.report = reports.Report(
        "demo", wrong, 0.5, (), (reports.Setting("ansible-01", *texts[:4]),),
        (reports.Repair("ansible-01", *texts),), texts[0],
    )  # fmt: skip
    assert labkit("evidence", "--output", "e.tar").code == 1
    content = (here / "e.tar").read_bytes()
    private = {each for path in keys.rglob("*") if path.is_file() and path.suffix != ".pub"
               for each in path.read_text().splitlines() if len(each) > 30}  # fmt: skip
    assert len(private) >= 6
    for word in ("planted-1", "planted-2", "planted-3", "PRIVATE KEY-----", *private):
        assert word.encode() not in content, word
    assert labkit("evidence", "--check", "e.tar").code == 0
