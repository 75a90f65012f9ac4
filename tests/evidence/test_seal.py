"""Sealed files: each change of each file shows, by name."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from labkit.evidence import archive, seal
from labkit.ssh import keys, signature

if TYPE_CHECKING:
    import pathlib

_FILES = {"lab.yml": b"lab: x\n", "plan.json": b"{}", "report.txt": b"well\n"}


@pytest.fixture(scope="module")
def pair() -> keys.KeyPair:
    return keys.generate("x")


@pytest.fixture
def sealed(pair: keys.KeyPair) -> dict[str, bytes]:
    return seal.seal(_FILES, pair.private)


def test_unchanged(sealed: dict[str, bytes], pair: keys.KeyPair) -> None:
    verdict = seal.check(sealed)
    assert verdict.unchanged
    assert verdict.files == tuple(_FILES)
    assert verdict.signer == signature.public(pair.public)


@pytest.mark.parametrize("name", [*_FILES, seal.SUMS, seal.SIGNATURE])
def test_each_byte_of_each_file(sealed: dict[str, bytes], name: str) -> None:
    for place in range(len(sealed[name])):
        changed = bytearray(sealed[name])
        changed[place] ^= 0x01
        try:
            verdict = seal.check({**sealed, name: bytes(changed)})
        except archive.RefusedError:
            assert name == seal.SUMS
            continue
        assert not verdict.unchanged, place
        assert any(name in change for change in verdict.changes)


def test_changes_are_named(sealed: dict[str, bytes]) -> None:
    verdict = seal.check({**sealed, "plan.json": b"{ }"})
    assert verdict.changes == ("plan.json was changed",)
    assert verdict.files == ("lab.yml", "report.txt")
    assert verdict.signer is not None
    assert seal.check({**sealed, "more": b""}).changes == ("more was added",)
    less = {name: content for name, content in sealed.items() if name != "lab.yml"}
    assert seal.check(less).changes == ("lab.yml is missing",)


def test_a_list_that_was_made_anew_is_not_signed(sealed: dict[str, bytes]) -> None:
    other = seal.seal({**_FILES, "plan.json": b"forged"}, keys.generate("y").private)
    verdict = seal.check({**other, seal.SIGNATURE: sealed[seal.SIGNATURE]})
    assert verdict.signer is None
    assert verdict.changes == (
        "SHA256SUMS or SHA256SUMS.sig was changed: the signature is not one of this text",
    )


def test_another_key_signs_as_itself(pair: keys.KeyPair) -> None:
    verdict = seal.check(seal.seal(_FILES, keys.generate("y").private))
    assert verdict.unchanged
    assert verdict.signer != signature.public(pair.public)


@pytest.mark.parametrize("name", [seal.SUMS, seal.SIGNATURE])
def test_without_a_seal(sealed: dict[str, bytes], name: str) -> None:
    less = {each: content for each, content in sealed.items() if each != name}
    with pytest.raises(archive.RefusedError, match=f"^there is no '{name}' in it$"):
        seal.check(less)


@pytest.mark.parametrize(
    "sums",
    [b"", b"x\n", b"0" * 64 + b"  ../x\n", b"0" * 64 + b"  a", b"\xff\n",
     b"0" * 64 + b"  b\n" + b"0" * 64 + b"  a\n", (b"0" * 64 + b"  a\n") * 2],
)  # fmt: skip
def test_a_list_that_is_none(sealed: dict[str, bytes], sums: bytes) -> None:
    with pytest.raises(archive.RefusedError, match=r"^'SHA256SUMS' in it is no list of checksums$"):
        seal.check({**sealed, seal.SUMS: sums})


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen is not installed")
def test_standard_programs_check_it_too(sealed: dict[str, bytes], tmp_path: pathlib.Path) -> None:
    for name, content in sealed.items():
        (tmp_path / name).write_bytes(content)
    subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=tmp_path, check=True,
                   capture_output=True, timeout=60)  # fmt: skip
    words = ("-Y", "check-novalidate", "-n", seal.NAMESPACE, "-s", "SHA256SUMS.sig")
    done = subprocess.run(["ssh-keygen", *words], input=sealed[seal.SUMS], cwd=tmp_path,
                          check=True, capture_output=True, timeout=60)  # fmt: skip
    signer = seal.check(sealed).signer
    assert signer is not None
    assert signer.fingerprint.encode() in done.stdout
