"""What labkit promises to survive, and which tests put it to the proof."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Promise:
    """One kind of fault."""

    name: str
    """What `--only` takes."""
    fault: str
    holds: str
    tests: tuple[str, ...]
    """Beginnings of the names that pytest gives to tests."""

    def has(self, node: str) -> bool:
        """Say whether a test belongs to it."""
        return any(_begins(node, test) for test in self.tests)


def _begins(node: str, test: str) -> bool:
    return node == test or node.startswith((f"{test}::", f"{test}["))


_FAULTS, _HOSTILE = "tests/faults", "tests/hostile"
_NETWORK = f"{_FAULTS}/ssh/test_network.py"

ALL = (
    Promise(
        "kill",
        "SIGKILL at every boundary of the ledger in `up`, `reset` and `destroy`; the task again",
        "the same end as undisturbed",
        (
            f"{_FAULTS}/test_kill.py::test_killed_at_every_boundary_of_the_ledger",
            f"{_FAULTS}/test_kill.py::test_killed_at_one_boundary",
        ),
    ),
    Promise(
        "interrupt",
        "SIGINT at random moments of `up`; SIGTERM, SIGHUP, Ctrl-C twice",
        "no orphan, lock free, state readable, exit 130",
        (f"{_FAULTS}/test_interrupt.py",),
    ),
    Promise(
        "race",
        "2 to 16 `up` of one lab at once",
        "one winner, the others refused within a second and told by whom",
        (f"{_FAULTS}/test_race.py",),
    ),
    Promise(
        "disk",
        "a full disk, a forbidden folder, a torn file at each write of `up`",
        "the old content intact, the next `up` finishes",
        (
            f"{_FAULTS}/test_disk.py",
            f"{_FAULTS}/test_kill.py::test_killed_at_every_other_write",
            f"{_FAULTS}/test_repair.py::test_any_file_torn_by_a_power_cut",
        ),
    ),
    Promise(
        "network",
        "SSH reset at each kilobyte, stalls, 80 ms with 5 % loss",
        "survived, or a clear error in time; never a false success",
        (
            f"{_NETWORK}::test_a_reset_at_each_so_many_kilobytes_is_survived",
            f"{_NETWORK}::test_resets_that_go_on_are_an_error",
            f"{_NETWORK}::test_a_stall_at_each_so_many_kilobytes_is_given_up_or_survived",
            f"{_NETWORK}::test_a_slow_and_lossy_way_is_survived",
        ),
    ),
    Promise(
        "host-key",
        "a changed host key",
        "refused before any command",
        (f"{_NETWORK}::test_a_changed_host_key_is_refused_before_any_command",),
    ),
    Promise(
        "lab-file",
        "a hostile `lab.yml`: a corpus, and good files changed at random",
        "refused before anything is started, or harmless",
        (f"{_HOSTILE}/test_lab_files.py",),
    ),
    Promise(
        "rendering",
        "random strings in Ruby, shell, XML, HTML and other files",
        "they parse, and read back equal",
        (f"{_HOSTILE}/test_renderings.py",),
    ),
    Promise(
        "secret",
        "planted secrets",
        "in no log, report, argument, state file or traceback",
        (f"{_HOSTILE}/test_secret.py",),
    ),
    Promise(
        "destroy",
        "`destroy` of half a lab, twice, beside a foreign lab of the same name",
        "nothing of ours left, nothing foreign touched",
        (f"{_FAULTS}/test_repair.py::test_destroy_removes_twice_and_nothing_else",),
    ),
    Promise(
        "repair",
        "half a lab, or a host that was switched off",
        "`up` makes it whole, `start` brings it back",
        (
            f"{_FAULTS}/test_repair.py::test_up_repairs",
            f"{_FAULTS}/test_repair.py::test_start_after_the_host_has_been_rebooted",
            f"{_FAULTS}/test_repair.py::test_machines_that_run_reach_each_other_again",
        ),
    ),
    Promise(
        "machine",
        "a hostile machine",
        "learns nothing of the host, and is heard as text only",
        (f"{_HOSTILE}/test_machine.py",),
    ),
)


def of(node: str) -> Promise | None:
    """Return the promise that a test belongs to."""
    return next((each for each in ALL if each.has(node)), None)
