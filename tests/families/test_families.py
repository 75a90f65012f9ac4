from __future__ import annotations

import shutil
import subprocess

import pytest

from labkit import families
from labkit.families import base, debian, el

_APT = (
    "DEBIAN_FRONTEND=noninteractive apt-get -q -y -o APT::Cmd::Pattern-Only=true "
    "-o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef "
    "-o Dpkg::Options::=--force-confold"
)


def _sh(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-s"], input=text, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("ids", "name"),
    [
        ("debian ", "debian"),
        ("ubuntu debian", "debian"),
        ("linuxmint ubuntu debian", "debian"),
        ("almalinux rhel centos fedora", "el"),
        ("rocky rhel centos fedora", "el"),
        ("rhel fedora", "el"),
        ("fedora ", "el"),
        ("arch ", None),
        ("", None),
        ("debianish", None),
    ],
)
def test_a_family_answers_to_the_words_of_os_release(ids: str, name: str | None) -> None:
    family = families.of(ids)
    assert (family.name if family else None) == name


def test_no_word_belongs_to_two_families() -> None:
    words = [word for family in families.every() for word in family.ids]
    assert len(words) == len(set(words))
    assert [family.name for family in families.every()] == ["debian", "el"]


def test_the_probe_prints_the_words_of_this_machine() -> None:
    printed = _sh(f"({base.PROBE})").stdout
    assert families.of(printed) is not None


def test_debian_installs() -> None:
    assert debian.Debian().install(("curl", "g++"), None) == (
        f"{_APT} update",
        f"{_APT} install --no-install-recommends -- curl g++",
    )


def test_el_installs() -> None:
    assert el.El().install(("curl", "gcc-c++"), None) == ("dnf -y -q install -- curl gcc-c++",)


def test_el_installs_from_another_repository() -> None:
    repository = base.Repository("epel-release", "epel")
    assert el.El().install(("ansible",), repository) == (
        "rpm -q -- epel-release > /dev/null || dnf -y -q install -- epel-release",
        "sed -i 's/^enabled *= *1/enabled=0/' /etc/yum.repos.d/epel*.repo",
        "dnf -y -q --enablerepo=epel install -- ansible",
    )


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="this machine has no dpkg-query")
def test_debian_query_prints_what_is_installed_and_nothing_else() -> None:
    done = _sh(debian.Debian().query(("dpkg", "no-such-package", "coreutils")))
    assert (sorted(done.stdout.split()), done.stderr) == (["coreutils", "dpkg"], "")


@pytest.mark.skipif(not shutil.which("apt-get"), reason="this machine has no apt-get")
def test_apt_takes_a_name_for_a_name_and_no_expression() -> None:
    # As a regular expression, which apt-get falls back to, it would be coreutils.
    command = debian.Debian().install(("coreutil.",), None)[1]
    done = _sh(f"{command.replace(' -q ', ' -q -s ', 1)} 2>&1")
    assert done.returncode == 100
    assert "E: Unable to locate package coreutil." in done.stdout.splitlines()
    assert "regex" not in done.stdout


def test_what_a_person_types_to_install() -> None:
    extra = base.Repository("epel-release", "epel")
    debian, el = families.of("debian"), families.of("rhel")
    assert debian
    assert el
    assert debian.install_by_hand(("a", "b"), extra) == (
        "apt-get update",
        "apt-get install -y --no-install-recommends a b",
    )
    assert el.install_by_hand(("a", "b"), None) == ("dnf install -y a b",)
    assert el.install_by_hand(("a",), extra) == (
        "dnf install -y epel-release",
        "sed -i 's/^enabled *= *1/enabled=0/' /etc/yum.repos.d/epel*.repo",
        "dnf install -y --enablerepo=epel a",
    )


def test_what_a_person_types_after_the_installer() -> None:
    debian, el = families.of("debian"), families.of("rhel")
    assert debian
    assert el
    typed = debian.prepare_by_hand(selinux=True)
    assert "selinux-activate" in typed
    assert typed[-1] == "reboot"
    assert "selinux" not in "\n".join(debian.prepare_by_hand(selinux=False))
    assert el.prepare_by_hand(selinux=True) == ()
