"""The names of machines in Vagrant's log, as the real one wrote it."""

from __future__ import annotations

from labkit.vagrant import journal

LOG = """\
 INFO global: VAGRANT_LOG="info"
 INFO subprocess: Starting process: ["/usr/bin/VBoxManage", "--version"]
 INFO subprocess: Starting process: ["/usr/bin/VBoxManage", "import", "/home/me/.vagrant.d/boxes/x/\
box.ovf", "--vsys", "0", "--vmname", "packer-x_1764230000000_17", "--vsys", "0", "--unit", "9"]
 INFO subprocess: Starting process: ["/usr/bin/VBoxManage", "clonevm", "0e1c0a5a", "--register",\
 "--name", "temp_clone_1764230000123_4711", "--snapshot", "base", "--options", "link"]
 INFO subprocess: Starting process: ["/usr/bin/VBoxManage", "modifyvm", "1d", "--name", "first-x"]
 INFO interface: info: ==> x: "--name", "not-made"
"""


def test_what_was_cloned_or_imported() -> None:
    assert journal.names(LOG) == {"packer-x_1764230000000_17", "temp_clone_1764230000123_4711"}


def test_a_log_that_ends_in_the_middle() -> None:
    assert journal.names(LOG[: LOG.index('_4711"')]) == {"packer-x_1764230000000_17"}
    assert journal.names("") == set()
