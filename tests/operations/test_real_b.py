"""Repositories, lines, mounts, firewalls, commands and kernel lines by a real shell and tools."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import hypothesis
import hypothesis.strategies as st
import pytest

from labkit import families, operations, shell
from labkit.operations import base

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Sequence

    from conftest import Sandbox, Settled

    Place = Callable[[str, bytes | None], str]

_HOSTILE = (
    "it's", '"', "$(touch /srv/broken)", "`touch /srv/broken`", "${IFS}", "; reboot", "&&", "\\n",
    "%s", "-n", "-", "*", "~", "#", "!", "{}", "\t", "\f", "\x1b", "ä", "€", "\\040", "\\1", "/",
    "\N{LINE SEPARATOR}", "\N{PILE OF POO}", "\x7f", " ", "&",
)  # fmt: skip

_TEXT = st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"]), max_size=12)
_WORDS = st.lists(st.sampled_from([*_HOSTILE, "x"]), max_size=4).map("".join)
_VALUE = st.one_of(_TEXT, _WORDS).filter(bool)

_FEW = hypothesis.settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[hypothesis.Phase.generate],
    suppress_health_check=[
        hypothesis.HealthCheck.function_scoped_fixture,
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.data_too_large,
        hypothesis.HealthCheck.large_base_example,
    ],
)


def _operation(kind: str, **arguments: object) -> base.AnyOperation:
    return operations.kinds()[kind].model_validate(arguments)


def _assert_settled(settled: Sequence[Settled]) -> None:
    for each in settled:
        assert (each.applied.status, each.applied.output) == (0, ""), each
        assert each.again == (), each


def _need(*programs: str, package: str) -> None:
    if absent := [each for each in programs if not shutil.which(each)]:
        pytest.skip(f"not installed: {', '.join(absent)} (package {package})")


# --- line ---


@_FEW
@hypothesis.given(st.lists(st.tuples(_VALUE, st.lists(_VALUE, max_size=5)), min_size=20))
def test_a_line_among_hostile_lines(
    sandbox: Sandbox, place: Place, values: list[tuple[str, list[str]]]
) -> None:
    cases: list[tuple[str, base.AnyOperation]] = []
    expected: list[str] = []
    for index, (value, others) in enumerate(values):
        path = f"/srv/{index} it's"
        match = f"^{re.escape(value)}$" if index % 2 else None
        operation = _operation("line", path=path, line=value, match=match, create=True)
        start = None if index % 7 == 0 else "\n".join(others).encode()
        cases.append((place(path, start), operation))
        kept = [] if start is None else others
        expected.append("".join(f"{line}\n" for line in [*kept, *[value] * (value not in kept)]))
    settled = sandbox.settle(cases)
    _assert_settled(settled)
    prints = sandbox.must(*(shell.argv("cat", f"/srv/{index} it's") for index in range(len(cases))))
    for each, printed, text in zip(settled, prints, expected, strict=True):
        if each.changes:  # otherwise the file's own end stays
            assert printed == text
    assert sandbox.must("[ ! -e /srv/broken ]") == ("",)


@pytest.mark.parametrize(
    ("arguments", "after"),
    [
        ({"line": "server c iburst", "match": "^server "}, "#x\nserver a\nserver c iburst\nend\n"),
        ({"line": "pool p", "match": "^pool "}, "#x\nserver a\nserver b\nend\npool p\n"),
        (
            {"line": "pool p", "after": r"^server \w"},
            "#x\nserver a\nserver b\npool p\nend\n",
        ),
        ({"line": "pool p", "after": "^nowhere"}, "#x\nserver a\nserver b\nend\npool p\n"),
        ({"match": "^server ", "present": False}, "#x\nend\n"),
        ({"line": "server a", "present": False}, "#x\nserver b\nend\n"),
    ],
)
def test_a_line_is_replaced_added_or_taken_away(
    sandbox: Sandbox, place: Place, arguments: dict[str, object], after: str
) -> None:
    start = place("/etc/chrony.conf", b"#x\nserver a\nserver b\nend") + "; chmod 0640 /etc/c*.conf"
    operation = _operation("line", path="/etc/chrony.conf", **arguments)
    _assert_settled(sandbox.settle([(start, operation)]))
    assert sandbox.must("stat -c %a /etc/chrony.conf; cat /etc/chrony.conf") == (f"640\n{after}",)


@pytest.mark.parametrize(
    "arguments",
    [
        {"line": r"a/b \1 & it's $HOME", "match": r"^\s*a/b\b"},
        {"line": r"a\nb", "after": r"^server /\d"},
        {"line": "plain"},
        {"match": r"/\d$", "present": False},
        {"line": "[x] (a|b)* ^$ /1", "present": False},
    ],
)
def test_what_a_person_types_leads_to_the_same_line(
    sandbox: Sandbox, place: Place, arguments: dict[str, object]
) -> None:
    before = b"one\nserver /1\n  a/b old\n[x] (a|b)* ^$ /1\nend\n"
    operation = _operation("line", path="/srv/it's", **arguments)
    _assert_settled(sandbox.settle([(place("/srv/it's", before), operation)]))
    by_labkit = sandbox.must('cat "/srv/it\'s"')
    typed = operation.manual(families.every()[0])
    sandbox.must(place("/srv/it's", before), *typed)
    assert sandbox.must('cat "/srv/it\'s"') == by_labkit


def test_a_line_in_what_is_no_file(sandbox: Sandbox) -> None:
    operation = _operation("line", path="/srv/x", line="y", create=True)
    _, output = sandbox.must("mkfifo /srv/x", operation.probe())
    with pytest.raises(base.FactError, match=r"^/srv/x should be a file, but it is something else"):
        operation.changes(output)


# --- command ---


@_FEW
@hypothesis.given(st.lists(st.one_of(_TEXT, _WORDS), min_size=20, max_size=20))
def test_a_guard_that_is_no_shell_text_harms_nothing_else(
    sandbox: Sandbox, values: list[str]
) -> None:
    guards = [each for each in (*values, "if [", ")", "'", "exit 3", "cat") if each.strip()]
    safe = [each for each in guards if not re.search("touch|reboot|>", each)]
    probes = [_operation("command", run=":", unless=each).probe() for each in safe]
    assert set(sandbox.must(*probes)) <= {"done\n", "to do\n"}


@pytest.mark.parametrize(
    ("start", "arguments", "changed"),
    [
        ("rm -rf /srv/*", {"run": "echo it\\'s > '/srv/a b'", "creates": "/srv/a b"}, True),
        (":", {"run": "exit 7", "creates": "/etc/passwd"}, False),
        ("rm -rf /srv/*", {"run": "# two\n: > /srv/x\n# end", "unless": "[ -e /srv/x ] # y"}, True),
        (": > /srv/x", {"run": "exit 7", "unless": "cat; [ -e /srv/x ]"}, False),
    ],
)
def test_a_command_behind_its_guard(
    sandbox: Sandbox, start: str, arguments: dict[str, str], changed: bool
) -> None:
    settled = sandbox.settle([(start, _operation("command", **arguments))])
    _assert_settled(settled)
    assert bool(settled[0].changes) is changed


def test_a_command_ends_at_its_first_failure_and_reads_no_input(sandbox: Sandbox) -> None:
    run = "cat > /srv/read\nls /srv/nothing\n: > /srv/x"
    (settled,) = sandbox.settle([(":", _operation("command", run=run, creates="/srv/x"))])
    assert settled.applied.status == 2
    assert "/srv/nothing" in settled.applied.output
    assert sandbox.must("cat /srv/read; ls /srv") == ("read\n",)


# --- mount ---


@_FEW
@hypothesis.given(st.lists(st.tuples(_VALUE, _VALUE), min_size=6, max_size=6))
def test_mounts_at_hostile_places(
    sandbox: Sandbox, place: Place, values: list[tuple[str, str]]
) -> None:
    cases: list[tuple[str, base.AnyOperation]] = []
    for index, (name, device) in enumerate(values):
        path = f"/srv/{index} {name.replace('/', '')}."
        # A word with '=' or '/' would be a device that is looked for, and a comma an option.
        source = "d" + re.sub("[/=,]", "", device)
        start = place("/etc/fstab", f"# x\n{name.replace('/', '')} y z\n".encode())
        cases.append(
            (start, _operation("mount", path=path, device=source, type="tmpfs", options=["nodev"]))
        )
    settled = sandbox.settle(cases)
    _assert_settled(settled)
    assert all(len(each.changes) == 2 for each in settled)
    paths = (str(each.model_dump()["path"]) for _, each in cases)
    gone = [(":", _operation("mount", path=path, mounted=False)) for path in paths]
    # fstab has the last one only, since each starting state makes it anew.
    settled = sandbox.settle(gone)
    _assert_settled(settled)
    assert [len(each.changes) for each in settled] == [1] * (len(gone) - 1) + [2]
    assert sandbox.must(
        "grep -c /srv/ /proc/self/mountinfo || :; ls /srv | grep -x broken || :"
    ) == ("0\n",)


@pytest.mark.parametrize(
    ("start", "changed"),
    [
        (":", ["/etc/fstab", "mount /srv/x"]),
        ("mount -t tmpfs -o size=1M,nosuid data /srv/x", ["/etc/fstab"]),
        ("mount -t tmpfs -o size=2M,nosuid data /srv/x", ["/etc/fstab", "mount /srv/x"]),
        ("mount -t tmpfs -o size=1M data /srv/x", ["/etc/fstab", "mount /srv/x"]),
        ("mount -t tmpfs -o size=1M,nosuid other /srv/x", ["/etc/fstab", "mount /srv/x"]),
        ("mount -t ramfs data /srv/x", ["/etc/fstab", "mount /srv/x"]),
        (
            "mount -t tmpfs -o size=1M,nosuid data /srv/x; mount -t ramfs top /srv/x",
            ["/etc/fstab", "mount /srv/x"],
        ),
        (
            "echo 'data /srv/x tmpfs size=1024k,nosuid 0 0' >> /etc/fstab; mount /srv/x",
            ["/etc/fstab"],
        ),
        ("printf 'data\\t/srv/x tmpfs size=1M,nosuid' > /etc/fstab; mount /srv/x", []),
        ("rm /etc/fstab", ["/etc/fstab", "mount /srv/x"]),
    ],
)
def test_a_mount_from_odd_states(sandbox: Sandbox, start: str, changed: list[str]) -> None:
    options = ["size=1M", "nosuid"]
    operation = _operation("mount", path="/srv/x", device="data", type="tmpfs", options=options)
    (settled,) = sandbox.settle(
        [(f"umount -q /srv/x /srv/x; mkdir -p /srv/x; : > /etc/fstab; {start}", operation)]
    )
    assert (settled.applied.status, settled.again) == (0, ()), settled
    assert [change.subject for change in settled.changes] == changed
    state = operation.read(*sandbox.must(operation.probe()))
    (setting,) = operation.settings(state)
    assert setting.wanted == setting.file == setting.runtime == "data (tmpfs, size=1M,nosuid)"
    (printed,) = sandbox.must("umount /srv/x; mount /srv/x; findmnt -nro SIZE,OPTIONS /srv/x")
    assert printed.startswith("1M rw,nosuid,")


def test_a_folder_mounted_elsewhere_read_only(sandbox: Sandbox) -> None:
    folder = "/srv/it's here"
    operation = _operation(
        "mount", path="/srv/there", device=folder, type="none", options=["bind", "ro"]
    )
    start = shell.line("mkdir -p {}; : > {}/file", folder, folder)
    _assert_settled(sandbox.settle([(start, operation)]))
    assert sandbox.must("ls /srv/there; touch /srv/there/x 2>&1 || :") == (
        "file\ntouch: cannot touch '/srv/there/x': Read-only file system\n",
    )
    (writable,) = sandbox.settle([("mount -o remount,bind,rw /srv/there", operation)])
    (change,) = writable.changes
    assert change.commands == ("mount -o remount,bind,ro /srv/there",)
    # Only the folder's other place is read-only, not the whole file system.
    sandbox.must(shell.line("touch {}/y", folder))
    assert writable.again == ()
    (other,) = sandbox.settle([("umount /srv/there; mount -t tmpfs x /srv/there", operation)])
    assert other.changes[0].before.startswith("x (tmpfs, rw,")
    assert other.again == ()


def test_an_image_on_a_loop_device(sandbox: Sandbox) -> None:
    _need("mke2fs", package="e2fsprogs")
    operation = _operation(
        "mount", path="/srv/x", device="/srv/image", type="ext4", options=["loop", "ro"]
    )
    _, absent = sandbox.must("truncate -s 1M /srv/image; mke2fs -q /srv/image", operation.probe())
    assert [change.subject for change in operation.changes(absent)] == [
        "/etc/fstab",
        "mount /srv/x",
    ]
    # A loop device may be forbidden, and its file system unknown, where this test runs.
    (tried,) = sandbox.run("mkdir /srv/x; mount -t ext2 -o loop,ro /srv/image /srv/x")
    if tried.status:
        pytest.skip(f"a loop device cannot be mounted here: {tried.output}")
    try:
        ext2 = _operation(
            "mount", path="/srv/x", device="/srv/image", type="ext2", options=["loop", "ro"]
        )
        _assert_settled(sandbox.settle([(":", ext2)]))
    finally:
        sandbox.must("umount /srv/x")


# --- firewall ---


_HOOK = "{ type filter hook %s priority 5; %s}"


@pytest.mark.parametrize(
    ("table", "hook", "found"),
    [
        ("inet x", _HOOK % ("input", ""), ""),
        ("inet x", _HOOK % ("output", "policy drop; "), ""),
        ("inet firewalld", _HOOK % ("input", "policy drop; "), ""),
        ("inet x", _HOOK % ("input", "policy drop; "), "table inet x, chain y, policy drop"),
    ],
)
@pytest.mark.parametrize("arguments", [{"disabled": True}, {"ports": ["22/tcp"]}])
def test_a_ruleset_of_nobody_is_named(
    sandbox: Sandbox, arguments: dict[str, object], table: str, hook: str, found: str
) -> None:
    _need("nft", package="nftables")
    operation = _operation("firewall", **arguments)
    rules = (f"add table {table}", f"add chain {table} y {hook}")
    *_, output = sandbox.must(*(shell.argv("nft", rule) for rule in rules), operation.probe())
    if not found:
        assert operation.changes(output) == ()
        return
    with pytest.raises(base.FactError) as complaint:
        operation.changes(output)
    assert complaint.value.message == f"there is a firewall that labkit does not know: {found}"


# --- repository ---

_SUITE = {"uri": "file:///srv/apt", "suite": "./"}


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[pathlib.Path, str]:
    """Make a signed apt repository of one package in a folder; return it and its public key."""
    _need("gpg", "apt-get", "dpkg-deb", package="gpg")
    folder = tmp_path_factory.mktemp("apt")
    home = folder / "gpg"
    home.mkdir(mode=0o700)
    content = folder / "package" / "DEBIAN"
    content.mkdir(parents=True)
    content.joinpath("control").write_text(
        "Package: lab-test\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example>\n"
        "Description: A package for a test\n"
    )
    made = subprocess.run(
        ["sh", "-ec", _MAKE_REPOSITORY], cwd=folder, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return folder / "repository", made.stdout


_MAKE_REPOSITORY = """
export GNUPGHOME=$PWD/gpg
gpg="gpg --batch --quiet --pinentry-mode loopback --passphrase ''"
mkdir repository
dpkg-deb --root-owner-group -b package repository/lab-test_1_all.deb > /dev/null
cd repository
file=lab-test_1_all.deb
{
    cat ../package/DEBIAN/control
    echo "Filename: ./$file"
    echo "Size: $(stat -c %s $file)"
    echo "SHA256: $(sha256sum < $file | cut -d ' ' -f 1)"
} > Packages
{
    echo 'Suite: lab'
    echo 'Codename: lab'
    echo "Date: $(date -u -R)"
    echo 'SHA256:'
    echo " $(sha256sum < Packages | cut -d ' ' -f 1) $(stat -c %s Packages) Packages"
} > Release
eval "$gpg --quick-generate-key lab@example ed25519 sign never" >&2
eval "$gpg --clearsign -o InRelease Release" >&2
gpg --batch --armor --export lab@example
gpgconf --kill all >&2
"""

_APT = (
    "mount -t tmpfs tmpfs /var/lib/apt; mount -t tmpfs tmpfs /var/cache/apt; "
    "mkdir -p /var/lib/apt/lists/partial /var/cache/apt/archives/partial; "
    "rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/preferences.d/*"
)


@pytest.fixture
def debian(sandbox: Sandbox, signed: tuple[pathlib.Path, str]) -> Sandbox:
    """Make the sandbox a machine that has nothing but the repository on its own disk."""
    (printed,) = sandbox.must(_operation("repository", name="x", debian=_UNSIGNED).probe())
    if (family := families.of(printed.partition("\n")[0])) is None or family.name != "debian":
        pytest.skip("this machine is none of Debian's family")
    sandbox.must(_APT, shell.argv("cp", "-r", signed[0], "/srv/apt"))
    return sandbox


_UNSIGNED = {**_SUITE, "unsigned": True}


def _update(machine: Sandbox) -> tuple[int, str]:
    # Downloads are made by root: the folders of a sandbox are not for everybody.
    (answer,) = machine.run(
        "apt-get -o APT::Sandbox::User=root -q update 2>&1 && "
        "apt-get -o APT::Sandbox::User=root -q -s install lab-test"
    )
    return answer.status, answer.output


def test_apt_takes_packages_that_the_key_has_signed(
    debian: Sandbox, signed: tuple[pathlib.Path, str]
) -> None:
    operation = _operation("repository", name="lab", debian={**_SUITE, "key": signed[1]})
    settled = debian.settle([(":", operation)])
    _assert_settled(settled)
    assert [change.subject for change in settled[0].changes] == [
        "/etc/apt/keyrings/lab.asc",
        "/etc/apt/sources.list.d/lab.sources",
    ]
    status, said = _update(debian)
    assert (status, "Inst lab-test (1 " in said, "W:" in said) == (0, True, False), said


def test_apt_refuses_what_another_key_has_signed(
    debian: Sandbox, signed: tuple[pathlib.Path, str]
) -> None:
    lines = signed[1].splitlines()
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    if debian.run(f"[ -e {keyring} ]")[0].status:
        pytest.skip(f"{keyring} is not there (package debian-archive-keyring)")
    assert lines[0] == "-----BEGIN PGP PUBLIC KEY BLOCK-----"
    operation = _operation("repository", name="lab", debian={**_SUITE, "key": keyring})
    _assert_settled(debian.settle([(":", operation)]))
    status, said = _update(debian)
    assert status == 100
    assert "NO_PUBKEY" in said


def test_apt_takes_unsigned_packages_only_where_that_is_said(debian: Sandbox) -> None:
    debian.must("rm /srv/apt/InRelease; mv /srv/apt/Release /srv/apt/Release.off")
    operation = _operation("repository", name="lab", debian=_UNSIGNED)
    _assert_settled(debian.settle([(":", operation)]))
    assert _update(debian)[0] == 0
    debian.must("sed -i /Trusted/d /etc/apt/sources.list.d/lab.sources")
    assert _update(debian)[0] == 100


def test_a_repository_that_is_switched_off_stays_off(debian: Sandbox) -> None:
    off = _operation("repository", name="lab", debian={**_UNSIGNED, "enabled": False})
    on = _operation("repository", name="lab", debian={**_UNSIGNED, "options": {"Languages": "de"}})
    _assert_settled(debian.settle([(":", off)]))
    status, said = _update(debian)
    assert (status, "Unable to locate package" in said) == (100, True), said
    _assert_settled(debian.settle([(":", on)]))
    assert _update(debian)[0] == 0


@_FEW
@hypothesis.given(
    st.lists(_VALUE.map(str.strip).filter(lambda value: value.isprintable() and value), min_size=5)
)
def test_hostile_options_of_a_repository_are_text(sandbox: Sandbox, values: list[str]) -> None:
    cases = [
        (":", _operation("repository", name="x", debian={**_UNSIGNED, "options": {"Other": value}}))
        for value in values
    ]
    _assert_settled(sandbox.settle(cases))
    (printed,) = sandbox.must("cat /etc/apt/sources.list.d/x.sources; [ ! -e /srv/broken ]")
    assert printed.endswith(f"\nOther: {values[-1]}\n")


# --- kernel line ---

_GRUB_LINES = (
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet selinux=0 selinux=0"\n'
    "GRUB_CMDLINE_LINUX=selinux=0\nOTHER='selinux=0'\n"
    "GRUB_CMDLINE_LINUX=' xselinux=0 enforcing=0 selinux=01'\n"
)


def test_words_are_cut_from_the_kernel_line_and_nothing_else(
    sandbox: Sandbox, place: Place
) -> None:
    family = next(each for each in families.every() if each.name == "debian")
    edit, update = family.drop_boot_words(("selinux=0", "enforcing=0"))
    assert update == "update-grub"
    sandbox.must(place("/etc/default/grub", _GRUB_LINES.encode()), edit)
    assert sandbox.must("cat /etc/default/grub")[0].splitlines() == [
        'GRUB_CMDLINE_LINUX_DEFAULT="quiet  "',
        "GRUB_CMDLINE_LINUX=",
        "OTHER='selinux=0'",
        "GRUB_CMDLINE_LINUX=' xselinux=0  selinux=01'",
    ]
    more = "/etc/default/grub.d/it's a.cfg"
    sandbox.must(place(more, b'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX selinux=0"'), edit)
    assert sandbox.must(shell.argv("cat", more)) == ('GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX "',)


def test_kernel_lines_of_coming_boots_are_read_on_enterprise_linux(
    sandbox: Sandbox, place: Place
) -> None:
    # grubby is not Debian's, so it is a word here that does nothing; the entries are real files.
    sandbox.must(
        "mount -t tmpfs tmpfs /boot",
        place("/etc/os-release", b'ID="almalinux"\nID_LIKE="rhel centos fedora"\n'),
        place("/etc/selinux/config", b"SELINUX=permissive\n"),
    )
    operation = _operation("selinux", mode="permissive")
    outside, empty = sandbox.must(operation.probe(), f"grubby() {{ :; }}\n{operation.probe()}")
    assert outside == empty
    entry = b"title x\nversion 5.14\noptions root=UUID=1 ro %s\n"
    place_both = (
        place("/boot/loader/entries/1 a.conf", entry % b"quiet"),
        place("/boot/loader/entries/2.conf", entry % b"selinux=0 selinux=01"),
    )
    *_, printed = sandbox.must(*place_both, f"grubby() {{ :; }}\n{operation.probe()}")
    assert printed.removeprefix(outside).splitlines() == [
        "options root=UUID=1 ro quiet",
        "options root=UUID=1 ro selinux=0 selinux=01",
    ]
    (change,) = (each for each in operation.changes(printed) if each.subject == "kernel line")
    assert change.commands == ("grubby --update-kernel ALL --remove-args selinux=0",)


# --- by hand ---

_MOUNTED = r"""
mkdir "/srv/it's there"
mount -t tmpfs x "/srv/it's there"
echo "x /srv/it's\\040there tmpfs size=1M 0 0" >> /etc/fstab
"""

_ARMOUR = (
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nit's $(id) `id`\n-----END PGP PUBLIC KEY BLOCK-----"
)


@pytest.mark.parametrize(
    ("kind", "arguments", "start"),
    [
        (
            "mount",
            {"path": "/srv/it's \\$(id)", "device": "d", "type": "tmpfs", "options": ["size=1M"]},
            ":",
        ),
        (
            "mount",
            {"path": "/srv/it's there", "mounted": False},
            _MOUNTED,
        ),
        ("repository", {"name": "lab", "debian": {**_SUITE, "key": _ARMOUR}}, ":"),
        ("command", {"run": "mkdir '/srv/a b'\n: > '/srv/a b/c'", "creates": "/srv/a b/c"}, ":"),
    ],
)
def test_what_a_person_types_leads_there(
    sandbox: Sandbox, kind: str, arguments: dict[str, object], start: str
) -> None:
    operation = _operation(kind, **arguments)
    family = next(each for each in families.every() if each.name == "debian")
    typed = [line for line in operation.manual(family) if line not in family.refresh]
    _, before, *_, after = sandbox.must(start, operation.probe(), *typed, operation.probe())
    assert operation.changes(before)
    assert operation.changes(after) == ()
