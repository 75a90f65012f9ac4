"""Properties of many objects by one call of the vCenter's property collector, never one by one.

Source: vSphere Web Services SDK Programming Guide, "PropertyCollector".
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from labkit.providers.vsphere import api

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from labkit.providers.vsphere import connection as connections

Paths = "Mapping[str, Sequence[str]]"
"""Property paths by type."""


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """One object, and those of its properties that it has."""

    ref: api.Ref
    properties: Mapping[str, Any]

    @property
    def moid(self) -> str:
        """What the vCenter knows it by."""
        return api.moid(self.ref)

    @property
    def kind(self) -> str:
        """Its type."""
        return api.kind(self.ref)

    @property
    def parent(self) -> str:
        """What the vCenter knows that by which it is in; empty where that was not read."""
        parent = self.properties.get("parent")
        return api.moid(parent) if parent else ""

    def get(self, path: str, otherwise: Any = None) -> Any:  # noqa: ANN401
        """Return a property, or something else where the object has none."""
        return self.properties.get(path, otherwise)


def of(refs: Iterable[api.Ref], paths: Mapping[str, Sequence[str]]) -> Any:  # noqa: ANN401
    """Return the filter for objects that are known."""
    collector = api.vmodl.query.PropertyCollector
    return collector.FilterSpec(
        propSet=_properties(paths), objectSet=[collector.ObjectSpec(obj=each) for each in refs]
    )


def below(folder: api.Ref, paths: Mapping[str, Sequence[str]]) -> Any:  # noqa: ANN401
    """Return the filter for a folder and all that is in it, at whatever depth."""
    collector = api.vmodl.query.PropertyCollector
    again = collector.SelectionSpec(name="visit")
    visit = collector.TraversalSpec(
        name="visit", type=api.vim.Folder, path="childEntity", skip=False, selectSet=[again]
    )
    start = collector.ObjectSpec(obj=folder, skip=False, selectSet=[visit])
    return collector.FilterSpec(propSet=_properties(paths), objectSet=[start])


def behind(owner: api.Ref, path: str, paths: Mapping[str, Sequence[str]]) -> Any:  # noqa: ANN401
    """Return the filter for objects that a property of another one names."""
    collector = api.vmodl.query.PropertyCollector
    step = collector.TraversalSpec(name="step", type=type(owner), path=path, skip=False)
    start = collector.ObjectSpec(obj=owner, skip=True, selectSet=[step])
    return collector.FilterSpec(propSet=_properties(paths), objectSet=[start])


def _properties(paths: Mapping[str, Sequence[str]]) -> list[Any]:
    collector = api.vmodl.query.PropertyCollector
    return [
        collector.PropertySpec(type=getattr(api.vim, kind), all=False, pathSet=list(each))
        for kind, each in paths.items()
    ]


def read(connection: connections.Connection, *filters: Any) -> list[Found]:  # noqa: ANN401
    """Read what filters name: one call, or as many as the vCenter needs for its answer's pages."""
    collector = connection.content.propertyCollector
    options = api.vmodl.query.PropertyCollector.RetrieveOptions()
    page = connection.call(
        "RetrievePropertiesEx",
        lambda: collector.RetrievePropertiesEx(list(filters), options),
        again=True,
    )
    found: list[Found] = []
    while page is not None:
        found += (_found(each) for each in page.objects)
        token = page.token
        if not token:
            break
        page = connection.call(
            "ContinueRetrievePropertiesEx",
            lambda token=token: collector.ContinueRetrievePropertiesEx(token),
        )
    return found


def view(connection: connections.Connection, root: api.Ref, kinds: Iterable[str]) -> api.Ref:
    """Make a view of all objects of some types below a folder, whatever lies in between.

    The vCenter keeps it up to date, for as long as the session lasts.
    """
    manager = connection.content.viewManager
    types = [getattr(api.vim, kind) for kind in kinds]
    return connection.call(
        "CreateContainerView", lambda: manager.CreateContainerView(root, types, True), again=True
    )


def everything(
    connection: connections.Connection, root: api.Ref, paths: Mapping[str, Sequence[str]]
) -> list[Found]:
    """Read all objects of some types below a folder once, through a view that is then closed."""
    made = view(connection, root, paths)
    try:
        return read(connection, behind(made, "view", paths))
    finally:
        connection.call("DestroyView", made.DestroyView, again=True)


def _found(content: Any) -> Found:  # noqa: ANN401
    return Found(content.obj, {each.name: each.val for each in content.propSet or ()})
