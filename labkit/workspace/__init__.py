"""A lab's folder `.lab/NAME`: the ledger, the lock, keys, and whatever is made for the lab.

The provider is the truth about machines; the ledger says which of them are ours.
"""

from labkit.workspace.files import sync, write
from labkit.workspace.ledger import DamagedError, Entries, Ledger, Mark, SnapshotMark
from labkit.workspace.space import Workspace

__all__ = [
    "DamagedError",
    "Entries",
    "Ledger",
    "Mark",
    "SnapshotMark",
    "Workspace",
    "sync",
    "write",
]
