"""The switch of a lab's host-only segment: one small process that carries frames between machines.

QEMU sends each Ethernet frame as a datagram to the socket `hub` (`-netdev dgram`), and reads what
comes to the machine's own socket in `ports`. Nothing is connected, so machines and the switch come
and go in any order. As on any switch, the port behind an address is learned from what came from it
(IEEE 802.1Q, section 8.7), and a frame for everybody or for nobody known goes to all other ports.

This file is run by itself, `python -I -S switch.py FOLDER -uuid UUID -pidfile FILE`, and imports
nothing of labkit: so it starts in an instant and stays small. The last four words are there for
those who look for it: they look for a machine's QEMU in the same way.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import fcntl
import os
import pathlib
import pwd
import selectors
import socket
import sys

assert sys.platform != "win32"  # noqa: S101 - no QEMU goes into the background there

_LARGEST = 65550
"""Bytes of a frame; with the MTU that machines have it is 1514."""
_AT_ONCE = 64
"""Frames that are read before ports that were full are looked at again."""
_BACKLOG = 512
"""Frames that wait for a machine that is slow, or held; more are lost, as on any switch."""
_QUIET = 60.0
"""Seconds without a frame after which the segment's folder may be gone."""
_ADDRESSES = 4096
"""Addresses that are remembered; a machine that makes more up only makes us forget."""


class Port:
    """The way to one machine, and what waits for it."""

    def __init__(self, name: str, selector: selectors.BaseSelector) -> None:
        """Connect to the socket that the machine reads; raises OSError when it does not run."""
        self._selector = selector
        self._waiting: collections.deque[bytes] = collections.deque(maxlen=_BACKLOG)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.connect(name)
        except OSError:
            self._socket.close()
            raise

    def send(self, frame: memoryview) -> None:
        """Send a frame after those that wait; raises OSError when the machine has gone."""
        if self._waiting:
            self._waiting.append(bytes(frame))
        elif not self._sent(frame):
            self._waiting.append(bytes(frame))
            self._selector.register(self._socket, selectors.EVENT_WRITE, self)

    def go_on(self) -> None:
        """Send what waits, as far as there is room; raises OSError when the machine has gone."""
        while self._waiting:
            if not self._sent(self._waiting[0]):
                return
            self._waiting.popleft()
        self._selector.unregister(self._socket)

    def close(self) -> None:
        """Let go of a machine that has gone."""
        if self._waiting:
            self._selector.unregister(self._socket)
        self._socket.close()

    def _sent(self, frame: bytes | memoryview) -> bool:
        try:
            self._socket.send(frame)
        except BlockingIOError:
            return False
        except OSError as error:
            # macOS says this of a full socket, and cannot tell when it has room: the frame is lost.
            if error.errno not in {errno.ENOBUFS, errno.EMSGSIZE}:
                raise
        return True


class Switch:
    """All ports of a segment, and who is behind which."""

    def __init__(self, hub: socket.socket, selector: selectors.BaseSelector) -> None:
        """Take the socket to which all machines send; the folder of their own is the current."""
        self._hub, self._selector = hub, selector
        self._ports: dict[str, Port] = {}
        self._behind: dict[bytes, str] = {}
        self._buffer = memoryview(bytearray(_LARGEST))
        selector.register(hub, selectors.EVENT_READ)

    def run(self) -> None:
        """Carry frames until the segment's folder is gone."""
        while True:
            ready = self._selector.select(_QUIET)
            if not ready and not pathlib.Path(os.pardir, "hub").exists():
                return
            for key, _ in ready:
                if isinstance(key.data, Port):
                    self._go_on(key.data)
                else:
                    self._read()

    def _read(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                length, sender = self._hub.recvfrom_into(self._buffer)
            except OSError:  # nothing more is there
                return
            if isinstance(sender, str) and length >= 14:  # noqa: PLR2004 - addresses and a type
                self._carry(self._buffer[:length], os.path.basename(sender))  # noqa: PTH119 - speed

    def _carry(self, frame: memoryview, sender: str) -> None:
        target, source = bytes(frame[:6]), bytes(frame[6:12])
        if self._behind.get(source) != sender:
            if len(self._behind) >= _ADDRESSES:
                self._behind.clear()
            self._behind[source] = sender
        known = self._behind.get(target)
        if known is None or target[0] & 1:  # a group address
            for name in os.listdir():  # noqa: PTH208 - speed
                if name != sender:
                    self._send(name, frame)
        elif known != sender:
            self._send(known, frame)

    def _send(self, name: str, frame: memoryview) -> None:
        for _ in range(2):  # a machine that was started again has another socket of the same name
            try:
                port = self._ports.get(name)
                if port is None:
                    port = self._ports[name] = Port(name, self._selector)
                port.send(frame)
            except OSError:
                self._drop(name)
            else:
                return

    def _go_on(self, port: Port) -> None:
        try:
            port.go_on()
        except OSError:
            self._drop(next(name for name, each in self._ports.items() if each is port))

    def _drop(self, name: str) -> None:
        port = self._ports.pop(name, None)
        if port is not None:
            port.close()


def main(folder: str, pid_file: str) -> int:
    """Begin, and go on in the background; return once machines can send.

    Args:
        folder: The segment's, with a folder `ports` in it.
        pid_file: Held for as long as the switch runs, so that there is never a second one.
    """
    mark = os.open(pid_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0
    os.chdir(pathlib.Path(folder, "ports"))
    hub = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    hub.setblocking(False)
    with contextlib.suppress(OSError):
        hub.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)  # macOS begins with 4 KiB
    address = pathlib.Path(os.pardir, "hub")
    address.unlink(missing_ok=True)
    hub.bind(str(address))
    address.chmod(0o666)  # QEMU is another user when labkit is root; the folder above lets none in
    _give_up_root()
    child = os.fork()
    if child:
        os.truncate(mark, 0)
        os.write(mark, f"{child}\n".encode())
        return 0
    _leave_the_terminal()
    Switch(hub, selectors.DefaultSelector()).run()
    return 0


def _leave_the_terminal() -> None:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)


def _give_up_root() -> None:
    """Go on as `nobody`, as the machines do: what is read here comes from them."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)


if __name__ == "__main__":
    _, _folder, _, _, _, _pid_file = sys.argv
    sys.exit(main(_folder, _pid_file))
