#!/bin/sh
# A libvirtd in namespaces of its own: libvirtd.sh FOLDER, run by unshare --net --mount --pid.
# What it writes goes into FOLDER, its networks exist only here, and the kernel ends all of it with
# this process. Its machines have this host as gateway and DNS forwarder, and nobody beyond.
set -eu
folder=$1
ours=$(dirname "$(readlink -f "$0")")

mount --make-rprivate /
mount -t tmpfs tmpfs /run
for name in lib log cache; do
	mkdir "$folder/$name"
	mount --bind "$folder/$name" "/var/$name/libvirt"
done
mkdir "$folder/etc"
mount --bind "$folder/etc" /etc/libvirt
mkdir -p /var/lib/libvirt/images /var/lib/libvirt/dnsmasq /var/lib/libvirt/boot

# Debian makes this user with the package that starts the service, and libvirtd asks for it at once.
for name in passwd group; do
	cp "/etc/$name" "$folder/$name"
done
grep -q ^libvirt-qemu: /etc/group || echo libvirt-qemu:x:64055: >> "$folder/group"
grep -q ^libvirt-qemu: /etc/passwd ||
	echo libvirt-qemu:x:64055:64055::/nonexistent:/bin/false >> "$folder/passwd"
for name in passwd group; do
	mount --bind "$folder/$name" "/etc/$name"
done

cat > /etc/libvirt/qemu.conf <<-'END'
	security_driver = "none"
	user = "root"
	group = "root"
	cgroup_controllers = []
	namespaces = []
	remember_owner = 0
END
cat > /etc/libvirt/libvirtd.conf <<-'END'
	unix_sock_group = "root"
	auth_unix_ro = "none"
	auth_unix_rw = "none"
END

# Whatever the package mirrors of the image are called, all names lead here, to servers that answer
# every question. dnsmasq(8) reads both files.
echo '127.0.0.1 localhost' > "$folder/hosts"
echo 'nameserver 198.51.100.1' > "$folder/resolv.conf"
mount --bind "$folder/hosts" /etc/hosts
mount --bind "$folder/resolv.conf" "$(readlink -f /etc/resolv.conf)"
ip link set lo up
ip address add 198.51.100.1/32 dev lo

virtlogd --daemon
libvirtd --daemon
exec python3 "$ours/libvirtd_init.py"
