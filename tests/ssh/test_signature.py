"""Signatures as ssh-keygen makes and checks them."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from labkit import secret
from labkit.ssh import keys, signature

if TYPE_CHECKING:
    import pathlib

_TEXT = b"what was found\n"
_SPACE = "labkit-evidence"

needs_ssh_keygen = pytest.mark.skipif(
    not shutil.which("ssh-keygen"), reason="ssh-keygen is not installed"
)


@pytest.fixture(scope="module")
def pair() -> keys.KeyPair:
    return keys.generate("somebody")


def _keygen(*words: str, stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["ssh-keygen", *words], input=stdin, capture_output=True, timeout=60, check=False
    )


def test_a_signature_names_its_key_and_is_always_the_same(pair: keys.KeyPair) -> None:
    made = signature.sign(pair.private, _TEXT, _SPACE)
    assert signature.sign(pair.private, _TEXT, _SPACE) == made
    assert signature.verify(made, _TEXT, _SPACE) == signature.public(pair.public)


@needs_ssh_keygen
def test_ssh_keygen_believes_ours(pair: keys.KeyPair, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "sig"
    file.write_text(signature.sign(pair.private, _TEXT, _SPACE))
    signers = tmp_path / "signers"
    signers.write_text(f"lab@x {pair.public}\n")
    words = ("-Y", "verify", "-f", str(signers), "-I", "lab@x", "-n", _SPACE, "-s", str(file))
    good = _keygen(*words, stdin=_TEXT)
    assert good.returncode == 0, good
    fingerprint = signature.public(pair.public).fingerprint
    assert fingerprint.encode() in good.stdout
    assert _keygen(*words, stdin=_TEXT + b"x").returncode != 0


@needs_ssh_keygen
def test_we_believe_ssh_keygen(pair: keys.KeyPair, tmp_path: pathlib.Path) -> None:
    key, text = tmp_path / "key", tmp_path / "text"
    key.write_text(pair.private.reveal())
    key.chmod(0o600)
    text.write_bytes(_TEXT)
    assert _keygen("-Y", "sign", "-f", str(key), "-n", _SPACE, str(text), stdin=b"").returncode == 0
    made = (tmp_path / "text.sig").read_text()
    assert signature.verify(made, _TEXT, _SPACE) == signature.public(pair.public)
    assert signature.sign(pair.private, _TEXT, _SPACE) == made


def test_another_text_purpose_or_byte_is_refused(pair: keys.KeyPair) -> None:
    made = signature.sign(pair.private, _TEXT, _SPACE)
    with pytest.raises(signature.SignatureError, match=r"^the signature is not one of this text$"):
        signature.verify(made, b"other", _SPACE)
    with pytest.raises(signature.SignatureError, match=r"^the signature was made for another purp"):
        signature.verify(made, _TEXT, "file")
    for place in range(len(made)):
        for other in {"A", "B", "\n", "=", "\0"} - {made[place]}:
            with pytest.raises(signature.SignatureError):
                signature.verify(made[:place] + other + made[place + 1 :], _TEXT, _SPACE)
    for length in range(len(made)):
        with pytest.raises(signature.SignatureError):
            signature.verify(made[:length], _TEXT, _SPACE)


@pytest.mark.parametrize("text", ["", "x", "\n" * 5, "-----BEGIN SSH SIGNATURE-----\n", "é\0"])
def test_what_is_no_signature(text: str) -> None:
    with pytest.raises(signature.SignatureError) as refused:
        signature.verify(text, _TEXT, _SPACE)
    assert refused.value.message == "this is no SSH signature by an ed25519 key"
    assert refused.value.exit_code == 1


@pytest.mark.parametrize(
    "line", ["", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 =é", "ssh-rsa AAAA"]
)
def test_what_is_no_public_key(line: str) -> None:
    with pytest.raises(signature.SignatureError) as refused:
        signature.public(line)
    assert refused.value.message == "this is no ed25519 public key"
    assert refused.value.hint == "it begins with 'ssh-ed25519 AAAA'"


def test_a_key_of_another_kind(tmp_path: pathlib.Path) -> None:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - for this test only
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    assert tmp_path
    made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    with pytest.raises(signature.SignatureError, match=r"^the lab's key is no ed25519 key$"):
        signature.sign(secret.Secret(made.decode()), _TEXT, _SPACE)
