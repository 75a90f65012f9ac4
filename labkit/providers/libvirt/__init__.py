"""Machines of the host's libvirt: made by Vagrant, looked at and led by virsh."""

from labkit.providers.libvirt.provider import Provider

__all__ = ["Provider"]
