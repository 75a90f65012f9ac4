"""The work that every tool is given: ten things that a machine should be, and what it is before.

Start and end are plain shell, so that no tool is judged by its own eyes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import errors, shell

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJlbmNoYmVuY2hiZW5jaGJlbmNoYmVuY2hiZW5jaGJl student"
RESOLV = "search bench.internal\nnameserver 10.77.0.1\n"
HOSTS = (
    "192.168.56.61 master-01.bench.internal master-01",
    "192.168.56.62 minion-01.bench.internal minion-01",
    "192.168.56.63 minion-02.bench.internal minion-02",
)
PACKAGES = ("iproute2", "openssh-server", "util-linux")

_LF = "\n"
_WRONG_AT_START = 14
"""Lines that the check prints at the start; the packages are there already."""

START = """
set -e
rm -rf /etc/sysctl.d/90-bench.conf /etc/bench.ini /root/.ssh /etc/timezone
rm -f /etc/systemd/system/multi-user.target.wants/bench.service /etc/resolv.conf
rm -f /usr/bin/hostnamectl
echo 0 > /proc/sys/net/ipv4/ip_forward
mkdir -p /etc/selinux /etc/sysctl.d
printf '%s\\n' '# The mode' SELINUX=enforcing SELINUXTYPE=targeted > /etc/selinux/config
printf '%s\\n' '127.0.0.1 localhost' '::1 localhost' > /etc/hosts
echo nameserver 192.0.2.1 > /etc/resolv.conf
printf '%s\\n' '[Unit]' 'Description=Bench' '[Service]' 'ExecStart=/bin/true' \\
    '[Install]' 'WantedBy=multi-user.target' > /etc/systemd/system/bench.service
echo before > /etc/hostname
printf before > /proc/sys/kernel/hostname
ln -sfn /usr/share/zoneinfo/Etc/UTC /etc/localtime
"""
"""Nothing is as wanted, but for the packages: installing them would measure apt-get."""


def ini(name: str) -> str:
    """Return the file that is made from a template."""
    return f"[bench]\nname = {name}\nworkers = 4\nlog = /var/log/bench.log\n"


_CHECK = """
holds() { what=$1; shift; "$@" > /dev/null 2>&1 || echo "$what"; }
is() { [ "$2" = "$3" ] || echo "$1: $2"; }
is 'sysctl file' "$(cat /etc/sysctl.d/90-bench.conf 2>&1 | tr -d ' ')" net.ipv4.ip_forward=1
is 'sysctl value' "$(cat /proc/sys/net/ipv4/ip_forward)" 1
is 'SELinux line' "$(grep ^SELINUX= /etc/selinux/config)" SELINUX=disabled
is 'SELinux type' "$(grep ^SELINUXTYPE= /etc/selinux/config)" SELINUXTYPE=targeted
for line in {hosts}; do holds "hosts: $line" grep -qxF -- "$line" /etc/hosts; done
holds 'hosts: localhost' grep -qxF '127.0.0.1 localhost' /etc/hosts
is 'resolv.conf' "$(cat /etc/resolv.conf)" {resolv}
for name in {packages}; do holds "package $name" dpkg -s "$name"; done
holds 'authorized key' grep -qxF {key} /root/.ssh/authorized_keys
is 'file' "$(cat /etc/bench.ini 2>&1)" {ini}
is 'file mode and owner' "$(stat -c '%a %U' /etc/bench.ini 2>&1)" '640 daemon'
is 'service' "$(readlink /etc/systemd/system/multi-user.target.wants/bench.service)" \\
    /etc/systemd/system/bench.service
is 'host name file' "$(cat /etc/hostname)" {name}
is 'host name' "$(uname -n)" {name}
is 'time zone' "$(readlink /etc/localtime)" /usr/share/zoneinfo/Asia/Tokyo
"""


def check(name: str) -> str:
    """Return shell text that prints a line for each thing that is not as wanted."""
    values: Mapping[str, str] = {
        "hosts": shell.argv(*HOSTS),
        "resolv": shell.quote(RESOLV.rstrip("\n")),
        "packages": shell.argv(*PACKAGES),
        "key": shell.quote(KEY),
        "ini": shell.quote(ini(name).rstrip("\n")),
        "name": shell.quote(name),
    }
    text = _CHECK
    for key, value in values.items():
        text = text.replace(f"{{{key}}}", value)
    return text


def ready(printed: str) -> None:
    """Refuse to begin when something is as wanted already: then it would not be measured.

    Raises:
        errors.LabError: Fewer things are to be changed than should be.
    """
    found = len(printed.splitlines())
    if found != _WRONG_AT_START:
        raise errors.LabError(
            f"at the start {found} things are not as wanted, but {_WRONG_AT_START} should be",
            hint=f"these are: {printed.strip().replace(_LF, '; ')}",
        )


def judge(tool: str, machine: str, printed: str) -> None:
    """Refuse to count a run after which a machine is not as wanted.

    Raises:
        errors.LabError: Names the machine and what is wrong on it.
    """
    if wrong := printed.strip().replace(_LF, "; "):
        raise errors.LabError(
            f"{tool} did not bring {machine} to the end state: {wrong}",
            hint="a run that does not do the work is not measured",
        )
