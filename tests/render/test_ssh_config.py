from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.providers import base
from labkit.render import ssh_config

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

FOLDER = pathlib.PurePosixPath("/home/a b/100% it's #1/.lab")


def _endpoint(
    machine: str, port: int, folder: str = str(FOLDER), user: str = "lab"
) -> base.Endpoint:
    return base.Endpoint(
        machine=machine,
        host="127.0.0.1",
        port=port,
        user=user,
        key=pathlib.Path(folder) / "id_ed25519",
        known_hosts=pathlib.Path(folder) / "known_hosts",
    )


def test_text() -> None:
    text = ssh_config.render("k8s", [_endpoint("b", 2), _endpoint("a", 1, "/lab")])
    first, second = text.split("\n\n")[1:]
    assert text.startswith("# Written by labkit. Use: ssh -F THIS-FILE MACHINE\n\nHost a k8s-a\n")
    assert first.splitlines() == [
        "Host a k8s-a",
        "    HostName 127.0.0.1",
        "    Port 1",
        "    User lab",
        '    IdentityFile "/lab/id_ed25519"',
        "    IdentitiesOnly yes",
        "    IdentityAgent none",
        '    UserKnownHostsFile "/lab/known_hosts"',
        "    StrictHostKeyChecking yes",
        "    ForwardAgent no",
        "    ProxyJump none",
        "    LogLevel ERROR",
    ]
    assert second.startswith("Host b k8s-b\n")


@pytest.mark.parametrize("alias", ["master-01", "k8s-master-01"])
def test_ssh_reads_what_is_meant(
    tmp_path: pathlib.Path, run: Callable[..., subprocess.CompletedProcess[str]], alias: str
) -> None:
    path = tmp_path / "ssh_config"
    endpoints = [_endpoint("master-01", 11061), _endpoint("minion-01", 11062, user="other")]
    path.write_text(ssh_config.render("k8s", endpoints), encoding="utf-8")

    answer = run("ssh", "-G", "-F", str(path), alias)

    assert answer.stderr == ""
    lines = answer.stdout.splitlines()
    settings = dict(line.split(" ", 1) for line in lines if " " in line)
    # -G prints an IdentityFile before tokens are expanded, and a UserKnownHostsFile afterwards.
    settings["identityfile"] = settings["identityfile"].replace("%%", "%")
    expected = {
        "hostname": "127.0.0.1",
        "port": "11061",
        "user": "lab",
        "identityfile": f"{FOLDER}/id_ed25519",
        "identitiesonly": "yes",
        "userknownhostsfile": f"{FOLDER}/known_hosts",
        "stricthostkeychecking": "true",
        "forwardagent": "no",
        "loglevel": "ERROR",
    }
    assert {key: settings[key] for key in expected} == expected
    assert sum(line.startswith("identityfile ") for line in lines) == 1


def test_other_hosts_are_left_alone(
    tmp_path: pathlib.Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    path = tmp_path / "ssh_config"
    path.write_text(ssh_config.render("k8s", [_endpoint("master-01", 11061)]), encoding="utf-8")
    answer = run("ssh", "-G", "-F", str(path), "master-012")
    assert "port 22" in answer.stdout.splitlines()


@pytest.mark.parametrize("text", ["*", "a b", "!a", "a\nHost *", "", "-oProxyCommand=x", "a%h"])
def test_refuses_names_that_mean_more_to_ssh(text: str) -> None:
    with pytest.raises(errors.LabError) as caught:
        ssh_config.render("k8s", [_endpoint(text, 1)])
    assert caught.value.message == f"{text!r} cannot be written in an ssh_config"
    assert caught.value.hint == "names are letters, digits, dots and hyphens"


@pytest.mark.parametrize("part", ['"', "\\", "\n", "\x7f", "${"])
def test_refuses_paths_that_ssh_cannot_read(part: str) -> None:
    folder = f"/a{part}HOME}}b"
    with pytest.raises(errors.LabError) as caught:
        ssh_config.render("k8s", [_endpoint("a", 1, folder)])
    assert caught.value.message == (
        f"the path {folder + '/id_ed25519'!r} cannot be written in an ssh_config,"
        f" because of {part!r}"
    )
    assert caught.value.hint == "move the lab to a folder whose path has no such character"
