"""One vCenter as one user sees it: the session, the window, and the inventory that was read once.

All labs of a process that use the same one share it, so that a class logs in once and never has
more machines under way than the window allows.
"""

from __future__ import annotations

import atexit
import contextlib
import pathlib
import threading
from typing import TYPE_CHECKING, Any

from labkit import errors
from labkit.providers.vsphere import (
    api,
    connection,
    credentials,
    faults,
    pin,
    places,
    remember,
    rest,
    retrieve,
    stamp,
    window,
)

if TYPE_CHECKING:
    import ssl

    from labkit.providers.vsphere import options as choices

_FIELDS = {"CustomFieldsManager": ("field",)}
_SITES: dict[remember.Known, Site] = {}
_LOCK = threading.Lock()


class Site:
    """A vCenter."""

    def __init__(self, opened: connection.Connection, width: int, other: rest.Rest) -> None:
        """Remember the connections; nothing is opened yet."""
        self.connection, self.rest = opened, other
        self.window = window.Window(opened, width)
        self.making = threading.RLock()
        """Held while folders and port groups, which labs share, are made or removed."""
        self._lock = threading.RLock()
        self._field: int | None = None
        self._knows_field = False
        self._places: places.Places | None = None
        self._view: api.Ref | None = None

    @property
    def owner(self) -> str:
        """The digest of the user who is logged in."""
        _ = self.connection.content
        return stamp.owner(self.connection.user)

    def read(self, *filters: Any) -> list[retrieve.Found]:  # noqa: ANN401 - pyVmomi's types
        """Read properties, and, the first time, which key labkit's custom attribute has."""
        with self._lock:
            if self._knows_field:
                if not filters:
                    return []
                return retrieve.read(self.connection, *filters)
            manager = self.connection.content.customFieldsManager
            found = retrieve.read(self.connection, *filters, retrieve.of([manager], _FIELDS))
            self._learn([each for each in found if each.kind == "CustomFieldsManager"])
            return [each for each in found if each.kind != "CustomFieldsManager"]

    def _learn(self, found: list[retrieve.Found]) -> None:
        known = [each for manager in found for each in manager.get("field", ())]
        self._field = next((int(each.key) for each in known if each.name == stamp.FIELD), None)
        self._knows_field = True

    @property
    def field(self) -> int | None:
        """The key of labkit's custom attribute, where the vCenter has it."""
        if not self._knows_field:
            self.read()
        return self._field

    def places(self, *, fresh: bool = False) -> places.Places:
        """Return the inventory by names; read once, and again when asked for."""
        with self._lock:
            if self._places is None or fresh:
                self.read()
                by_moid = {each.moid: each for each in self._everything()}
                self._places = places.Places(by_moid, self._field)
            return self._places

    def _everything(self) -> list[retrieve.Found]:
        """Read the inventory through one view, made anew when it went with its session."""
        root = self.connection.content.rootFolder
        for is_new in (self._view is None, True):
            if self._view is None:
                self._view = retrieve.view(self.connection, root, places.PATHS)
            inside = retrieve.behind(self._view, "view", places.PATHS)
            try:
                return retrieve.read(self.connection, inside)
            except faults.GoneError:
                self._view = None
                if is_new:
                    raise
        return []

    def ensure_field(self) -> int:
        """Return the key of labkit's custom attribute; makes it where the vCenter has none."""
        with self.making:
            if self.field is None:
                manager = self.connection.content.customFieldsManager
                with contextlib.suppress(faults.FaultError):  # another run was faster
                    self.connection.call(
                        "AddCustomFieldDef",
                        lambda: manager.AddCustomFieldDef(stamp.FIELD, None, None, None),
                    )
                self._knows_field = False
            if self.field is None:
                raise errors.ProviderError(
                    f"the vCenter has no custom attribute '{stamp.FIELD}', and labkit may not "
                    "make it",
                    hint="give the privilege Global.ManageCustomFields, or let an administrator "
                    "make it once",
                )
            return self.field

    def mark(self, ref: api.Ref, said: stamp.Stamp) -> None:
        """Write a stamp into an object's custom attribute."""
        key = self.ensure_field()
        manager = self.connection.content.customFieldsManager
        self.connection.call("SetField", lambda: manager.SetField(ref, key, str(said)))

    def close(self) -> None:
        """Log out."""
        self.connection.close()
        self.rest.close()


def of(chosen: choices.Options, folder: pathlib.Path) -> Site:
    """Return the site that a lab's options name; labs with the same options share it.

    Args:
        chosen: The options.
        folder: The lab folder, which may hold the authorities' certificates.
    """
    ca = str((folder / chosen.ca).absolute()) if chosen.ca else None
    where = remember.Known(chosen.server, chosen.port, chosen.sha256, ca, chosen.user)
    return known(where, chosen.window)


def known(where: remember.Known, width: int = 8) -> Site:
    """Return the site of a vCenter that this user has labs on."""
    with _LOCK:
        if where not in _SITES:
            if not _SITES:
                atexit.register(close_all)

            def context() -> ssl.SSLContext:
                if where.sha256:
                    return pin.pinned(where.server, where.port, where.sha256)
                return pin.signed(pathlib.Path(where.ca) if where.ca else None)

            def who() -> credentials.Credentials:
                return credentials.find(where.server, where.user)

            opened = connection.Connection(where.server, where.port, context, who)
            other = rest.Rest(where.server, where.port, context, who)
            _SITES[where] = Site(opened, width, other)
        return _SITES[where]


def close_all() -> None:
    """Log out of every vCenter."""
    with _LOCK:
        for each in _SITES.values():
            each.close()
        _SITES.clear()
