"""An archive is what labkit wrote, byte for byte, or it is refused with a sentence."""

from __future__ import annotations

import gzip
import io
import tarfile

import hypothesis
import hypothesis.strategies as st
import pytest

from labkit.evidence import archive

_FILES = {"a.txt": b"one\n", "b.json": b"{}" * 400, "c": b""}
_BETWEEN = "there is something between, before or behind its files"
_MADE = archive.pack("evidence-x", _FILES, 1_700_000_000)


def _tar(*members: tarfile.TarInfo, form: int = tarfile.USTAR_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return buffer.getvalue()


def _member(name: str, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode = 0o644
    for key, value in fields.items():
        setattr(info, key, value)
    return info


def _refused(data: bytes) -> str:
    with pytest.raises(archive.RefusedError) as refused:
        archive.unpack(data)
    assert refused.value.hint == "ask for the file again, as 'lab.evidence' wrote it"
    return refused.value.message


def test_what_is_packed_comes_back_and_tar_reads_it() -> None:
    assert archive.unpack(_MADE) == _FILES
    assert archive.pack("evidence-x", dict(reversed(_FILES.items())), 1_700_000_000) == _MADE
    with tarfile.open(fileobj=io.BytesIO(_MADE)) as tar:
        assert tar.getnames() == [f"evidence-x/{name}" for name in _FILES]


@hypothesis.given(
    st.dictionaries(st.from_regex(r"\A[a-zA-Z0-9][a-z.A-Z0-9_-]{0,40}\Z"), st.binary(), min_size=1)
)
@hypothesis.settings(max_examples=30, deadline=None)
def test_any_files(files: dict[str, bytes]) -> None:
    assert archive.unpack(archive.pack("x", files, 0)) == files


def test_each_byte_counts() -> None:
    for place in range(len(_MADE)):
        changed = bytearray(_MADE)
        changed[place] ^= 0x01
        try:
            found = archive.unpack(bytes(changed))
        except archive.RefusedError:
            continue
        assert found != _FILES, place  # a content, of which the seal says more


def test_each_length_but_its_own_is_refused() -> None:
    for length in range(0, len(_MADE), 7):
        assert _refused(_MADE[:length])
    assert _refused(_MADE + b"\0" * 512) == _BETWEEN
    assert _refused(_MADE + b"x") == _BETWEEN


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it ends too early: a part of it is missing"),
        (b"PK\x03\x04" * 200, "it is no archive of labkit"),
        (gzip.compress(b"\0" * 10_000_000), "it is no archive of labkit"),
        (_MADE[:1700], "it ends in the middle of 'evidence-x/b.json'"),
        (_tar(_member("../x")), "a file in it is called '../x'"),
        (_tar(_member("/etc/passwd")), "a file in it is called '/etc/passwd'"),
        (_tar(_member("x/../y")), "a file in it is called 'x/../y'"),
        (_tar(_member("x/.ssh")), "a file in it is called 'x/.ssh'"),
        (_tar(_member("x/y/z")), "a file in it is called 'x/y/z'"),
        (_tar(_member("x\\y")), "a file in it is called 'x\\y'"),
        (_tar(_member("x/\x1b[2J")), "a file in it is called 'x/\\x1b[2J'"),
        (_tar(_member("x/y", type=tarfile.SYMTYPE, linkname="/etc/passwd")),
         "'x/y' in it is a symbolic link"),
        (_tar(_member("x/y", type=tarfile.LNKTYPE, linkname="x/z")), "'x/y' in it is a hard link"),
        (_tar(_member("x/y", type=tarfile.DIRTYPE)), "'x/y/' in it is a folder"),
        (_tar(_member("x/y", type=tarfile.FIFOTYPE)), "'x/y' in it is a pipe"),
        (_tar(_member("x/y", type=tarfile.CHRTYPE)), "'x/y' in it is a device"),
        (_tar(_member("x/y"), _member("x/y")), "it holds 'y' twice"),
        (_tar(_member("x/y"), _member("z/y")), "it holds 'y' twice"),
        (_tar(_member("x/y"), _member("z/a")), "its files are not of one folder and one moment"),
        (_tar(_member("x/a"), _member("x/b", mtime=5)),
         "its files are not of one folder and one moment"),
        (_tar(_member("x/y", mode=0o755)), _BETWEEN),
        (_tar(_member("x/y", uname="root")),
         _BETWEEN),
        (_tar(_member("x/b"), _member("x/a")),
         _BETWEEN),
        (_tar(*(_member(f"x/{n}") for n in range(70))), "it holds more than 64 files"),
        (_tar(_member("x/" + "y" * 200), form=tarfile.GNU_FORMAT), "it is no archive of labkit"),
        (_tar(_member("x/é"), form=tarfile.PAX_FORMAT), "'././@PaxHeader' in it is no plain file"),
    ],
)  # fmt: skip
def test_what_is_refused(data: bytes, said: str) -> None:
    assert _refused(data) == said


def test_a_size_that_is_no_number_or_larger_than_the_file() -> None:
    head = bytearray(_MADE)
    head[124:136] = b"zzzzzzzzzzz\0"
    assert _refused(bytes(head)) == "the size or time of 'evidence-x/a.txt' in it is no number"
    head[124:136] = b"77777777777\0"
    assert _refused(bytes(head)) == "it ends in the middle of 'evidence-x/a.txt'"
    head[124:136] = b"-0000000001\0"
    assert _refused(bytes(head))


@hypothesis.given(st.binary(max_size=2000))
def test_no_bytes_do_anything_but_being_refused(data: bytes) -> None:
    assert _refused(data)
