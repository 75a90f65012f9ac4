"""One session of a vCenter, renewed once when it has expired.

All calls go through `call`, so that each is counted, logged and repeated where that is safe.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
from typing import TYPE_CHECKING, Any, TypeVar
from xml.parsers import expat

from labkit import errors, log
from labkit.providers.vsphere import api, faults, pin

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from labkit.providers.vsphere import credentials

_TIMEOUT = 120.0
"""Seconds for the answer to one call; thousands of machines are read in one."""
_BROKEN = (OSError, http.client.HTTPException, expat.ExpatError)
_T = TypeVar("_T")


class BrokenError(errors.UnreachableError):
    """The connection broke, and nobody knows whether the vCenter heard what it was told."""


def broken(server: str, what: str, error: Exception) -> BrokenError:
    """Return the sentence for a connection that broke."""
    return BrokenError(
        f"the connection to the vCenter {server} broke ({what}): "
        f"{str(error) or type(error).__name__}",
        hint="'lab.up' looks at what is there, and goes on from that",
    )


class Connection:
    """A session, opened at its first use."""

    def __init__(
        self,
        server: str,
        port: int,
        context: Callable[[], ssl.SSLContext],
        who: Callable[[], credentials.Credentials],
    ) -> None:
        """Remember where; nothing is opened yet."""
        self.server, self.port = server, port
        self._context, self._who = context, who
        self._lock = threading.RLock()
        self._stub: Any = None
        self._content: Any = None
        self._generation = 0
        self.calls = 0
        """How many calls were made."""
        self.user = ""
        """Who is logged in, as the vCenter writes it."""

    @property
    def content(self) -> Any:  # noqa: ANN401 - pyVmomi's types are made at run time
        """The vCenter's managers.

        Raises:
            errors.LabError: There is no way in.
        """
        with self._lock:
            if self._content is None:
                self._open()
            return self._content

    def ref(self, kind: str, moid: str) -> api.Ref:
        """Return an object of this vCenter."""
        _ = self.content
        return api.ref(kind, moid, self._stub)

    def call(self, what: str, act: Callable[[], _T], *, again: bool = False) -> _T:
        """Make one call, and once more where the session had expired.

        Args:
            what: What the log calls it.
            act: Makes it.
            again: Whether it may be repeated when the connection broke: it changes nothing.

        Raises:
            BrokenError: The connection broke; whether the call was heard is not known.
            errors.ProviderError: The vCenter refused.
        """
        _ = self.content
        generation = self._generation
        try:
            return self._once(what, act)
        except api.vim.fault.NotAuthenticated:
            self._renew(generation)
            return self._translated(what, act)
        except _BROKEN as error:
            self._stub.DropConnections()
            if not again:
                raise self._broke(what, error) from error
            return self.call(what, act)
        except api.vmodl.MethodFault as fault:
            raise faults.error(fault) from fault

    def _translated(self, what: str, act: Callable[[], _T]) -> _T:
        try:
            return self._once(what, act)
        except _BROKEN as error:
            raise self._broke(what, error) from error
        except api.vmodl.MethodFault as fault:
            raise faults.error(fault) from fault

    def _once(self, what: str, act: Callable[[], _T]) -> _T:
        self.calls += 1
        with log.command(f"vCenter: {what}"):
            return act()

    def _broke(self, what: str, error: Exception) -> BrokenError:
        return broken(self.server, what, error)

    def _renew(self, generation: int) -> None:
        """Log in again, unless another thread has done that meanwhile."""
        with self._lock:
            if self._generation == generation:
                self._login()

    def _open(self) -> None:
        self._stub = api.Soap(
            host=self.server,
            port=self.port,
            version=api.VERSION,
            path="/sdk",
            sslContext=self._context(),
            httpConnectionTimeout=_TIMEOUT,
        )
        instance = api.ref("ServiceInstance", "ServiceInstance", self._stub)
        try:
            content = self._once("RetrieveServiceContent", instance.RetrieveContent)
        except _BROKEN as error:
            raise _no_way(self.server, self.port, error) from error
        if content.about.apiType != "VirtualCenter":
            raise errors.ProviderError(
                f"{self.server} is an ESXi host ({content.about.fullName}), not a vCenter",
                hint="a single ESXi host cannot clone machines; name the vCenter that manages it",
            )
        self._content = content
        try:
            self._login()
        except BaseException:
            self._content = None
            raise

    def _login(self) -> None:
        who = self._who()
        manager = self._content.sessionManager
        try:
            session = self._once(
                "Login", lambda: manager.Login(who.user, who.password.reveal(), None)
            )
        except api.vim.fault.InvalidLogin:
            raise errors.ProviderError(
                f"the vCenter {self.server} does not let {who.user} in: wrong user or password",
                hint="a user has a domain, for example labkit@vsphere.local",
            ) from None
        except api.vmodl.MethodFault as fault:
            raise faults.error(fault) from fault
        except _BROKEN as error:
            raise self._broke("Login", error) from error
        self.user = str(session.userName)
        self._generation += 1

    def close(self) -> None:
        """Log out; without a word where that is not possible."""
        with self._lock:
            if self._content is not None:
                with contextlib.suppress(*_BROKEN, api.vmodl.MethodFault):
                    self._once("Logout", self._content.sessionManager.Logout)
            if self._stub is not None:
                self._stub.DropConnections()
            self._content = self._stub = None


def _no_way(server: str, port: int, error: Exception) -> errors.LabError:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return errors.ProviderError(
            f"the certificate of the vCenter {server}:{port} is not trusted: "
            f"{getattr(error, 'verify_message', '') or error}",
            hint="give providers.vsphere.ca the certificates that sign it, or its own sha256",
        )
    if isinstance(error, OSError):
        return pin.unreachable(server, port, error)
    return errors.UnreachableError(
        f"{server}:{port} does not speak as a vCenter does: {error}",
        hint="look at 'server' and 'port' of providers.vsphere",
    )
