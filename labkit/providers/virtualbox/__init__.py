"""Machines of VirtualBox, made by Vagrant and looked after by VBoxManage."""

from labkit.providers.virtualbox.provider import Provider

__all__ = ["Provider"]
