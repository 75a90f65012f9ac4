"""Verify a running lab; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.verify import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.lifecycle import context
    from labkit.plan import model
    from labkit.report import model as reports


def verify(lab: context.Context, only: Sequence[model.Machine]) -> reports.Report:
    """Look at machines, all at once, and return what was found."""
    subjects = [run.Subject(machine, lab.steps(machine), lab.session(machine)) for machine in only]
    try:
        return run.verify(lab.lab, subjects, narrate=lab.progress.tell)
    finally:
        for subject in subjects:
            subject.session.close()
