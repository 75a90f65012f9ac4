"""Services, users, key pairs, kernel modules and swap by a real shell and the real tools.

systemctl works on files alone here, as in an installer: /run is empty, so that it finds no systemd.
Starting a service, loading a module and swapping off need a machine of their own.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING

import hypothesis
import hypothesis.strategies as st
import pytest

from labkit import families, operations, secret, shell
from labkit.operations import base

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conftest import Sandbox, Settled

    Place = Callable[[str, bytes | None], str]

_HOSTILE = (
    "it's", '"', "$(touch /srv/broken)", "`touch /srv/broken`", "${IFS}", "; reboot", "&&", "\\n",
    "%s", "-n", "-", "*", "~", "#", "!", "{}", "\\040", "\\1", ",", "ä", "€", "=", "&",
    "\N{LINE SEPARATOR}", "\N{PILE OF POO}", " ",
)  # fmt: skip

# No control characters: useradd and ssh-keygen refuse them or change them.
_TEXT = st.text(st.characters(exclude_characters=":\x7f", exclude_categories=["Cs", "Cc"]))
_WORDS = st.lists(st.sampled_from([*_HOSTILE, "x"]), max_size=4).map("".join)
_VALUE = st.one_of(_TEXT.map(lambda text: text[:12]), _WORDS)

_FEW = hypothesis.settings(
    max_examples=3,
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

_PRIVATE = "for folder in /run /home /var/log /var/mail; do mount -t tmpfs tmpfs $folder; done"


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """Hide this machine's systemd, homes and logs from the sandbox."""
    sandbox.must(_PRIVATE)
    return sandbox


def _operation(kind: str, **arguments: object) -> base.AnyOperation:
    return operations.kinds()[kind].model_validate(arguments)


def _need(*programs: str, package: str) -> None:
    if absent := [each for each in programs if not shutil.which(each)]:
        pytest.skip(f"not installed: {', '.join(absent)} (package {package})")


def _assert_settled(settled: Sequence[Settled]) -> None:
    for each in settled:
        assert each.applied.status == 0, each
        assert each.again == (), each


def _by_hand(operation: base.AnyOperation) -> str:
    family = families.of("debian")
    assert family
    return "\n".join(("set -eu", *operation.manual(family)))


# --- service ---

_UNIT = b"[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"
_LAB = "/etc/systemd/system/lab.service"
_WANTS = "/etc/systemd/system/multi-user.target.wants/lab.service"


@pytest.fixture
def units(machine: Sandbox, place: Place) -> Sandbox:
    """Give the sandbox units of several kinds."""
    _need("systemctl", package="systemd")
    machine.must(
        place(_LAB, _UNIT),
        place("/etc/systemd/system/static.service", b"[Service]\nExecStart=/bin/true\n"),
        place("/etc/systemd/system/also.service", b"[Install]\nAlso=lab.service\n"),
        place("/etc/systemd/system/own.service", _UNIT),
        place(r"/etc/systemd/system/lab-a\x2db.service", _UNIT),
        place("/etc/systemd/system/lab@.service", _UNIT),
        "ln -s own.service /etc/systemd/system/other.service",
    )
    return machine


@pytest.mark.parametrize(
    "start",
    ["systemctl -q disable lab", "systemctl -q enable lab", f"rm -f {_WANTS}"],
)
@pytest.mark.parametrize("enabled", [True, False])
def test_a_service_is_enabled_and_disabled(units: Sandbox, start: str, *, enabled: bool) -> None:
    _assert_settled(units.settle([(start, _operation("service", name="lab", enabled=enabled))]))
    expected = "yes\n" if enabled else "no\n"
    assert units.must(f"if [ -L {_WANTS} ]; then echo yes; else echo no; fi") == (expected,)


@pytest.mark.parametrize("name", ["lab@7", r"lab-a\x2db", "lab.service", "own"])
def test_units_with_other_names(units: Sandbox, name: str) -> None:
    operation = _operation("service", name=name, enabled=True)
    settled = units.settle([(":", operation)])
    _assert_settled(settled)
    assert settled[0].changes
    off = _operation("service", name=name, enabled=False)
    _assert_settled(units.settle([(":", off)]))


def test_a_mask_is_taken_away(units: Sandbox) -> None:
    if units.run("[ -e /usr/lib/systemd/system/fstrim.timer ]")[0].status:
        pytest.skip("there is no fstrim.timer (package util-linux)")
    operation = _operation("service", name="fstrim.timer", enabled=True)
    settled = units.settle([("systemctl -q mask fstrim.timer", operation)])
    _assert_settled(settled)
    subjects = [change.subject for change in settled[0].changes]
    assert subjects == ["mask of fstrim.timer", "boot of fstrim.timer"]
    masked = _operation("service", name="fstrim.timer", enabled=False)
    assert units.settle([("systemctl -q mask fstrim.timer", masked)])[0].changes == ()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "the machine has no unit 'nothing'"),
        ("static", "static cannot be enabled: its state is 'static'"),
        ("other", "other cannot be looked at: its state is 'alias'"),
    ],
)
def test_units_that_cannot_be_enabled(units: Sandbox, name: str, message: str) -> None:
    operation = _operation("service", name=name, enabled=True)
    with pytest.raises(base.FactError) as complaint:
        operation.changes(*units.must(operation.probe()))
    assert complaint.value.message == message


def test_a_unit_that_only_names_others_does_not_hold(units: Sandbox) -> None:
    (settled,) = units.settle([(":", _operation("service", name="also", enabled=True))])
    assert [(change.before, change.after) for change in settled.again] == [("indirect", "enabled")]


def test_without_a_systemd_nobody_says_what_runs(units: Sandbox) -> None:
    operation = _operation("service", name="lab", running=True)
    with pytest.raises(base.FactError, match=r"^expected what systemctl says of lab, got "):
        operation.changes(*units.must(operation.probe()))


def test_a_service_by_hand(units: Sandbox) -> None:
    operation = _operation("service", name="lab", enabled=True)
    _, seen = units.must(_by_hand(operation), operation.probe())
    assert operation.changes(seen) == ()


# --- user ---

_HASH = "$6$salt$2Bq2Mvhb9hCbIYTDJIQBN9JwcHT"
_REMOVE = "{ userdel -f {} ; groupdel {} ; } > /dev/null 2>&1; rm -rf {}"


def _start(name: str, home: str, *more: str) -> str:
    """Return shell text that takes a user away, then runs commands to make another one."""
    remove = shell.line(_REMOVE, name, name, home)
    return "\n".join((remove, *more, ":"))


@_FEW
@hypothesis.given(st.lists(st.tuples(_VALUE, _VALUE), min_size=5, max_size=5))
def test_users_with_odd_comments_and_homes(machine: Sandbox, values: list[tuple[str, str]]) -> None:
    _need("useradd", "usermod", "chpasswd", package="passwd")
    cases: list[tuple[str, base.AnyOperation]] = []
    expected: list[str] = []
    for index, (comment, folder) in enumerate(values):
        name = f"student-{index}"
        home = f"/srv/{index} {folder.replace('/', '')}".rstrip()
        before = shell.argv("useradd", "-M", "-c", "before", "-s", "/bin/sh", name)
        wanted = {"comment": comment, "home": home, "shell": "/bin/bash", "groups": ["video"]}
        operation = _operation("user", name=name, **wanted)
        cases.append((_start(name, home, *([before] if index % 2 else [])), operation))
        expected.append(f"{comment}:{home}:/bin/bash")
    settled = machine.settle(cases)
    _assert_settled(settled)
    assert all(each.changes for each in settled)
    names = (f"student-{index}" for index in range(len(values)))
    (seen,) = machine.must(f"getent passwd {shell.argv(*names)}")
    assert [line.split(":", 4)[4] for line in seen.removesuffix("\n").split("\n")] == expected
    assert machine.must("[ ! -e /srv/broken ]") == ("",)


_STUDENT = "useradd -m student"


@pytest.mark.parametrize(
    ("start", "arguments"),
    [
        ((), {}),
        (("groupadd student",), {}),
        ((_STUDENT,), {"uid": 4711}),
        ((_STUDENT,), {"home": "/srv/new/place"}),
        ((_STUDENT, "mkdir -p /srv/there"), {"home": "/srv/there"}),
        ((_STUDENT, "rm -r /home/student"), {"home": "/home/student"}),
        ((_STUDENT, "rm -r /home/student"), {"home": "/srv/another"}),
        ((_STUDENT, "usermod -G games,audio student"), {"groups": ["video", "audio"]}),
        ((_STUDENT, "usermod -G games student"), {"groups": ["video"], "exact_groups": True}),
        ((_STUDENT, "usermod -G games student"), {"exact_groups": True}),
        ((), {"groups": ["student", "video"]}),
        ((), {"password": secret.Secret(_HASH), "groups": ["video"], "uid": 4712}),
        ((_STUDENT,), {"password": secret.Secret(_HASH)}),
        ((_STUDENT,), {"password": secret.Secret(_HASH), "locked": True}),
        ((_STUDENT,), {"locked": True}),
        ((_STUDENT, "usermod -p '*' student"), {"locked": True}),
        ((_STUDENT, "usermod -p '' student"), {"locked": True}),
        ((_STUDENT, f"usermod -p '{_HASH}' student"), {"locked": True}),
        ((_STUDENT, f"usermod -p '!{_HASH}' student"), {"locked": False}),
        ((_STUDENT, f"usermod -p '!!{_HASH}' student"), {"password": secret.Secret(_HASH)}),
        ((_STUDENT, f"usermod -p '!{_HASH}x' student"), {"password": secret.Secret(_HASH)}),
    ],
)
def test_user(machine: Sandbox, start: tuple[str, ...], arguments: dict[str, object]) -> None:
    _need("useradd", "usermod", "chpasswd", package="passwd")
    operation = _operation("user", name="student", **arguments)
    if "student" in str(arguments.get("groups")):
        start = ("groupadd student",)
    clean = "rm -rf /srv/* /home/*"
    settled = machine.settle([(_start("student", "/home/student", clean, *start), operation)])
    _assert_settled(settled)
    entry, shadow, home, groups = machine.must(
        "getent passwd student", "getent shadow student", "stat -c %U ~student", "id -Gn student"
    )
    assert home == "student\n" or arguments.get("home") == "/srv/there"
    if uid := arguments.get("uid"):
        assert entry.split(":")[2] == str(uid)
    if arguments.get("exact_groups"):
        assert groups.split() == ["student", *(("video",) if arguments.get("groups") else ())]
    word = shadow.split(":")[1]
    if "password" in arguments:
        assert word == ("!" if arguments.get("locked") else "") + _HASH
    if "locked" in arguments:
        assert word.startswith(("!", "*")) is arguments["locked"]


def test_groups_are_kept(machine: Sandbox) -> None:
    _need("useradd", "usermod", package="passwd")
    start = _start("student", "/home/student", _STUDENT, "usermod -G games,audio student")
    operation = _operation("user", name="student", groups=["video", "audio"])
    _assert_settled(machine.settle([(start, operation)]))
    assert set(machine.must("id -Gn student")[0].split()) == {"student", "games", "audio", "video"}


def test_files_move_with_a_home_and_a_new_one_is_filled(machine: Sandbox) -> None:
    _need("useradd", "usermod", package="passwd")
    machine.must("mkdir -p /etc/skel; echo skeleton > /etc/skel/.lab-skeleton")
    start = _start("student", "/home/student", "rm -rf /srv/*", _STUDENT, "touch ~student/mine")
    moved = _operation("user", name="student", home="/srv/new/place")
    _assert_settled(machine.settle([(start, moved)]))
    assert machine.must("cd /srv/new/place; ls mine .lab-skeleton; ls -A /home") == (
        ".lab-skeleton\nmine\n",
    )
    lost = _operation("user", name="student", home="/srv/new/place")
    _assert_settled(machine.settle([("rm -rf /srv/new/place", lost)]))
    assert machine.must("cd /srv/new/place; stat -c '%a %U %G' . .lab-skeleton") == (
        "700 student student\n644 student student\n",
    )


def test_the_hash_of_a_password_is_in_no_answer(machine: Sandbox) -> None:
    _need("useradd", "chpasswd", package="passwd")
    operation = _operation("user", name="student", password=secret.Secret(_HASH))
    start = _start("student", "/home/student", _STUDENT, f"usermod -p '{_HASH}' student")
    _, seen = machine.must(start, operation.probe())
    assert hashlib.sha256(_HASH.encode()).hexdigest() in seen
    assert _HASH not in seen + operation.probe() + repr(operation) + _by_hand(operation)


def test_a_user_by_hand(machine: Sandbox) -> None:
    _need("useradd", "usermod", package="passwd")
    arguments = {"uid": 4711, "groups": ["video"], "shell": "/bin/bash", "comment": "it's $(me)"}
    operation = _operation("user", name="student", home="/srv/a b", locked=True, **arguments)
    typed = _by_hand(operation)
    _, seen, _, again = machine.must(typed, operation.probe(), typed, operation.probe())
    assert operation.changes(seen) == operation.changes(again) == ()


# --- key_pair ---

_KEY = "/root/.ssh/id_ed25519"
# The same pair in both shells of `settle`.
_MAKE = (
    "[ -e /mnt/key ] || ssh-keygen -q -t ed25519 -N '' -C before -f /mnt/key; "
    f"rm -rf /root/.ssh /root/k; mkdir -m 0700 /root/.ssh; cp -p /mnt/key {_KEY}; "
    f"cp -p /mnt/key.pub {_KEY}.pub"
)


@pytest.mark.parametrize(
    ("more", "private_stays"),
    [
        ("rm -rf /root/.ssh", False),
        (f"rm {_KEY} {_KEY}.pub", False),
        (f"rm {_KEY}", False),
        (f"rm {_KEY}.pub", True),
        (f": > {_KEY}.pub", True),
        (f"head -c 300 /dev/urandom > {_KEY}.pub", True),
        (f"printf '%s\\n' 'ssh-ed25519 AAAA $(me)' '{_KEY}' > {_KEY}.pub", True),
        (f"cat {_KEY} > {_KEY}.pub", True),
        (f"chmod 0644 {_KEY}; chmod 0666 {_KEY}.pub", True),
        (f"chmod 0444 {_KEY}; chown daemon {_KEY} {_KEY}.pub; rm {_KEY}.pub", True),
        (f"mv {_KEY} /root/k; ln -s ../k {_KEY}; chmod 0400 {_KEY}", True),
    ],
)
def test_a_pair_of_keys(sandbox: Sandbox, more: str, *, private_stays: bool) -> None:
    _need("ssh-keygen", package="openssh-client")
    settled = sandbox.settle([(f"{_MAKE}; {more}", _operation("key_pair", user="root"))])
    _assert_settled(settled)
    assert settled[0].changes
    derived, public, files = sandbox.must(
        f"ssh-keygen -y -f {_KEY}",
        f"cat {_KEY}.pub",
        f"stat -L -c '%a %U' /root/.ssh {_KEY} {_KEY}.pub",
    )
    assert derived.split()[:2] == public.split()[:2]
    assert files == "700 root\n600 root\n644 root\n"
    kept = sandbox.run(f"cmp -s /mnt/key {_KEY}")[0].status == 0
    assert kept is private_stays


@_FEW
@hypothesis.given(st.lists(_VALUE, min_size=5, max_size=5))
def test_pairs_with_odd_comments_in_an_odd_home(sandbox: Sandbox, values: list[str]) -> None:
    _need("ssh-keygen", package="openssh-client")
    home = "/srv/it's $(touch broken)"
    entry = shell.line("printf '%s\\n' {} >> /etc/passwd", f"student:x:4711:4711::{home}:/bin/sh")
    sandbox.must(f"getent passwd student || {entry}; {shell.argv('mkdir', '-p', home)}")
    cases: list[tuple[str, base.AnyOperation]] = []
    for index, comment in enumerate(values):
        path = f"keys/{index}"
        file = f"{home}/{path}"
        copy = shell.line("cp /mnt/key {}; cp /mnt/key.pub {}", file, f"{file}.pub")
        remove = shell.argv("rm", "-f", file, f"{file}.pub")
        folder = shell.argv("mkdir", "-p", f"{home}/keys")
        start = f"{_MAKE}; {remove}; {folder}; {copy if index % 2 else ':'}"
        cases.append((start, _operation("key_pair", user="student", path=path, comment=comment)))
    _assert_settled(sandbox.settle(cases))
    (seen,) = sandbox.must(f"cd {shell.quote(home)}/keys; cat [0-9].pub; stat -c %U * | sort -u")
    *lines, owner = seen.removesuffix("\n").split("\n")
    assert ["".join(line.split(" ", 2)[2:]) for line in lines] == values
    assert owner == "student"
    assert sandbox.must(f"[ ! -e {shell.quote(home)}/broken ]; [ ! -e /srv/broken ]") == ("",)


def test_a_key_with_a_passphrase_is_left_alone(sandbox: Sandbox) -> None:
    _need("ssh-keygen", package="openssh-client")
    operation = _operation("key_pair", user="root")
    make = f"mkdir /root/.ssh; ssh-keygen -q -t ed25519 -N 'a passphrase' -f {_KEY}"
    _, seen = sandbox.must(make, f"{operation.probe()}; :")
    with pytest.raises(base.FactError, match=f"^{_KEY} is no ed25519 key without a passphrase: "):
        operation.changes(seen)


@pytest.mark.parametrize("kind", ["mkdir", "mkfifo"])
def test_what_is_no_file_is_left_alone(sandbox: Sandbox, kind: str) -> None:
    operation = _operation("key_pair", user="root")
    _, seen = sandbox.must(f"mkdir /root/.ssh; {kind} {_KEY}", operation.probe())
    with pytest.raises(base.FactError, match=f"^{_KEY} should be a file, but it is a "):
        operation.changes(seen)


def test_a_pair_by_hand(sandbox: Sandbox) -> None:
    _need("ssh-keygen", package="openssh-client")
    operation = _operation("key_pair", user="root", comment="it's $(me)")
    typed = _by_hand(operation)
    before, _, seen, _, again = sandbox.must(
        operation.probe(), typed, operation.probe(), typed, operation.probe()
    )
    assert operation.changes(before) != ()
    assert operation.changes(seen) == operation.changes(again) == ()


# --- kernel_module ---

_CONF = "/etc/modules-load.d/br_netfilter.conf"
_SYSFS = "mountpoint -q /sys/module || mount -t tmpfs tmpfs /sys/module; rm -rf /sys/module/*"


def _texts(*words: str) -> st.SearchStrategy[list[bytes | None]]:
    """Return starting states of a file: absent, or lines made of words and of hostile text."""
    line = st.lists(st.sampled_from([*words, *_HOSTILE]), max_size=6).map(" ".join)
    whole = st.lists(line, max_size=6).map("\n".join)
    return st.lists(st.one_of(st.none(), whole.map(str.encode)), min_size=12, max_size=12)


@_FEW
@hypothesis.given(_texts("br_netfilter", "br-netfilter", "overlay"))
def test_a_loaded_module_is_named_for_the_boot(
    sandbox: Sandbox, place: Place, states: list[bytes | None]
) -> None:
    sysfs = "; mkdir /sys/module/br_netfilter; echo live > /sys/module/br_netfilter/initstate"
    operation = _operation("kernel_module", name="br-netfilter")
    starts = [f"{_SYSFS}{sysfs}; {place(_CONF, each)}" for each in states]
    _assert_settled(sandbox.settle([(start, operation) for start in starts]))
    wanted = states[-1] or b""
    (seen,) = sandbox.must(f"cat {_CONF}")
    assert seen.startswith(wanted.decode().removesuffix("\n"))
    assert "br_netfilter" in seen.replace("-", "_").split("\n")


def test_a_module_with_parameters_that_is_built_in_is_there(sandbox: Sandbox) -> None:
    operation = _operation("kernel_module", name="br_netfilter")
    _, _, seen = sandbox.must(_SYSFS, "mkdir /sys/module/br_netfilter", operation.probe())
    assert operation.read(seen).runtime == "built in"
    assert operation.changes(seen) == ()


def test_a_module_that_no_kernel_has(sandbox: Sandbox) -> None:
    operation = _operation("kernel_module", name="labkit-none")
    (settled,) = sandbox.settle([(":", operation)])
    assert [change.subject for change in settled.changes] == [
        "/etc/modules-load.d/labkit_none.conf",
        "module labkit_none",
    ]
    assert settled.applied.status != 0
    assert "modprobe" in settled.applied.output
    assert [change.before for change in settled.again] == ["absent"]


# --- swap ---

_HEAD = "Filename Type Size Used Priority"


@pytest.fixture
def swapless(machine: Sandbox) -> Sandbox:
    """Hide this machine's swap, which is not the sandbox's own."""
    machine.must(f"echo '{_HEAD}' > /mnt/swaps; mount --bind /mnt/swaps /proc/swaps")
    return machine


@_FEW
@hypothesis.given(_texts("/srv/swap", "none", "swap", "swap", "ext4", "defaults", "0", "\t"))
def test_no_line_of_fstab_makes_swap(
    swapless: Sandbox, place: Place, states: list[bytes | None]
) -> None:
    _need("findmnt", package="mount")
    operation = _operation("swap", enabled=False)
    lines = [f"{line}\n/srv/1 none swap sw 0 0\n\t/srv/2\tnone  swap\n" for line in ("", "#")]
    contents = [*states, *(each.encode() for each in lines)]
    cases: list[tuple[str, base.AnyOperation]] = [
        (place("/etc/fstab", each), operation) for each in contents
    ]
    settled = swapless.settle(cases)
    _assert_settled(settled)
    assert all(each.changes for each in settled[-2:])
    assert swapless.must("findmnt -s -n -t swap -o SOURCE; :") == ("",)
    # Every other line is there as it was.
    (seen,) = swapless.must("cat /etc/fstab")
    assert seen.replace("# (labkit: swap is off) ", "") == lines[-1]


def test_units_that_make_swap(swapless: Sandbox, place: Place) -> None:
    _need("systemctl", package="systemd")
    unit = b"[Swap]\nWhat=/srv/swap\n[Install]\nWantedBy=swap.target\n"
    zram = b"[Install]\nWantedBy=multi-user.target\n[Service]\nExecStart=/bin/true\n"
    generator = "/run/systemd/generator"
    name = r"dev-disk-by\x2dlabel-it.swap"
    links = f"mkdir -p {generator}/swap.target.wants; cd {generator}/swap.target.wants"
    swapless.must(
        place("/etc/fstab", b"LABEL=it none swap sw 0 0\n"),
        place("/etc/systemd/system/srv-swap.swap", unit),
        place("/etc/systemd/system/zramswap.service", zram),
        place(f"{generator}/dev-zram0.swap", b"[Swap]\nWhat=/dev/zram0\n"),
        place(f"{generator}/{name}", b"[Unit]\nSourcePath=/etc/fstab\n[Swap]\nWhat=LABEL=it\n"),
        f"{links}; ln -s ../dev-zram0.swap ../{shell.quote(name)} .",
        "systemctl -q enable srv-swap.swap zramswap.service",
    )
    settled = swapless.settle([(":", _operation("swap", enabled=False))])
    _assert_settled(settled)
    assert [(change.subject, change.after) for change in settled[0].changes[1:]] == [
        ("boot of srv-swap.swap", "disabled"),
        ("boot of dev-zram0.swap", "masked"),
        ("boot of zramswap.service", "disabled"),
    ]
    states = (
        "for each in srv-swap.swap dev-zram0.swap zramswap; do systemctl is-enabled $each; done"
    )
    assert swapless.must(f"{states}; :") == ("disabled\nmasked\ndisabled\n",)


def test_the_table_of_this_machine_can_be_read(sandbox: Sandbox) -> None:
    operation = _operation("swap", enabled=False)
    state = operation.read(*sandbox.must(operation.probe()))
    lines = subprocess.run(["cat", "/proc/swaps"], capture_output=True, text=True, check=False)
    assert len(state.active) == max(0, len(lines.stdout.splitlines()) - 1)


def test_fstab_by_hand(swapless: Sandbox, place: Place) -> None:
    fstab = "UUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n/s\tnone\tswap\tsw 0 0\n"
    operation = _operation("swap", enabled=False)
    # 'swapoff -a' is for a machine of its own.
    edit = _by_hand(operation).replace("swapoff -a", ":")
    before, _, seen, _, again = swapless.must(
        f"{place('/etc/fstab', fstab.encode())}; {operation.probe()}",
        edit,
        operation.probe(),
        edit,
        operation.probe(),
    )
    assert operation.changes(before) != ()
    assert operation.changes(seen) == operation.changes(again) == ()
    (text,) = swapless.must("cat /etc/fstab")
    assert text.replace("# ", "") == fstab
