"""A lab of two machines on a VirtualBox that answers what a test announces."""

from __future__ import annotations

import dataclasses
import uuid
from typing import TYPE_CHECKING

import pytest

from labkit import workspace
from labkit.providers import virtualbox
from labkit.providers.virtualbox import hardware, power

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Mapping

    from labkit.plan import model
    from labkit.ssh import keyring
    from tests import programs as fakes

LAB = """\
lab: first
provider: virtualbox
machines:
  web-01: {nat: 10.0.2.61, hostonly: 192.168.56.61}
  web-02: {nat: 10.0.2.62, hostonly: 192.168.56.62}
providers:
  virtualbox:
    machines:
      web-02: {forwards: [{host: 8080, guest: 80}]}
"""


@dataclasses.dataclass
class Box:
    """A VirtualBox whose machines are what a test says."""

    lab: model.Lab
    space: workspace.Workspace
    programs: fakes.Programs
    states: dict[str, str] = dataclasses.field(default_factory=dict[str, str])
    """VMState by machine."""

    def number(self, name: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))

    def say(self, name: str, /, state: str = "running", **settings: str) -> None:
        """Let there be a machine, made by Vagrant, as the plan says but for some settings."""
        note = self.space.path / ".vagrant/machines" / name / "virtualbox/id"
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(self.number(name))
        self.states[name] = state
        self.show(name, {"VMState": state, **settings})
        self.list()

    def show(self, name: str, settings: Mapping[str, str]) -> None:
        machine = self.lab.machine(name)
        rules = sorted(hardware.forwards(self.lab, machine))
        forwards = {f"Forwarding({n})": f"x,{','.join(each)}" for n, each in enumerate(rules)}
        found = {
            **hardware.planned(self.lab, machine),
            "hostonlyadapter2": "vboxnet0",
            **forwards,
            **settings,
        }
        text = "".join(f'{key}="{value}"\n' for key, value in found.items())
        show = ("VBoxManage", "showvminfo", self.number(name), "--machinereadable")
        self.programs.replace(*show, out=text)
        self.keep(name, {})

    def keep(self, name: str, extra: Mapping[str, str]) -> None:
        """Let a machine have extra data."""
        text = "".join(f"Key: {key}, Value: {value}\n" for key, value in extra.items())
        words = ("VBoxManage", "getextradata", self.number(name), "enumerate")
        self.programs.replace(*words, out=text)

    def list(self) -> None:
        def listed(states: set[str]) -> str:
            return "".join(
                f'"first-{name}" {{{self.number(name)}}}\n'
                for name, state in self.states.items()
                if not states or state in states
            )

        self.programs.replace("VBoxManage", "list", "vms", out=listed(set()))
        on = listed({"running", "paused"})
        self.programs.replace("VBoxManage", "list", "runningvms", out=on)


@pytest.fixture
def lab(plan_of: Callable[[str], model.Lab]) -> model.Lab:
    return plan_of(LAB)


@pytest.fixture
def space(tmp_path: pathlib.Path) -> workspace.Workspace:
    made = workspace.Workspace(tmp_path, "first")
    made.make()
    return made


@pytest.fixture
def box(lab: model.Lab, space: workspace.Workspace, programs: fakes.Programs) -> Box:
    found = Box(lab, space, programs)
    found.list()
    return found


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def provider(
    lab: model.Lab,
    space: workspace.Workspace,
    make_keys: Callable[[model.Lab], keyring.Keyring],
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> virtualbox.Provider:
    monkeypatch.setattr(power, "_POLL", 0.0)
    monkeypatch.setattr(power, "PATIENCE", 0.05)
    monkeypatch.setenv("VAGRANT_HOME", str(space.folder / "vagrant-home"))
    return virtualbox.Provider(lab, space, lambda: make_keys(lab), told.append)
