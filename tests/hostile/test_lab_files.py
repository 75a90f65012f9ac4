"""Hostile lab files are refused before anything is started, or are harmless."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from labkit.converge import script
from labkit.operations import sysctl, text
from tests.hostile import corpus, mutations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Record = Callable[[str, object], None]

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
SECONDS = 2.0
"""Of processor time, for a file of up to one megabyte; the default lab takes about 0.02."""
_LONGEST = 240.0

_FIELD = "sysctl_value-"


@dataclasses.dataclass(frozen=True, slots=True)
class Answers:
    """What became of files, by their names."""

    found: Mapping[str, dict[str, Any]]
    typed: Mapping[str, dict[str, Any]]
    """Of some of them, at the command line."""
    seen: Sequence[str]
    """What was forbidden and tried."""
    let: Sequence[str]
    """What the guard let through when it was tried on purpose."""


def read(folder: pathlib.Path, files: Mapping[str, bytes], by_person: set[str]) -> Answers:
    """Have a guarded process read files; each lies in a folder of its own, as lab files do."""
    paths: dict[str, str] = {}
    for number, (name, content) in enumerate(files.items()):
        path = folder / f"{number}" / "lab.yml"
        path.parent.mkdir()
        path.write_bytes(content)
        paths[str(path)] = name
    (folder / "list").write_text("".join(f"{path}\n" for path in paths))
    chosen = [path for path, name in paths.items() if name in by_person]
    (folder / "typed").write_text("".join(f"{path}\n" for path in chosen))
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "COLUMNS": "1000"}
    done = subprocess.run(
        [sys.executable, "-B", str(HERE / "child.py"), str(folder / "list"), str(folder / "typed")],
        capture_output=True,
        timeout=_LONGEST,
        check=False,
        cwd=folder,
        env=environment,
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")
    said = json.loads(done.stdout)
    by_name = {part: {paths[path]: each for path, each in said[part].items()}
               for part in ("found", "typed")}  # fmt: skip
    return Answers(**by_name, seen=said["seen"], let=said["let"])


def judge(name: str, content: bytes, answer: dict[str, Any]) -> None:
    """Complain about an answer that is neither a plan nor a refusal that a person can act on."""
    assert "traceback" not in answer, f"{name}: {answer['traceback']}"
    assert answer["seconds"] < SECONDS, name
    if answer["code"] == 0:
        return
    assert answer["code"] == 2, name
    message: str = answer["message"]
    assert message.isprintable() or set(message) - {"\n"} <= set(filter(str.isprintable, message))
    if not answer["places"]:
        assert message.endswith("/lab.yml is bigger than 1 MiB"), name
        return
    lines = max(len(re.split(b"\r\n|\r|\n", content)), 1)
    for line, column in answer["places"]:
        assert 1 <= line <= lines, name
        assert column >= 1, name
    shown = re.findall(r"(?m)^/\S+/lab\.yml:\d+:\d+: \S.*\n    hint: \S", message)
    assert len(shown) == len(answer["places"]), name


CASES = {case.name: case for case in corpus.cases()}
_TYPED = re.compile(r"(lab|sysctl_value)-\w+-0|classic-[^b].*")
_ALWAYS = re.compile(f"classic-.*|{_FIELD}.*")


@pytest.fixture(scope="module", params=["sample", pytest.param("whole", marks=pytest.mark.slow)])
def answers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """Have the corpus read once, and one of each attack at the command line."""
    whole = request.param == "whole"
    files = {
        name: case.content
        for number, (name, case) in enumerate(CASES.items())
        if whole or number % 9 == 0 or _ALWAYS.fullmatch(name)
    }
    typed = {name for name in files if _TYPED.fullmatch(name)}
    return read(tmp_path_factory.mktemp("corpus"), files, typed)


def test_the_corpus_is_what_it_says() -> None:
    every = list(corpus.cases())
    assert len(CASES) == len(every) >= 500
    kinds = collections.Counter(case.refused for case in every)
    assert kinds[True] >= 500
    assert len({case.content for case in every}) > 0.98 * len(every)


def test_the_guard_stands(answers: Answers) -> None:
    assert answers.let == []


def test_nothing_is_started_or_written(answers: Answers, record_property: Record) -> None:
    record_property("rounds", len(answers.found))
    assert answers.seen == []


def test_each_is_refused_with_a_place_or_planned(answers: Answers, record_property: Record) -> None:
    record_property("rounds", len(answers.found))
    assert len(answers.found) >= 500
    for name, answer in answers.found.items():
        judge(name, CASES[name].content, answer)


def test_those_that_must_be_refused_are(answers: Answers) -> None:
    wrong = {
        name: answer["code"]
        for name, answer in answers.found.items()
        if CASES[name].refused is not None and (answer["code"] == 2) is not CASES[name].refused
    }
    assert wrong == {}


def test_at_the_command_line_it_is_a_sentence_and_two(answers: Answers) -> None:
    assert len(answers.typed) > 100
    for name, answer in answers.typed.items():
        wanted = answers.found[name]["code"]
        assert (name, answer["code"]) == (name, wanted)
        assert "Traceback" not in answer["err"]
        assert ("error: " in answer["err"]) is bool(wanted), name
        assert all(each.isprintable() or each == "\n" for each in answer["err"]), name
        assert answer["out"].startswith("lab '") is not bool(wanted), name


def _harmless(answers: Answers) -> Mapping[str, str]:
    """Return the free texts that were let through, by the names of their cases."""
    return {
        name: answer["plan"]["machines"][0]["sysctl"]["kernel.core_pattern"]
        for name, answer in answers.found.items()
        if name.startswith(_FIELD) and answer["code"] == 0
    }


def test_what_is_let_through_is_told_as_it_was_written(answers: Answers) -> None:
    found = _harmless(answers)
    assert len(found) > 20
    wanted = {case.name: case for case in CASES.values() if case.name in found}
    for name, value in found.items():
        if "-type-" not in name:
            assert _unquoted(wanted[name]) == value


def _unquoted(case: corpus.Case) -> str:
    """Read the one value of a case again, by Python's own reading of the escapes."""
    (body,) = re.findall(rb'kernel\.core_pattern: "(.*)"\}', case.content, re.DOTALL)
    return re.sub(r"\\U([0-9a-f]{8})", lambda each: chr(int(each[1], 16)), body.decode())


def test_what_is_let_through_does_nothing_in_a_shell(
    answers: Answers, run: Callable[..., bytes]
) -> None:
    values = list(_harmless(answers).values())
    contents: list[str] = []
    for value in values:
        made = sysctl.Sysctl(file="90-lab", values={"kernel.core_pattern": value})
        (first, *_) = made.diff(sysctl.SysctlState(None, {}))
        contents.append(first.after)
    commands = "\n".join(text.write("/dev/stdout", each) for each in contents)
    printed = run("sh", stdin=commands.encode()).decode()
    assert printed == "".join(f"kernel.core_pattern = {value}\n" for value in values)


def test_what_is_let_through_does_not_reach_ruby(
    answers: Answers, run: Callable[..., bytes]
) -> None:
    plain = answers.found["classic-plain"]["vagrantfile"]
    for name in _harmless(answers):
        assert answers.found[name]["vagrantfile"] == plain
    run("ruby", "-c", "-", stdin=plain.encode())


def test_what_is_let_through_makes_scripts_that_a_shell_can_read(
    answers: Answers, run: Callable[..., bytes]
) -> None:
    scripts = [
        script.batch(answer["scripts"]).text
        for answer in answers.found.values()
        if "scripts" in answer
    ]
    assert len(scripts) > 20
    run("sh", "-n", stdin="\n".join(scripts).encode())


@pytest.mark.skipif(os.name != "posix", reason="Windows has no FIFO files")
def test_a_pipe_is_not_waited_for(tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / "lab.yml")
    done = subprocess.run(
        [sys.executable, "-m", "labkit", "up"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), "COLUMNS": "1000"},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: lab.yml is not a regular file\nhint: a pipe or a device cannot hold a lab\n"
    )


@pytest.mark.parametrize(
    "amount", [pytest.param(300, id="300"), pytest.param(5_000, id="5000", marks=pytest.mark.slow)]
)
def test_changed_at_random(amount: int, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("rounds", amount)
    files = {f"{n}": content for n, content in enumerate(mutations.some(corpus.good(), amount))}
    answers = read(tmp_path, files, set())
    assert (answers.let, answers.seen) == ([], [])
    codes: collections.Counter[int] = collections.Counter()
    for name, answer in answers.found.items():
        judge(name, files[name], answer)
        codes[answer["code"]] += 1
    assert codes[0] > amount // 50, "some stay good, or nothing but syntax was tried"
    assert codes[2] > amount // 2
