#!/bin/sh
# Runs inside the new tree, after its packages are installed and files/ is unpacked.
set -eu

useradd --create-home --shell /bin/bash --uid 1000 lab
for home in /root /home/lab; do
	install -d -m 700 "$home/.ssh"
	install -m 600 /dev/null "$home/.ssh/authorized_keys"
done
chown -R lab:lab /home/lab/.ssh

# Each machine gets these from its seed; the empty files carry the SELinux labels.
rm -f /etc/ssh/ssh_host_*
install -m 600 /dev/null /etc/ssh/ssh_host_ed25519_key
install -m 644 /dev/null /etc/ssh/ssh_host_ed25519_key.pub
: > /etc/machine-id
install -d /var/lib/labkit

printf 'SELINUX=permissive\nSELINUXTYPE=default\n' > /etc/selinux/config

# Debian keeps these off a plain user's PATH, and a lab wants to look at both.
ln -s ../../sbin/getenforce ../../sbin/sysctl /usr/local/bin/

# A user manager per login costs seconds on an emulated processor and serves nobody here.
if [ -e /usr/share/pam-configs/systemd ]; then
	rm /usr/share/pam-configs/systemd
	pam-auth-update --package
fi

systemctl enable labkit-seed.service
systemctl mask \
	apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
	e2scrub_reap.service ldconfig.service kmod-static-nodes.service modprobe@.service \
	getty@tty1.service wpa_supplicant.service \
	NetworkManager-wait-online.service NetworkManager-dispatcher.service \
	systemd-timesyncd.service systemd-networkd.service systemd-pstore.service \
	systemd-random-seed.service systemd-update-utmp.service systemd-update-utmp-runlevel.service \
	systemd-sysusers.service sys-kernel-debug.mount sys-kernel-tracing.mount \
	systemd-binfmt.service proc-sys-fs-binfmt_misc.automount \
	selinux-autorelabel.service selinux-autorelabel-mark.service
