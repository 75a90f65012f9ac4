"""The simulator itself, by pyvmomi alone: it behaves as a vCenter does where that matters."""

from __future__ import annotations

import base64
import http.client
import json
import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.vsphere import building, vcenter
from tests.e2e.vsphere.api import Object, vim, vmodl

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.e2e

_PATIENCE = 60.0
RUNNING = ("queued", "running")


@pytest.fixture
def instance(simulated: vcenter.Vcenter) -> Iterator[Object]:
    with simulated.session() as made:
        simulated.reset()
        yield made


def until(done: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ended(task: Object) -> Object:
    """Wait for a task; return its result, or raise its fault."""
    until(lambda: task.info.state not in RUNNING)
    if task.info.error:
        raise task.info.error
    return task.info.result


def find(instance: Object, kind: Object, name: str) -> Object:
    content = instance.RetrieveContent()
    view = content.viewManager.CreateContainerView(content.rootFolder, [kind], recursive=True)
    try:
        return next(each for each in view.view if each.name == name)
    finally:
        view.Destroy()


def names(instance: Object) -> list[str]:
    content = instance.RetrieveContent()
    kind = [vim.VirtualMachine]
    view = content.viewManager.CreateContainerView(content.rootFolder, kind, recursive=True)
    return sorted(each.name for each in view.view)


def place(instance: Object) -> Object:
    cluster = find(instance, vim.ClusterComputeResource, "DC0_C0")
    return vim.vm.RelocateSpec(pool=cluster.resourcePool)


def clone(instance: Object, name: str = "m1", **more: object) -> Object:
    template = find(instance, vim.VirtualMachine, "debian-12")
    location = more.pop("location", None) or place(instance)
    spec = vim.vm.CloneSpec(location=location, **{"powerOn": False, "template": False, **more})
    return template.CloneVM_Task(folder=template.parent, name=name, spec=spec)


def card(instance: Object, backing: object) -> Object:
    template = find(instance, vim.VirtualMachine, "debian-12")
    device = next(
        each
        for each in template.config.hardware.device
        if isinstance(each, vim.vm.device.VirtualEthernetCard)
    )
    device.backing = backing
    device.macAddress = None
    operation = vim.vm.device.VirtualDeviceSpec.Operation.edit
    return vim.vm.device.VirtualDeviceSpec(operation=operation, device=device)


def macs(vm: Object) -> list[str]:
    devices = vm.config.hardware.device
    return [
        each.macAddress for each in devices if isinstance(each, vim.vm.device.VirtualEthernetCard)
    ]


def test_it_is_gone_with_its_input(tmp_path: pathlib.Path) -> None:
    with vcenter.running(tmp_path) as running:
        pid = running.process.pid
        os.kill(pid, 0)
    assert running.process.returncode == 0
    assert [each.name for each in tmp_path.iterdir()] == ["simulator.log"]


def test_it_does_not_outlive_a_test_that_was_killed(tmp_path: pathlib.Path) -> None:
    reader, writer = os.pipe()
    with subprocess.Popen(
        [building.build()], stdin=reader, stdout=subprocess.PIPE, env={"TMPDIR": str(tmp_path)}
    ) as process:
        os.close(reader)
        assert process.stdout is not None
        assert process.stdout.readline()
        os.close(writer)  # which is what the kernel does for a process that is killed
        assert process.wait(_PATIENCE) == 0


def test_calls_are_counted_by_method(simulated: vcenter.Vcenter, instance: Object) -> None:
    for _ in range(3):
        instance.CurrentTime()
    counts = simulated.counts()
    assert counts.calls == {"CurrentTime": 3}
    assert counts.total == 3


def test_a_clone_is_as_asked_for(instance: Object) -> None:
    options = [vim.option.OptionValue(key="guestinfo.labkit", value="lab-1")]
    config = vim.vm.ConfigSpec(
        numCPUs=3, memoryMB=2048, annotation="of a test", extraConfig=options
    )
    vm = ended(clone(instance, config=config))
    assert (vm.config.hardware.numCPU, vm.config.hardware.memoryMB) == (3, 2048)
    assert vm.config.annotation == "of a test"
    assert {each.key: each.value for each in vm.config.extraConfig}["guestinfo.labkit"] == "lab-1"
    assert vm.runtime.powerState == "poweredOff"
    assert vm.guest.toolsVersionStatus2 == "guestToolsUnmanaged"
    assert not vm.config.template


def test_each_clone_has_cards_of_its_own(instance: Object) -> None:
    made = [ended(clone(instance, name)) for name in ("m1", "m2", "m3")]
    template = find(instance, vim.VirtualMachine, "debian-12")
    every = [mac for vm in (*made, template) for mac in macs(vm)]
    assert len(set(every)) == 4
    assert all(mac.startswith("00:50:56:8") for mac in every)


def test_a_name_is_given_once_in_a_folder(instance: Object) -> None:
    ended(clone(instance))
    with pytest.raises(vim.fault.DuplicateName) as caught:
        ended(clone(instance))
    assert caught.value.name == "m1"
    assert names(instance) == ["debian-12", "m1"]


def test_a_card_on_an_unknown_network_makes_no_machine(instance: Object) -> None:
    backing = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName="nowhere")
    config = vim.vm.ConfigSpec(deviceChange=[card(instance, backing)])
    with pytest.raises(vim.fault.InvalidDeviceBacking):
        ended(clone(instance, config=config))
    assert names(instance) == ["debian-12"]


def test_a_port_group_knows_its_machines_and_is_kept_for_them(
    instance: Object,
) -> None:
    group = find(instance, vim.dvs.DistributedVirtualPortgroup, "DC0_DVPG0")
    port = vim.dvs.PortConnection(
        portgroupKey=group.key, switchUuid=group.config.distributedVirtualSwitch.uuid
    )
    backing = vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)
    config = vim.vm.ConfigSpec(deviceChange=[card(instance, backing)])
    vm = ended(clone(instance, config=config, powerOn=True))
    assert group.vm == [vm]
    assert vm.guest.net[0].network == "DC0_DVPG0"
    with pytest.raises(vim.fault.ResourceInUse):
        ended(group.Destroy_Task())
    ended(vm.PowerOffVM_Task())
    ended(vm.Destroy_Task())
    ended(group.Destroy_Task())


def test_a_linked_clone_needs_a_snapshot_and_takes_no_room(instance: Object) -> None:
    template = find(instance, vim.VirtualMachine, "debian-12")
    base = template.datastore[0].summary.freeSpace
    location = place(instance)
    location.diskMoveType = "createNewChildDiskBacking"
    with pytest.raises(vmodl.fault.InvalidArgument) as caught:
        ended(clone(instance, location=location))
    assert caught.value.invalidProperty == "spec.snapshot"
    snapshot = template.snapshot.currentSnapshot
    vm = ended(clone(instance, location=location, snapshot=snapshot))
    disk = next(
        each for each in vm.config.hardware.device if isinstance(each, vim.vm.device.VirtualDisk)
    )
    assert "debian-12" in disk.backing.parent.fileName
    ended(vm.Destroy_Task())
    assert template.datastore[0].summary.freeSpace >= base


def test_a_full_datastore_takes_no_whole_clone(
    simulated: vcenter.Vcenter, instance: Object
) -> None:
    simulated.do("free", datastore="LocalDS_0", bytes=1 << 30)
    with pytest.raises(vim.fault.NoDiskSpace) as caught:
        ended(clone(instance))
    assert caught.value.datastore == "LocalDS_0"
    assert names(instance) == ["debian-12"]


def test_tasks_take_their_time_side_by_side(simulated: vcenter.Vcenter, instance: Object) -> None:
    simulated.set(task=0.4)
    tasks = [clone(instance, f"m{number}") for number in range(4)]
    seen: set[int] = set()

    def watch() -> bool:
        seen.update(task.info.progress or 0 for task in tasks)
        return all(task.info.state == "success" for task in tasks)

    until(watch)
    assert seen & {24, 49, 74}
    assert tasks[0].info.reason.userName == simulated.user
    assert tasks[0].info.descriptionId == "VirtualMachine.clone"
    assert tasks[0].info.entityName == "debian-12"
    assert simulated.counts().most == 4
    recent = instance.RetrieveContent().taskManager.recentTask
    assert set(tasks) <= set(recent)
    assert len(recent) == 4


def test_a_machine_does_one_thing_at_a_time(simulated: vcenter.Vcenter, instance: Object) -> None:
    vm = ended(clone(instance))
    simulated.set(task=0.4)
    first = vm.PowerOnVM_Task()
    with pytest.raises(vim.fault.TaskInProgress) as caught:
        vm.Destroy_Task()
    assert caught.value.task == first
    ended(first)


def test_a_task_is_cancelled(simulated: vcenter.Vcenter, instance: Object) -> None:
    simulated.set(task=60)
    task = clone(instance)
    task.CancelTask()
    with pytest.raises(vmodl.fault.RequestCanceled):
        ended(task)
    assert names(instance) == ["debian-12"]


def test_a_task_that_has_ended_is_forgotten_in_time(
    simulated: vcenter.Vcenter, instance: Object
) -> None:
    task = clone(instance)
    ended(task)
    simulated.do("forget")
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        print(task.info)
    assert instance.RetrieveContent().taskManager.recentTask == []


def test_a_guest_tells_its_addresses_when_it_has_started(
    simulated: vcenter.Vcenter, instance: Object
) -> None:
    simulated.set(boot=0.2)
    vm = ended(clone(instance, powerOn=True))
    assert vm.guest.toolsRunningStatus == "guestToolsNotRunning"
    assert vm.guest.net == []
    until(lambda: vm.guest.toolsRunningStatus == "guestToolsRunning")
    assert vm.guest.net[0].macAddress == macs(vm)[0]
    addresses = list(vm.guest.net[0].ipAddress)
    assert addresses == ["fe80::250:56ff:fe80:1", vm.guest.ipAddress]
    assert vm.guest.ipAddress.startswith("198.18.")
    vm.ShutdownGuest()
    until(lambda: vm.runtime.powerState == "poweredOff")
    assert vm.guest.ipAddress is None
    ended(vm.PowerOnVM_Task())
    until(lambda: vm.guest.ipAddress)
    assert list(vm.guest.net[0].ipAddress) == addresses


def test_leases_run_out(simulated: vcenter.Vcenter, instance: Object) -> None:
    simulated.set(leases=1)
    first = ended(clone(instance, "m1", powerOn=True))
    second = ended(clone(instance, "m2", powerOn=True))
    assert first.guest.ipAddress
    assert second.guest.toolsRunningStatus == "guestToolsRunning"
    assert second.guest.ipAddress is None


def test_memory_runs_out(simulated: vcenter.Vcenter, instance: Object) -> None:
    simulated.set(memory=1500)
    ended(clone(instance, "m1", powerOn=True))
    vm = ended(clone(instance, "m2"))
    with pytest.raises(vim.fault.InsufficientMemoryResourcesFault):
        ended(vm.PowerOnVM_Task())


def test_a_guest_without_tools_tells_nothing(simulated: vcenter.Vcenter, instance: Object) -> None:
    simulated.make("bare", tools=False)
    vm = find(instance, vim.VirtualMachine, "bare")
    assert vm.guest.toolsVersionStatus2 == "guestToolsNotInstalled"
    ended(vm.PowerOnVM_Task())
    assert vm.guest.ipAddress is None
    with pytest.raises(vim.fault.ToolsUnavailable):
        vm.ShutdownGuest()


def test_a_customization_is_for_the_next_start(instance: Object) -> None:
    vm = ended(clone(instance))
    custom = vim.vm.customization
    adapter = custom.IPSettings(ip=custom.FixedIp(ipAddress="198.18.7.7"), subnetMask="255.255.0.0")
    spec = custom.Specification(
        identity=custom.LinuxPrep(hostName=custom.FixedName(name="web"), domain="lab.test"),
        globalIPSettings=custom.GlobalIPSettings(),
        nicSettingMap=[custom.AdapterMapping(adapter=adapter)],
    )
    ended(vm.CustomizeVM_Task(spec))
    with pytest.raises(vim.fault.CustomizationPending):
        ended(vm.CustomizeVM_Task(spec))
    ended(vm.PowerOnVM_Task())
    assert (vm.guest.hostName, vm.guest.ipAddress) == ("web", "198.18.7.7")
    with pytest.raises(vim.fault.InvalidPowerState):
        ended(vm.CustomizeVM_Task(spec))


def test_a_guest_has_what_cloud_init_is_told(instance: Object) -> None:
    vm = ended(clone(instance))
    card = {"match": {"macaddress": macs(vm)[0]}, "addresses": ["198.18.9.9/16"]}
    said = {"local-hostname": "web", "network": {"ethernets": {"nat": card}}}
    text = base64.b64encode(json.dumps(said).encode()).decode()
    options = [vim.option.OptionValue(key="guestinfo.metadata", value=text)]
    ended(vm.ReconfigVM_Task(vim.vm.ConfigSpec(extraConfig=options)))
    ended(vm.PowerOnVM_Task())
    assert (vm.guest.hostName, vm.guest.ipAddress) == ("web", "198.18.9.9")


def test_settings_are_put_over_each_other(instance: Object) -> None:
    vm = ended(clone(instance))
    for value in ("one", "two"):
        option = vim.option.OptionValue(key="guestinfo.x", value=value)
        ended(vm.ReconfigVM_Task(vim.vm.ConfigSpec(extraConfig=[option], memoryMB=512)))
    assert [each.value for each in vm.config.extraConfig if each.key == "guestinfo.x"] == ["two"]
    assert vm.config.hardware.memoryMB == 512
    ended(vm.PowerOnVM_Task())
    with pytest.raises(vim.fault.MemoryHotPlugNotSupported):
        ended(vm.ReconfigVM_Task(vim.vm.ConfigSpec(memoryMB=1024)))


@pytest.mark.parametrize("memory", [True, False])
def test_a_snapshot_is_gone_back_to(instance: Object, memory: bool) -> None:
    vm = ended(clone(instance, powerOn=True))
    taken = ended(vm.CreateSnapshot_Task("before", "", memory=memory, quiesce=False))
    assert vm.snapshot.rootSnapshotList[0].state == ("poweredOn" if memory else "poweredOff")
    ended(vm.ReconfigVM_Task(vim.vm.ConfigSpec(annotation="after")))
    ended(vm.PowerOffVM_Task())
    ended(taken.RevertToSnapshot_Task())
    assert vm.runtime.powerState == ("poweredOn" if memory else "poweredOff")
    assert not vm.config.annotation
    ended(taken.RemoveSnapshot_Task(removeChildren=False))
    assert vm.snapshot is None


def test_a_folder_takes_all_with_it(simulated: vcenter.Vcenter, instance: Object) -> None:
    folder = find(instance, vim.Folder, "vm").CreateFolder("class")
    simulated.make("foreign", folder=folder._moId)
    ended(folder.Destroy_Task())
    assert names(instance) == ["debian-12"]


def test_custom_values_stay(instance: Object) -> None:
    vm = ended(clone(instance))
    fields = instance.RetrieveContent().customFieldsManager
    made = fields.AddCustomFieldDef("labkit")
    for value in ("lab-1", "lab-2"):
        fields.SetField(vm, made.key, value)
    assert [(each.key, each.value) for each in vm.customValue] == [(made.key, "lab-2")]


def test_a_privilege_is_denied(simulated: vcenter.Vcenter, instance: Object) -> None:
    content = instance.RetrieveContent()
    wanted = ["System.View", "VirtualMachine.Interact.PowerOn"]
    session = content.sessionManager.currentSession.key
    ask = content.authorizationManager.HasPrivilegeOnEntities
    for denied, granted in ((), [True, True]), (wanted[1:], [True, False]):
        simulated.set(denied=list(denied))
        (found,) = ask([content.rootFolder], session, wanted)
        assert [each.isGranted for each in found.privAvailability] == granted


def test_two_port_groups_have_one_name(simulated: vcenter.Vcenter) -> None:
    one, two = simulated.twins("Students")
    assert one != two
    assert simulated.networks().count("Students") == 2


def test_a_wrong_password_is_refused(simulated: vcenter.Vcenter) -> None:
    with pytest.raises(vim.fault.InvalidLogin), simulated.session("wrong"):
        pass


def test_a_session_ends_when_it_is_idle(simulated: vcenter.Vcenter, instance: Object) -> None:
    simulated.set(idle=0.2)
    time.sleep(0.4)
    with pytest.raises(vim.fault.NotAuthenticated):
        instance.CurrentTime()


def test_all_sessions_end(simulated: vcenter.Vcenter, instance: Object) -> None:
    template = find(instance, vim.VirtualMachine, "debian-12")
    simulated.do("expire")
    with pytest.raises(vim.fault.NotAuthenticated):
        print(template.name)


def test_a_call_is_refused_on_demand(simulated: vcenter.Vcenter, instance: Object) -> None:
    more = {"skip": 1, "message": "no room", "fields": {"Datastore": "small"}}
    simulated.fault("CloneVM_Task", "call", "NoDiskSpace", **more)
    ended(clone(instance, "m1"))
    with pytest.raises(vim.fault.NoDiskSpace) as caught:
        clone(instance, "m2")
    assert (caught.value.msg, caught.value.datastore) == ("no room", "small")
    ended(clone(instance, "m3"))
    assert simulated.counts().left == 0


def test_a_task_fails_on_demand(simulated: vcenter.Vcenter, instance: Object) -> None:
    simulated.fault("CloneVM_Task", "task", "InsufficientResourcesFault", match=">m2<")
    ended(clone(instance, "m1"))
    with pytest.raises(vim.fault.InsufficientResourcesFault):
        ended(clone(instance, "m2"))
    assert names(instance) == ["debian-12", "m1"]


@pytest.mark.parametrize(("kind", "there"), [("before", False), ("after", True)])
def test_a_connection_is_dropped(
    simulated: vcenter.Vcenter,
    instance: Object,
    kind: str,
    there: bool,
) -> None:
    simulated.fault("CloneVM_Task", kind)
    with pytest.raises((http.client.HTTPException, OSError)):
        clone(instance)
    until(lambda: simulated.counts().running == 0)
    assert ("m1" in names(instance)) is there


def test_a_session_expires_at_a_call(simulated: vcenter.Vcenter, instance: Object) -> None:
    simulated.fault("CloneVM_Task", "expire")
    with pytest.raises(vim.fault.NotAuthenticated):
        clone(instance)


def test_long_answers_come_in_pages(simulated: vcenter.Vcenter, instance: Object) -> None:
    for number in range(5):
        simulated.make(f"m{number}")
    simulated.set(page=2)
    content = instance.RetrieveContent()
    kind = vim.VirtualMachine
    view = content.viewManager.CreateContainerView(content.rootFolder, [kind], recursive=True)
    query = vmodl.query.PropertyCollector
    spec = query.FilterSpec(
        objectSet=[
            query.ObjectSpec(
                obj=view,
                skip=True,
                selectSet=[query.TraversalSpec(type=type(view), path="view", skip=False)],
            )
        ],
        propSet=[query.PropertySpec(type=kind, pathSet=["name", "config.hardware.memoryMB"])],
    )
    collector = content.propertyCollector
    page = collector.RetrievePropertiesEx([spec], query.RetrieveOptions())
    seen = [page.objects]
    while page.token:
        page = collector.ContinueRetrievePropertiesEx(page.token)
        seen.append(page.objects)
    assert [len(each) for each in seen] == [2, 2, 2]
    told = {prop.val for objects in seen for each in objects for prop in each.propSet}
    assert told == {"debian-12", "m0", "m1", "m2", "m3", "m4", 1024}


def test_an_esxi_is_no_vcenter(tmp_path: pathlib.Path) -> None:
    with vcenter.running(tmp_path, "-esx") as running, running.session() as instance:
        about = instance.RetrieveContent().about
        assert about.apiType == "HostAgent"
        running.make("debian-12")
        vm = find(instance, vim.VirtualMachine, "debian-12")
        with pytest.raises(vmodl.fault.NotSupported):
            vm.CloneVM_Task(
                folder=vm.parent,
                name="m1",
                spec=vim.vm.CloneSpec(
                    location=vim.vm.RelocateSpec(), powerOn=False, template=False
                ),
            )
