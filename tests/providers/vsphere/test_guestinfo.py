"""What cloud-init is told."""

from __future__ import annotations

import base64
import json

import yaml

from labkit.images import seed as seeds
from labkit.providers.vsphere import guestinfo
from tests.providers.vsphere import sample

MACS = {"nat": "00:50:56:80:00:01", "hostonly": "00:50:56:80:00:02"}
SEED = seeds.Seed("web-01", "lab", ("ssh-ed25519 AAAA key",), "PRIVATE\n", "ssh-ed25519 BBBB host")


def test_the_network_is_matched_by_the_cards_the_vcenter_made() -> None:
    meta = guestinfo.metadata(sample.MACHINE, MACS)
    assert meta["local-hostname"] == "web-01"
    assert meta["cleanup-guestinfo"] == ["userdata"], "it holds the private host key"
    assert meta["network"] == {
        "version": 2,
        "ethernets": {
            "nat": {
                "match": {"macaddress": "00:50:56:80:00:01"},
                "dhcp4": False,
                "dhcp6": False,
                "addresses": ["10.0.2.51/24"],
                "routes": [{"to": "0.0.0.0/0", "via": "10.0.2.1"}],
                "nameservers": {"addresses": ["10.0.2.1"], "search": ["lab.internal"]},
            },
            "hostonly": {
                "match": {"macaddress": "00:50:56:80:00:02"},
                "dhcp4": False,
                "dhcp6": False,
                "addresses": ["192.168.56.51/24"],
            },
        },
    }


def test_dhcp_is_of_the_first_card_only() -> None:
    network: dict[str, object] = guestinfo.metadata(sample.MACHINE, MACS, dhcp=True)["network"]  # type: ignore[assignment]
    cards = network["ethernets"]
    assert isinstance(cards, dict)
    assert cards["nat"]["dhcp4"] is True
    assert cards["hostonly"]["dhcp4"] is False


def test_both_travel_as_base64() -> None:
    meta = guestinfo.metadata(sample.MACHINE, MACS)
    user = guestinfo.user_data(SEED)
    kept = guestinfo.values(meta, user)
    assert json.loads(base64.b64decode(kept["guestinfo.metadata"])) == meta
    assert base64.b64decode(kept["guestinfo.userdata"]).decode() == user
    assert kept["guestinfo.userdata.encoding"] == "base64"


def test_the_account_and_the_host_key_are_in_the_user_data() -> None:
    said = yaml.safe_load(guestinfo.user_data(SEED))
    assert said["users"][1]["name"] == "lab"
    assert said["ssh_keys"]["ed25519_private"] == "PRIVATE\n"
    assert said["ssh_deletekeys"] is True


def test_the_digest_changes_with_what_is_told_and_not_with_cards() -> None:
    user = guestinfo.user_data(SEED)
    first = guestinfo.digest(sample.MACHINE, user, "cloud-init")
    assert first == guestinfo.digest(sample.MACHINE, user, "cloud-init")
    assert first != guestinfo.digest(sample.MACHINE, f"{user}#", "cloud-init")
    assert first != guestinfo.digest(sample.MACHINE, user, "linuxprep")
