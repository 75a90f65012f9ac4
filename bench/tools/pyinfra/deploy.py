"""The benchmark's ten operations, as a pyinfra deploy."""

# pyinfra is in the virtual environment of the peers only.
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false

from pyinfra import host
from pyinfra.operations import apt, files, server

server.sysctl(
    name="The machine routes",
    key="net.ipv4.ip_forward",
    value=1,
    persist=True,
    persist_file="/etc/sysctl.d/90-bench.conf",
)
files.line(
    name="SELinux is off from the next boot on",
    path="/etc/selinux/config",
    line="^SELINUX=.*",
    replace="SELINUX=disabled",
)
files.block(
    name="Machines find each other by name",
    path="/etc/hosts",
    content="192.168.56.61 master-01.bench.internal master-01\n"
    "192.168.56.62 minion-01.bench.internal minion-01\n"
    "192.168.56.63 minion-02.bench.internal minion-02",
)
files.put(
    name="Names are asked of the lab's server",
    src="templates/resolv.conf",
    dest="/etc/resolv.conf",
    mode="644",
)
apt.packages(
    name="Tools that everybody needs", packages=["iproute2", "openssh-server", "util-linux"]
)
server.user_authorized_keys(
    name="A student may log in",
    user="root",
    public_keys=[
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJlbmNoYmVuY2hiZW5jaGJlbmNoYmVuY2hiZW5jaGJl student"
    ],
)
files.template(
    name="A program's settings",
    src="templates/bench.ini.j2",
    dest="/etc/bench.ini",
    mode="640",
    user="daemon",
)
files.link(
    name="A service that starts at boot",
    path="/etc/systemd/system/multi-user.target.wants/bench.service",
    target="/etc/systemd/system/bench.service",
)
server.hostname(name="Machines are told apart by their names", hostname=host.data.machine)
files.link(
    name="Times in logs are local",
    path="/etc/localtime",
    target="/usr/share/zoneinfo/Asia/Tokyo",
)
