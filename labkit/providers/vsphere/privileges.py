"""What a user must be allowed on a vCenter, and on what: the least that labkit can do with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.providers import base

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.providers.vsphere import api
    from labkit.providers.vsphere import site as sites

FOLDER = (
    "Folder.Create",
    "Folder.Delete",
    "Global.SetCustomField",
    "VirtualMachine.Inventory.CreateFromExisting",
    "VirtualMachine.Inventory.Delete",
    "VirtualMachine.Config.AddNewDisk",
    "VirtualMachine.Config.AddRemoveDevice",
    "VirtualMachine.Config.AdvancedConfig",
    "VirtualMachine.Config.Annotation",
    "VirtualMachine.Config.CPUCount",
    "VirtualMachine.Config.DiskExtend",
    "VirtualMachine.Config.EditDevice",
    "VirtualMachine.Config.Memory",
    "VirtualMachine.Interact.PowerOff",
    "VirtualMachine.Interact.PowerOn",
    "VirtualMachine.State.CreateSnapshot",
    "VirtualMachine.State.RemoveSnapshot",
    "VirtualMachine.State.RevertToSnapshot",
)
"""On the folder that labs are in, with what is below it."""
TEMPLATE = ("VirtualMachine.Provisioning.DeployTemplate",)
"""On the template."""
POOL = ("Resource.AssignVMToPool",)
"""On the resource pool."""
DATASTORE = ("Datastore.AllocateSpace",)
"""On the datastore."""
NETWORK = ("Network.Assign",)
"""On each network."""
SWITCH = ("DVPortgroup.Create", "DVPortgroup.Delete")
"""On a distributed switch, where port groups are to be the lab's own."""
LINUXPREP = ("VirtualMachine.Provisioning.Customize",)
"""On the folder, with customization: linuxprep."""
LIBRARY = (
    "VApp.Import",
    "VirtualMachine.Provisioning.DeployTemplate",
    "VirtualMachine.Provisioning.MarkAsTemplate",
)
"""On the folder that labs are in, to make a template of an item of a content library."""
BAKING = (
    "VirtualMachine.Provisioning.Clone",
    "VirtualMachine.Provisioning.MarkAsTemplate",
)
"""On the folder that labs are in, for `image.bake`."""
ONCE = ("Global.ManageCustomFields",)
"""On the vCenter itself, until it has labkit's custom attribute."""

TABLE: Mapping[str, Sequence[str]] = {
    "the folder of the labs": FOLDER,
    "the same, with `customization: linuxprep`": LINUXPREP,
    "the same, with `library`": LIBRARY,
    "the same, for `image.bake`": BAKING,
    "the template": TEMPLATE,
    "the resource pool": POOL,
    "the datastore": DATASTORE,
    "each network that exists": NETWORK,
    "the distributed switch, for port groups of the lab's own": SWITCH,
    "the vCenter, until the custom attribute `labkit` is there": ONCE,
}
"""All of it, as the documents show it."""


def findings(
    site: sites.Site, needed: Mapping[str, tuple[api.Ref, Sequence[str]]]
) -> list[base.Finding]:
    """Ask in one call what the user may do, and say what is missing on which object.

    Args:
        site: The vCenter.
        needed: By what people call it: an object, and the privileges that it takes there.
    """
    manager = site.connection.content.authorizationManager
    refs = list({str(ref): ref for ref, _ in needed.values()}.values())
    answer = site.connection.call(
        "FetchUserPrivilegeOnEntities",
        lambda: manager.FetchUserPrivilegeOnEntities(refs, site.connection.user),
        again=True,
    )
    has: dict[str, set[str]] = {str(each.entity): set(each.privileges or ()) for each in answer}
    found: list[base.Finding] = []
    for what, (ref, wanted) in needed.items():
        missing = [each for each in wanted if each not in has.get(str(ref), set())]
        found.append(
            base.Finding(
                f"privileges on {what}",
                ok=not missing,
                detail=f"missing: {', '.join(missing)}" if missing else f"all {len(wanted)}",
                hint="let the vCenter's administrator give them: docs/how-to/vsphere.md",
            )
        )
    return found
