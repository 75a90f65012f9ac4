"""Checksums of files, a signature of the checksums, and whether both still hold.

Standard programs check it too: `sha256sum -c SHA256SUMS`, and `ssh-keygen -Y check-novalidate`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from typing import TYPE_CHECKING

from labkit import errors
from labkit.evidence import archive
from labkit.ssh import signature

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit import secret

SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.sig"
NAMESPACE = "labkit-evidence"
"""Keeps a signature of evidence from being taken for one of anything else."""
_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What became of sealed files."""

    files: tuple[str, ...]
    """The names of those that are as they were sealed."""
    changes: tuple[str, ...]
    """What was changed, a sentence each."""
    signer: signature.PublicKey | None
    """Whose key signed; None where the signature does not hold."""

    @property
    def unchanged(self) -> bool:
        """Whether everything is as it was sealed."""
        return self.signer is not None and not self.changes


def seal(files: Mapping[str, bytes], private: secret.Secret) -> dict[str, bytes]:
    """Return the files with their checksums and the signature."""
    sums = "".join(f"{_digest(content)}  {name}\n" for name, content in sorted(files.items()))
    signed = signature.sign(private, sums.encode(), NAMESPACE)
    return {**files, SUMS: sums.encode(), SIGNATURE: signed.encode()}


def check(files: Mapping[str, bytes]) -> Verdict:
    """Compare sealed files with their checksums, and those with the signature.

    Raises:
        archive.RefusedError: There are no checksums or no signature, or none that can be read.
    """
    for name in (SUMS, SIGNATURE):
        if name not in files:
            raise archive.RefusedError(f"there is no '{name}' in it")
    sums = _sums(files[SUMS])
    changes = [f"{name} was changed" for name in sums
               if name in files and _digest(files[name]) != sums[name]]  # fmt: skip
    changes += (f"{name} is missing" for name in sums if name not in files)
    own = {SUMS, SIGNATURE}
    changes += (f"{name} was added" for name in files if name not in sums and name not in own)
    signer: signature.PublicKey | None = None
    try:
        text = files[SIGNATURE].decode("ascii", "replace")
        signer = signature.verify(text, files[SUMS], NAMESPACE)
    except errors.LabError as error:
        changes.append(f"{SUMS} or {SIGNATURE} was changed: {error.message}")
    good = tuple(name for name in sums if _digest(files.get(name, b"")) == sums[name])
    return Verdict(good, tuple(changes), signer)


def _sums(content: bytes) -> dict[str, str]:
    text = content.decode("ascii", "replace")
    lines = text.split("\n")
    found = [_LINE.fullmatch(line) for line in lines[:-1]]
    sums = {each[2]: each[1] for each in found if each}
    if lines[-1] or not sums or len(sums) != len(found) or list(sums) != sorted(sums):
        raise archive.RefusedError(f"'{SUMS}' in it is no list of checksums")
    return sums


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
