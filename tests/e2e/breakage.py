"""Much that can break on the ansible machine of the default lab, and what verify calls that."""

from __future__ import annotations

# What 'lab.explain' prints restores all of this. It cannot restore a private key that is gone.
SCRIPT = """
set -e
printf 'broken\\n' > /etc/hostname
printf broken > /proc/sys/kernel/hostname
sed -i 's/192.168.56.51/192.168.56.99/' /etc/hosts
printf '127.0.1.1 ansible-01\\n' >> /etc/hosts
rm /etc/sysctl.d/90-labkit-ipv6.conf
sysctl -qw net.ipv6.conf.lo.disable_ipv6=0
rm /etc/NetworkManager/conf.d/90-labkit-loopback.conf
sed -i 's/^SELINUX=.*/SELINUX=enforcing/' /etc/selinux/config
timedatectl set-timezone America/Lima
: > /root/.ssh/authorized_keys
nmcli connection modify nat ipv4.dns 192.0.2.1 connection.autoconnect no
nmcli connection delete hostonly
rm -r /root/k8s-manual /root/.ssh/known_hosts /root/.ssh/config /root/.ssh/id_ed25519.pub
chmod 0644 /root/.ssh/id_ed25519
date -s '+1 hour'
"""

CHECKS = {
    "hostname", "hosts", "sysctl", "file", "selinux", "time_zone", "clock", "authorized_key",
    "connection", "known_hosts", "directory",
}  # fmt: skip
