"""Vagrant, as both of its providers need it: python-vagrant with its gaps closed."""

from labkit.vagrant.tool import Vagrant

__all__ = ["Vagrant"]
