"""The way through a host in between (`ssh -J`): one connection, a channel a machine."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

import paramiko

from labkit import errors

if TYPE_CHECKING:
    from labkit.providers import base

_SSH_PORT = 22
_OPEN: dict[base.Gateway, paramiko.SSHClient] = {}
_LOCK = threading.Lock()


def channel(
    through: base.Gateway, target: tuple[str, int], timeout: float, brief: float
) -> paramiko.Channel:
    """Return a channel to an address behind a gateway.

    Args:
        through: The gateway, whose host key must be the pinned one.
        target: Address and port, as the gateway knows them.
        timeout: Seconds for each step of logging in to the gateway.
        brief: Seconds for the gateway to reach the target.

    Raises:
        errors.UnreachableError: The gateway showed another host key, or does not let us in.
        OSError, paramiko.SSHException: There is no way from there to the target.
    """
    with _LOCK:
        client = _OPEN.get(through)
        transport = client.get_transport() if client else None
        if client is None or transport is None or not transport.is_active():
            client = _OPEN[through] = _log_in(through, timeout)
            transport = client.get_transport()
    if transport is None:  # paramiko's types allow it; its code does not
        raise EOFError
    return transport.open_channel("direct-tcpip", target, ("127.0.0.1", 0), timeout=max(brief, 5.0))


def _log_in(through: base.Gateway, timeout: float) -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    own = through.port == _SSH_PORT
    name = through.host if own else f"[{through.host}]:{through.port}"
    found: Any = paramiko.HostKeys(str(through.known_hosts)).lookup(name) or {}
    for kind, key in cast("dict[str, paramiko.PKey]", dict(found)).items():
        client.get_host_keys().add(name, kind, key)
    try:
        client.connect(
            through.host,
            port=through.port,
            username=through.user,
            pkey=paramiko.PKey.from_path(through.key),
            allow_agent=False,
            look_for_keys=False,
            timeout=timeout,
            banner_timeout=timeout,
            auth_timeout=timeout,
        )
    except (OSError, EOFError, paramiko.SSHException, ValueError) as error:
        client.close()
        reason = str(error) or type(error).__name__
        raise errors.UnreachableError(
            f"the host in between, {through.user}@{through.host}:{through.port}, does not let "
            f"labkit in: {reason}",
            hint=f"does {through.key} open it, and is its host key the one in lab.yml?",
        ) from error
    return client


def close_all() -> None:
    """Close all connections to gateways."""
    with _LOCK:
        for client in _OPEN.values():
            client.close()
        _OPEN.clear()
