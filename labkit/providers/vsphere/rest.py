"""The vCenter's other interface, which alone knows of content libraries; pyVmomi does not speak it.

It has a session of its own, opened at its first use and renewed once, by the same user and the same
rule for the certificate. Source: vSphere Automation API reference, the paths below /rest.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import threading
from typing import TYPE_CHECKING, Any, cast

from labkit import errors, log, visible
from labkit.providers.vsphere import connection, faults, pin

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from labkit.providers.vsphere import credentials

_SESSION = "/rest/com/vmware/cis/session"
_TIMEOUT = 120.0
"""Seconds for an answer."""
_BROKEN = (OSError, http.client.HTTPException, ValueError)


class Rest:
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
        self._trusted: ssl.SSLContext | None = None
        self._token = ""

    def post(self, path: str, body: object, *, timeout: float = _TIMEOUT) -> Any:  # noqa: ANN401
        """Send something; return what `value` of the answer is.

        Raises:
            connection.BrokenError: The connection broke; whether it was heard is not known.
            faults.FaultError: The vCenter refused.
        """
        return self._call("POST", path, body, timeout)

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Read something; as `post`."""
        return self._call("GET", path, None, _TIMEOUT)

    def _call(self, method: str, path: str, body: object, timeout: float) -> Any:  # noqa: ANN401
        with self._lock:
            for is_renewed in (not self._token, True):
                if not self._token:
                    self._login()
                headers = {"vmware-api-session-id": self._token}
                status, said = self._once(method, path, body, headers, timeout)
                if status != http.HTTPStatus.UNAUTHORIZED or is_renewed:
                    break
                self._token = ""  # it had expired, so nothing of the call was done
        if status >= http.HTTPStatus.BAD_REQUEST:
            raise refusal(status, said)
        return said.get("value")

    def _login(self) -> None:
        who = self._who()
        plain = f"{who.user}:{who.password.reveal()}".encode()
        headers = {"Authorization": f"Basic {base64.b64encode(plain).decode()}"}
        status, said = self._once("POST", _SESSION, None, headers, _TIMEOUT)
        if status == http.HTTPStatus.UNAUTHORIZED:
            raise errors.ProviderError(
                f"the content libraries of {self.server} do not let {who.user} in",
                hint="a user has a domain, for example labkit@vsphere.local",
            )
        if status >= http.HTTPStatus.BAD_REQUEST:
            raise refusal(status, said)
        self._token = str(said.get("value"))

    def _once(
        self, method: str, path: str, body: object, headers: dict[str, str], timeout: float
    ) -> tuple[int, dict[str, Any]]:
        text = None if body is None else json.dumps(body)
        if self._trusted is None:
            self._trusted = self._context()
        line = http.client.HTTPSConnection(
            self.server, self.port, context=self._trusted, timeout=timeout
        )
        try:
            with log.command(f"vCenter: {method} {path}"), contextlib.closing(line):
                line.request(method, path, text, {"Content-Type": "application/json", **headers})
                answer = line.getresponse()
                return answer.status, _document(answer.read())
        except ConnectionRefusedError as error:
            raise pin.unreachable(self.server, self.port, error) from error
        except _BROKEN as error:
            raise connection.broken(self.server, path.partition("?")[0], error) from error

    def close(self) -> None:
        """Log out; without a word where that is not possible."""
        with self._lock, contextlib.suppress(errors.LabError):
            if self._token:
                headers = {"vmware-api-session-id": self._token}
                self._once("DELETE", _SESSION, None, headers, _TIMEOUT)
            self._token = ""


def _document(text: bytes) -> dict[str, Any]:
    said: object = json.loads(text) if text.strip() else {}
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {"value": said}


def refusal(status: int, said: dict[str, Any]) -> faults.FaultError:
    """Return what a refusal means: its type, and what the vCenter says beside it."""
    kind = str(said.get("type") or f"HTTP {status}").rpartition(".")[2]
    return faults.FaultError(f"{kind}: {words(said.get('value'))}".rstrip(": "), kind=kind)


def words(value: object) -> str:
    """Return the sentences of an error's `messages`, in one line."""
    told = cast("dict[str, Any]", value).get("messages") if isinstance(value, dict) else None
    texts = [str(each.get("default_message", "")) for each in told or ()]
    return visible.line(" ".join(filter(None, texts)))
