"""VMware vSphere: machines on a vCenter, through pyVmomi, for classes that outgrow one machine."""

from labkit.providers.vsphere.provider import Provider

__all__ = ["Provider"]
