"""A way back from a network change that cuts the connection over which it is made.

NetworkManager keeps a checkpoint of all connections and goes back to it by itself when nobody has
confirmed in time (CheckpointCreate and CheckpointDestroy in the D-Bus interface
org.freedesktop.NetworkManager, as documented in NetworkManager-dbus). Confirming needs the new way
to the machine, and so proves it.
"""

from __future__ import annotations

from labkit import shell

SECONDS = 60
"""From the change until NetworkManager goes back."""

# Checkpoints of an earlier run go (1); connections made since go (2), and so do addresses on cards
# that were not in use (4).
_FLAGS = 1 | 2 | 4

_NAME = "org.freedesktop.NetworkManager"
_PATH = "/org/freedesktop/NetworkManager"
_CALL = shell.argv("busctl", "call", _NAME, _PATH, _NAME)
_KEPT = "/run/labkit-checkpoint"

# busctl prints: o "/org/freedesktop/NetworkManager/Checkpoint/1"
BEGIN = f"{_CALL} CheckpointCreate aouu 0 {SECONDS} {_FLAGS} > {_KEPT}"
"""Shell text: from here on, the clock runs."""

CONFIRM = f"""read -r _ path < {_KEPT} && path=${{path#\\"}} && path=${{path%\\"}} &&
{_CALL} CheckpointDestroy o "$path" > /dev/null && rm -f {_KEPT}"""
"""Shell text: what was changed stays. It fails when NetworkManager has gone back already."""
