"""A lab of three machines, whose checks are short enough to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.plan import model

_LAB = """
lab: small
machines:
  ansible-01: {roles: [ansible], nat: 10.0.2.51, hostonly: 192.168.56.51}
  web-01: {roles: [minion], cpus: 2, nat: 10.0.2.61, hostonly: 192.168.56.61}
  web-02: {roles: [master], nat: 10.0.2.62, hostonly: 192.168.56.62}
"""


@pytest.fixture(scope="session")
def small(plan_of: Callable[[str], model.Lab]) -> model.Lab:
    return plan_of(_LAB)
