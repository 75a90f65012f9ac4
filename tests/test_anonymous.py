"""What says who made a text is replaced; what says how the lab is stays."""

from __future__ import annotations

import ipaddress
import json

import pytest

from labkit import anonymous

_KEY = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ"
_PUBLIC = "AAAAC3NzaC1lZDI1NTE5AAAAIN1YdxBpNlzxDqfJyw"


def _make() -> anonymous.Anonymiser:
    return anonymous.Anonymiser(
        anonymous.Known(
            users=("tanaka", "root", ""),
            hosts=("lecturer-pc.example.ac.jp", "lecturer-pc"),
            folders={"/home/tanaka": "HOME", "/home/tanaka/labs/k8s": "LAB-FOLDER"},
            secrets=("hunter2-hunter2", "abc", _KEY),
            networks=(ipaddress.IPv4Network("192.168.56.0/24"),),
            macs=("02:00:00:00:00:01",),
        )
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # people and places
        ("user tanaka, group Tanaka", "user USER, group USER"),
        ("tanaka_1 of tanakaya", "USER_1 of tanakaya"),
        ("root runs lab.up", "root runs lab.up"),
        ("on lecturer-pc.example.ac.jp and lecturer-pc:22", "on HOST and HOST:22"),
        ("/home/tanaka/labs/k8s/.lab /home/tanaka/x", "LAB-FOLDER/.lab HOME/x"),
        ("/home/tanaka2/x and /Users/sato/y", "/home/USER/x and /Users/USER/y"),
        (r"C:\\Users\\sato\\x".replace("\\\\", "\\"), r"C:\Users\USER\x"),
        ("mail t.sato@example.ac.jp now", "mail MAIL now"),
        # addresses
        ("192.168.56.61 127.0.0.1 0.0.0.0 255.255.255.0 239.1.2.3",) * 2,
        ("10.194.5.11:53, 10.194.5.12 and 10.194.5.11", "ADDRESS-1:53, ADDRESS-2 and ADDRESS-1"),
        ("999.1.1.1 and version 1.2.3",) * 2,
        ("::1 fe80::1234 and 12:34:56", "::1 ADDRESS-1 and 12:34:56"),
        ("2001:db8::1/64", "ADDRESS-1/64"),
        ("02:00:00:00:00:01 aa:bb:cc:dd:ee:FF", "02:00:00:00:00:01 CARD-1"),
        # keys
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nMIIx\n-----END OPENSSH PRIVATE KEY-----\nafter",
         "PRIVATE-KEY\nafter"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIcut off", "PRIVATE-KEY"),
        (f"ssh-ed25519 {_PUBLIC} sato@desk", "ssh-ed25519 KEY"),
        (f"no key: {_KEY}", "no key: ***"),
        ("SHA256:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg", "SHA256:KEY"),
        # secrets
        ("it is hunter2-hunter2!", "it is ***!"),
        ("abc is too short", "abc is too short"),
        ("password: geheim", "password: ***"),
        ("DB_PASSWORD='ge heim' x", "DB_PASSWORD=*** x"),
        ('"api_key": "x y", "b": 1', '"api_key": ***, "b": 1'),
        ("--token abcdef --yes", "--token *** --yes"),
        ("https://me:pw@mirror.example/debian", "https://***@mirror.example/debian"),
        ("passed 12 checks, no secrets",) * 2,
    ],
)  # fmt: skip
def test_texts(text: str, expected: str) -> None:
    assert _make().text(text) == expected


def test_documents() -> None:
    hide = _make()
    found = hide.document(
        {
            "tanaka": ["10.1.1.1", 3, None, True],
            "password": "geheim",
            "tokens": {"api-key": "geheim", "n": "x"},
            "said": 'curl -H "token: \\"ge heim\\" x"',
        }
    )
    assert found == {
        "USER": ["ADDRESS-1", 3, None, True],
        "password": "***",
        "tokens": {"api-key": "***", "n": "x"},
        "said": 'curl -H "token: *** x"',
    }


def test_lines_of_json() -> None:
    line = json.dumps(
        {"text": "a\n-----BEGIN X PRIVATE KEY-----\nMII\n-----END X PRIVATE KEY-----"}
    )
    text = f"{line}\ncut off for tanaka\n"
    assert _make().lines(text) == '{"text": "a\\nPRIVATE-KEY"}\ncut off for USER\n'


def test_what_was_replaced_is_counted() -> None:
    hide = _make()
    hide.text("tanaka at 10.1.1.1, 10.1.1.2 and 127.0.0.1")
    hide.document({"password": "x"})
    counts = {kind: count for kind, count in hide.counts.items() if count}
    assert counts == {"user names": 1, "addresses": 2, "secrets": 1}


def test_the_same_address_has_the_same_name_in_all_texts() -> None:
    hide = _make()
    assert hide.text("10.1.1.1") == hide.text("10.1.1.1") == "ADDRESS-1"
    assert hide.text("10.1.1.2") == "ADDRESS-2"
