"""Files and commands that differ between families, to the letter."""

from __future__ import annotations

import subprocess

import pytest

from labkit import families
from labkit.families import base, debian, el


def _printed(text: str) -> str:
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_a_family_is_chosen_on_the_machine() -> None:
    first, *rest = _printed(families.choose(lambda family: f"echo {family.name}")).splitlines()
    found = families.of(first)
    assert rest == ([found.name] if found else [])
    assert _printed(families.choose(lambda _: "")).splitlines() == [first]


@pytest.mark.parametrize("family", families.every(), ids=lambda family: family.name)
def test_no_boot_loader_prints_nothing(family: base.Family) -> None:
    assert _printed(f"PATH=/nowhere\n{family.boot_lines()}") == ""


def test_debian_keeps_keys_beside_and_names_them() -> None:
    settings = {"Types": "deb", "URIs": "https://example/"}
    assert debian.Debian().describe("lab", settings, "KEY\n") == {
        "/etc/apt/keyrings/lab.asc": "KEY\n",
        "/etc/apt/sources.list.d/lab.sources": (
            "Types: deb\nURIs: https://example/\nSigned-By: /etc/apt/keyrings/lab.asc\n"
        ),
    }
    assert debian.Debian().describe("lab", settings, "") == {
        "/etc/apt/sources.list.d/lab.sources": "Types: deb\nURIs: https://example/\n"
    }


def test_el_keeps_keys_beside_and_names_them() -> None:
    assert el.El().describe("lab", {"name": "lab"}, "KEY\n") == {
        "/etc/pki/rpm-gpg/RPM-GPG-KEY-lab": "KEY\n",
        "/etc/yum.repos.d/lab.repo": (
            "[lab]\nname=lab\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-lab\n"
        ),
    }
    assert el.El().describe("lab", {"name": "lab"}, "") == {
        "/etc/yum.repos.d/lab.repo": "[lab]\nname=lab\n"
    }


def test_el_takes_words_from_every_kernel_line() -> None:
    assert el.El().drop_boot_words(("selinux=0", "enforcing=1")) == (
        "grubby --update-kernel ALL --remove-args 'selinux=0 enforcing=1'",
    )


def test_each_family_has_a_firewall_of_its_own() -> None:
    assert [family.firewall for family in families.every()] == ["nftables", "firewalld"]
