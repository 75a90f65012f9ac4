"""Profiles: desired state as data, a YAML file each, filled in for one machine."""
