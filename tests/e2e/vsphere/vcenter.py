"""A simulated vCenter as the tests see it: started, told what to do, counted, ended.

The simulator ends with its standard input, so it never outlives the process that started it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import ssl
import subprocess
import time
from typing import TYPE_CHECKING, Any

from pyVmomi import SoapAdapter

from tests.e2e.vsphere import building
from tests.e2e.vsphere.api import Object, vim, vmodl

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator, Mapping

_PATIENCE = 30.0


@dataclasses.dataclass(frozen=True, slots=True)
class Counts:
    """What was asked of the vCenter since the last reset."""

    calls: Mapping[str, int]
    """By the method's name in the WSDL."""
    logins: int
    most: int
    """Tasks that ran or waited at one moment, at most."""
    running: int
    """Tasks that run or wait now."""
    left: int
    """Faults that were asked for and have not happened."""

    @property
    def total(self) -> int:
        """All calls."""
        return sum(self.calls.values())


@dataclasses.dataclass(frozen=True, slots=True)
class Vcenter:
    """A running simulator."""

    process: subprocess.Popen[str]
    host: str
    port: int
    user: str
    password: str
    sha256: str
    certificate: str
    """In PEM."""

    def do(self, what: str, **more: object) -> Any:
        """Give a command; return its answer.

        Raises:
            ValueError: The simulator refuses it.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["answer"]

    def set(self, **settings: object) -> None:
        """Change settings: task, idle and boot in seconds, page, leases, memory, network."""
        self.do("set", settings=settings)

    def fault(self, method: str, kind: str, fault: str = "", **more: object) -> None:
        """Let a call fail, see rules.go for how."""
        self.do("fault", fault={"method": method, "kind": kind, "fault": fault, **more})

    def counts(self) -> Counts:
        """Count since the last reset."""
        return Counts(**self.do("count"))

    def reset(self) -> None:
        """Begin to count anew."""
        self.do("reset")

    def make(self, name: str, **more: object) -> str:
        """Make a machine past the API; return its id. See inventory.go for what it may have."""
        return str(self.do("make", machine={"name": name, "cards": 1, "tools": True, **more}))

    def template(self, name: str = "debian-12", **more: object) -> str:
        """Make a template with Tools and the snapshot `base`; return its id."""
        return self.make(name, **{"template": True, "snapshot": "base", **more})

    def stock(self, library: str, name: str, kind: str) -> str:
        """Put an item into a content library of its own; return its id."""
        item = {"library": library, "name": name, "kind": kind, "tools": True}
        return str(self.do("stock", item=item))

    @contextlib.contextmanager
    def session(self, password: str = "") -> Generator[Object]:
        """Log in with pyvmomi alone, as what labkit does is not believed here."""
        stub = SoapAdapter.SoapStubAdapter(
            host=self.host,
            port=self.port,
            path="/sdk",
            version="vim.version.v8_0_1_0",
            sslContext=ssl.create_default_context(cadata=self.certificate),
        )
        instance = vim.ServiceInstance("ServiceInstance", stub)
        try:
            manager = instance.RetrieveContent().sessionManager
            manager.Login(self.user, password or self.password)
            yield instance
            with contextlib.suppress(vmodl.RuntimeFault, vim.fault.VimFault):
                manager.Logout()
        finally:
            stub.DropConnections()

    def folder(self, name: str) -> str:
        """Return the id of a folder.

        Raises:
            StopIteration: There is none.
        """
        with self.session() as instance:
            return next(
                each._moId for each in everything(instance, vim.Folder) if each.name == name
            )

    def networks(self) -> list[str]:
        """Return the names of all networks."""
        with self.session() as instance:
            return [each.name for each in everything(instance, vim.Network)]

    def twins(self, name: str) -> tuple[str, str]:
        """Make port groups of one name on two distributed switches; return their keys."""
        with self.session() as instance:
            parent = instance.RetrieveContent().rootFolder.childEntity[0].networkFolder
            hosts = everything(instance, vim.HostSystem)
            return _twin(parent, hosts, name, "one"), _twin(parent, hosts, name, "two")


def everything(instance: Object, kind: Object) -> list[Object]:
    """Return all objects of a kind."""
    content = instance.RetrieveContent()
    view = content.viewManager.CreateContainerView(content.rootFolder, [kind], recursive=True)
    try:
        return list(view.view)
    finally:
        view.Destroy()


def _twin(parent: Object, hosts: list[Object], name: str, number: str) -> str:
    folder = parent.CreateFolder(f"folder-{number}")
    spec = vim.DistributedVirtualSwitch.ConfigSpec(name=f"switch-{number}")
    switch = _ended(folder.CreateDVS_Task(vim.DistributedVirtualSwitch.CreateSpec(configSpec=spec)))
    kind = vim.dvs.HostMember.ConfigSpec
    members = [kind(operation="add", host=each) for each in hosts]
    _ended(switch.ReconfigureDvs_Task(vim.DistributedVirtualSwitch.ConfigSpec(host=members)))
    group = vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
        name=name, type="earlyBinding", numPorts=8
    )
    _ended(switch.AddDVPortgroup_Task([group]))
    return next(str(each.key) for each in switch.portgroup if each.name == name)


def _ended(task: Object) -> Object:
    deadline = time.monotonic() + _PATIENCE
    while task.info.state in {"queued", "running"}:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    if task.info.error:
        raise task.info.error
    return task.info.result


@contextlib.contextmanager
def running(folder: pathlib.Path, *words: str) -> Generator[Vcenter]:
    """Run a simulator whose files are in a folder, until the block ends."""
    program = building.build()
    with (
        (folder / "simulator.log").open("wb") as log,
        subprocess.Popen(
            [program, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "TMPDIR": str(folder)},
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            line = process.stdout.readline()
            assert line, (folder / "simulator.log").read_text(errors="replace")
            yield Vcenter(process, **json.loads(line))
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
