"""Many scripts in one: what a machine prints cannot confuse who printed what."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from labkit.converge import script

if TYPE_CHECKING:
    from collections.abc import Sequence

SHELLS = ("sh", "bash")


def _run(batch: script.Batch, shell: str = "sh") -> str:
    done = subprocess.run(
        [shell, "-s"],
        input=f"{{\n{batch.text}\n}} < /dev/null\n".encode(),
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.stderr == b""
    return done.stdout.decode(errors="replace")


def _answers(
    sections: Sequence[str], shell: str = "sh", *, changing: bool = False
) -> list[tuple[str, int]]:
    batch = script.batch(sections, changing=changing)
    return [(each.output, each.status) for each in batch.answers(_run(batch, shell))]


@pytest.mark.parametrize("shell", SHELLS)
def test_outputs_and_statuses_come_back_in_order(shell: str) -> None:
    sections = ("echo one; echo complaint >&2", "exit 7", "false", "printf 'no end'", "kill -9 $$x")
    found = _answers(sections, shell)
    assert found[:4] == [("one\ncomplaint\n", 0), ("", 7), ("", 1), ("no end", 0)]
    assert found[4][1] != 0


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("section", ["", "# nothing", "\n\n", ":"])
@pytest.mark.parametrize("changing", [False, True])
def test_an_empty_section_succeeds(shell: str, section: str, changing: bool) -> None:
    found = _answers(["echo a", section, "echo b"], shell, changing=changing)
    assert found == [("a\n", 0), ("", 0), ("b\n", 0)]


def test_sections_do_not_see_one_another() -> None:
    first = "cd /; value=1; set -e; exec 2>&-; PATH=/nowhere; umask 777"
    assert _answers([first, 'echo "${value:-unset}"; umask; command -v ls > /dev/null']) == [
        ("", 0),
        ("unset\n0022\n", 0),
    ]


def test_no_section_eats_the_next_one_as_its_input() -> None:
    assert _answers(['cat; read line; echo "<$line>"', "echo next"]) == [
        ("<>\n", 0),
        ("next\n", 0),
    ]


def test_messages_are_not_translated() -> None:
    assert _answers(['echo "$LC_ALL $PATH"']) == [("C /usr/sbin:/usr/bin:/sbin:/bin\n", 0)]


def test_marks_without_the_random_word_are_text() -> None:
    fake = "\\nlabkit-0000000000000000 begin\\nx\\nlabkit-0000000000000000 end 0\\n"
    (answer,) = _answers([f"printf '{fake}'"])
    assert answer == (fake.replace("\\n", "\n"), 0)


def test_marks_are_different_each_time() -> None:
    assert script.batch([":"]).word != script.batch([":"]).word


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("changing", [False, True])
def test_odd_bytes(shell: str, changing: bool) -> None:
    sections = ("printf 'a\\377\\r\\033[2J'", "printf '\\n\\n'", "printf ' end 0'", "printf .")
    found = _answers(sections, shell, changing=changing)
    assert found == [("a\ufffd\r\x1b[2J", 0), ("\n\n", 0), (" end 0", 0), (".", 0)]


def test_what_a_change_leaves_running_is_not_waited_for() -> None:
    sections = ("(sleep 1; echo late) & echo begun", "echo next")
    assert _answers(sections, changing=True) == [("begun\n", 0), ("next\n", 0)]


def test_what_looks_is_written_in_one_piece_a_section() -> None:
    batch = script.batch(["echo one; echo two", "echo three"])
    assert batch.text.count("printf") == batch.count == 2


def test_three_megabytes() -> None:
    found = _answers(["head -c 3000000 /dev/zero | tr '\\0' x", "echo after"])
    assert [(len(output), status) for output, status in found] == [(3_000_000, 0), (6, 0)]


def test_a_failure_stops_the_rest_of_what_changes() -> None:
    sections = ("echo one", "echo two; exit 3", "echo three")
    stopping = script.batch(sections, changing=True)
    assert [each.status for each in stopping.answers(_run(stopping))] == [0, 3]
    going = script.batch(sections)
    assert [each.status for each in going.answers(_run(going))] == [0, 3, 0]


def test_a_cut_output_gives_the_whole_answers_only() -> None:
    batch = script.batch(["echo one", "exit 127", "echo three"])
    whole = _run(batch)
    counts = [len(batch.answers(whole[:end])) for end in range(len(whole) + 1)]
    assert counts == sorted(counts)
    assert {0, 1, 2, 3} == set(counts)
    for end in range(len(whole)):
        assert all(each.status in {0, 127} for each in batch.answers(whole[:end]))


def test_a_status_that_is_none_ends_the_answers() -> None:
    batch = script.batch(["echo one"])
    assert batch.answers(f"\n{batch.word} begin\nbody\n{batch.word} end many\n") == ()
    assert batch.answers("") == ()
    assert batch.answers("sudo: a password is required\n") == ()


@pytest.mark.parametrize("changing", [False, True])
def test_a_cut_output_tells_which_section_was_running(changing: bool) -> None:
    batch = script.batch(["echo one", "echo two", "echo three"], changing=changing)
    whole = _run(batch)
    assert batch.reached("") == 0
    assert batch.reached(whole[: whole.index("two")]) == 1
    assert batch.reached(whole) == 2


def test_no_section_at_all() -> None:
    assert _answers([]) == []
