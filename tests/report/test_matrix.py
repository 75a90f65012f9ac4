"""Who reaches whom, read from the results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.report import matrix, model

if TYPE_CHECKING:
    from labkit.plan import model as plans

_ONE, _TWO = "k8s-minion-01", "k8s-minion-02"


def _result(machine: str, subject: str, *, ok: bool, when: str = "") -> model.Result:
    return model.Result(machine, "reach", subject, ok=ok, when=when)


def test_a_healthy_lab_reaches_itself(default_lab: plans.Lab, healthy: model.Report) -> None:
    (found,) = matrix.matrices(default_lab, healthy.results)
    assert (found.network.kind, found.when, found.good) == ("hostonly", "", 12)
    assert found.ways == ("ping", "full packets", "TCP port 22")
    assert len(found.cells) == 12
    assert all(cell.reached is matrix.Reached.ALL for cell in found.cells.values())


def test_what_does_not_work_is_named(default_lab: plans.Lab, broken: model.Report) -> None:
    (found,) = matrix.matrices(default_lab, broken.results)
    wrong = {pair: cell for pair, cell in found.cells.items() if cell.failed}
    assert {pair: (cell.reached.value, cell.failed) for pair, cell in wrong.items()} == {
        ("ansible-01", _TWO): ("some", ("TCP port 22",)),
        (_ONE, _TWO): ("none", ("ping", "full packets", "TCP port 22")),
    }


def test_networks_and_times_are_kept_apart(default_lab: plans.Lab) -> None:
    results = [
        _result(_ONE, f"ping to {_TWO} (192.168.56.63)", ok=True),
        _result(_ONE, f"ping to {_TWO} (192.168.56.63)", ok=False, when="after reboot"),
        _result(_ONE, f"ping to {_TWO} (10.0.2.63)", ok=True),
    ]
    found = matrix.matrices(default_lab, results)
    assert [(each.network.kind, each.when, each.good) for each in found] == [
        ("hostonly", "", 1), ("hostonly", "after reboot", 0), ("nat", "", 1),
    ]  # fmt: skip


def test_other_results_are_no_pairs(default_lab: plans.Lab) -> None:
    subjects = (
        f"log in to {_TWO}",
        "ping to stranger (192.168.56.63)",
        f"ping to {_TWO} (203.0.113.1)",
        f"ping to {_TWO} (999.999.999.999)",
        f"ping to {_TWO} (192.168.56.63){'x' * 600}",
        " to " * 10_000,
    )
    results = [_result(_ONE, subject, ok=True) for subject in subjects]
    results.append(_result("stranger", f"ping to {_TWO} (192.168.56.63)", ok=True))
    assert matrix.matrices(default_lab, results) == ()
