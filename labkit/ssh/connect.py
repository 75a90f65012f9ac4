"""Log in to a machine, as fast as that can be: nothing is read twice, nothing is waited for twice.

Fabric opens the connection. What it would do anew for each one is done once: its configuration is
made, known_hosts and the login key are read.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any, cast

import fabric
import paramiko

from labkit.ssh import gateway, pipelining, trouble

if TYPE_CHECKING:
    import pathlib

    from labkit.providers import base
    from labkit.ssh import plug as plugs

_BANNER = 15.0
"""Seconds in which a server that is known to run says who it is."""
_SSH_PORT = 22
_MAKING = threading.Lock()


def connect(
    endpoint: base.Endpoint, plug: plugs.Plug | None, timeout: float, brief: float
) -> fabric.Connection:
    """Log in.

    Args:
        endpoint: Where and as whom.
        plug: The connection to the machine; None for one behind a gateway, through which it is made
            now.
        timeout: Seconds that each step may take.
        brief: Seconds that a gateway may take to reach the machine.

    Raises:
        errors.UnreachableError: It did not work.
    """
    try:
        return _log_in(endpoint, plug or _through(endpoint, timeout, brief), timeout)
    except paramiko.BadHostKeyException as error:
        raise trouble.another_key(endpoint) from error
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise trouble.silent(endpoint, error) from error


def _through(endpoint: base.Endpoint, timeout: float, brief: float) -> paramiko.Channel:
    if endpoint.gateway is None:
        raise EOFError
    # A gateway opens the way only to a port that listens, so there is no banner to wait for.
    return gateway.channel(endpoint.gateway, (endpoint.host, endpoint.port), timeout, brief)


def _log_in(
    endpoint: base.Endpoint, way: plugs.Plug | paramiko.Channel, timeout: float
) -> fabric.Connection:
    try:
        connection, client = _connection(endpoint, way, timeout)
        # Fabric accepts any host key unless told otherwise before it opens.
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        connection.open()
    except BaseException:
        way.close()
        raise
    return connection


def _connection(
    endpoint: base.Endpoint, way: plugs.Plug | paramiko.Channel, timeout: float
) -> tuple[fabric.Connection, paramiko.SSHClient]:
    """Return a connection that is not opened yet, and knows the host keys; and its client."""
    # Fabric's configurations were not made for several threads, and one thread reads for all.
    with _MAKING:
        connection = _Connection(
            endpoint.host,
            user=endpoint.user,
            port=endpoint.port,
            config=_config(),
            forward_agent=False,
            connect_kwargs={
                "sock": way,
                "transport_factory": pipelining.Transport,
                "pkey": _login_key(endpoint.key, endpoint.key.stat().st_mtime_ns),
                "allow_agent": False,
                "look_for_keys": False,
                "banner_timeout": min(_BANNER, timeout),
                "auth_timeout": timeout,
                "timeout": timeout,
            },
        )
        client = connection.client
        if client is None:  # Fabric's types allow it; its code does not
            raise EOFError
        _pin(client, endpoint)
        return connection, client


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
