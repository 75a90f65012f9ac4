"""Log in to a machine, as fast as that can be: nothing is read twice, nothing is waited for twice.

Fabric opens the connection. What it would do anew for each one is done once: its configuration is
made, known_hosts and the login key are read.
"""

from __future__ import annotations

import functools
import socket
import threading
from typing import TYPE_CHECKING, Any, cast

import fabric
import paramiko

from labkit.ssh import gateway, pipelining
from labkit.ssh import plug as plugs

if TYPE_CHECKING:
    import pathlib

    from labkit.providers import base

_BANNER = 15.0
"""Seconds in which a server that is known to run says who it is."""
_SSH_PORT = 22
_MAKING = threading.Lock()


def connect(endpoint: base.Endpoint, timeout: float, banner: float | None) -> fabric.Connection:
    """Connect and log in.

    Args:
        endpoint: Where and as whom.
        timeout: Seconds that each step may take.
        banner: Seconds after which a server that says nothing is given up, before anything is said
            to it; for machines that may be booting. None for a machine that runs.

    Raises:
        OSError, EOFError, paramiko.SSHException: It did not work.
    """
    plug = _plug(endpoint, timeout, banner)
    try:
        connection = _connection(endpoint, plug, timeout)
        # Fabric accepts any host key unless told otherwise before it opens.
        client = connection.client
        if client is None:  # Fabric's types allow it; its code does not
            raise EOFError
        _pin(client, endpoint)
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        connection.open()
    except BaseException:
        plug.close()
        raise
    return connection


def _plug(
    endpoint: base.Endpoint, timeout: float, banner: float | None
) -> socket.socket | paramiko.Channel:
    """Open the way to the machine's SSH."""
    brief = min(banner or timeout, timeout)
    if endpoint.gateway is not None:
        # A gateway opens the way only to a port that listens, so there is no banner to wait for.
        return gateway.channel(endpoint.gateway, (endpoint.host, endpoint.port), timeout, brief)
    plug = plugs.connect(endpoint.host, endpoint.port, brief)
    try:
        # A port forward accepts before the machine behind it listens. Only the banner (RFC 4253,
        # section 4.2) shows that a server is there, and a new try finds it sooner than waiting.
        # It costs a round trip, since the client's own banner would travel meanwhile.
        if banner is not None and not plug.recv(1, socket.MSG_PEEK):
            raise EOFError("closed at once")
    except BaseException:
        plug.close()
        raise
    return plug


def _connection(
    endpoint: base.Endpoint, plug: socket.socket | paramiko.Channel, timeout: float
) -> fabric.Connection:
    # Fabric's configurations were not made for several threads.
    with _MAKING:
        return _Connection(
            endpoint.host,
            user=endpoint.user,
            port=endpoint.port,
            config=_config(),
            forward_agent=False,
            connect_kwargs={
                "sock": plug,
                "transport_factory": pipelining.Transport,
                "pkey": _login_key(endpoint.key, endpoint.key.stat().st_mtime_ns),
                "allow_agent": False,
                "look_for_keys": False,
                "banner_timeout": min(_BANNER, timeout),
                "auth_timeout": timeout,
                "timeout": timeout,
            },
        )


class _Connection(fabric.Connection):
    """Keeps what it knows to itself.

    Fabric would look through the configuration that all machines share for each thing that it
    remembers, and merge it anew for one of them.
    """

    def __setattr__(self, key: str, value: object) -> None:
        """Do as any other object."""
        object.__setattr__(self, key, value)


@functools.cache
def _config() -> fabric.Config:
    return fabric.Config(overrides={"load_ssh_configs": False})


def _pin(client: paramiko.SSHClient, endpoint: base.Endpoint) -> None:
    """Tell a client the machine's host keys, and no other machine's."""
    own = endpoint.port == _SSH_PORT
    name = endpoint.host if own else f"[{endpoint.host}]:{endpoint.port}"
    stamp = endpoint.known_hosts.stat().st_mtime_ns
    known = _known_hosts(endpoint.known_hosts, stamp)
    # Its type says no more than that it is a mapping.
    found: Any = known.lookup(endpoint.alias or name) or {}
    for kind, key in cast("dict[str, paramiko.PKey]", dict(found)).items():
        client.get_host_keys().add(name, kind, key)


@functools.lru_cache(maxsize=8)
def _known_hosts(path: pathlib.Path, stamp: int) -> paramiko.HostKeys:
    del stamp  # another one is another file
    return paramiko.HostKeys(str(path))


@functools.lru_cache(maxsize=8)
def _login_key(path: pathlib.Path, stamp: int) -> paramiko.PKey:
    del stamp
    return paramiko.PKey.from_path(path)
