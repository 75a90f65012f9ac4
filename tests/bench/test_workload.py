from __future__ import annotations

import pytest

from bench import workload
from labkit import errors


def test_a_run_that_did_not_do_the_work_is_refused() -> None:
    workload.judge("a tool", "machine-01", "")
    with pytest.raises(errors.LabError) as caught:
        workload.judge("a tool", "machine-01", "host name: before\ntime zone: UTC\n")
    assert (caught.value.message, caught.value.hint) == (
        "a tool did not bring machine-01 to the end state: host name: before; time zone: UTC",
        "a run that does not do the work is not measured",
    )


def test_a_start_at_which_something_is_done_already_is_refused() -> None:
    workload.ready("something\n" * 14)
    with pytest.raises(errors.LabError) as caught:
        workload.ready("host name: before\n")
    assert (caught.value.message, caught.value.hint) == (
        "at the start 1 things are not as wanted, but 14 should be",
        "these are: host name: before",
    )
