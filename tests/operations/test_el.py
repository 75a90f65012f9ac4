"""The packages operation on Enterprise Linux: its own probe and commands, by a real dnf and rpm.

dnf, rpm and createrepo_c are Debian's; the machine is a sandbox that says it is AlmaLinux, with
two repositories on its own disk: `base`, switched on, and `epel`, which epel-release describes.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from labkit import operations, shell

if TYPE_CHECKING:
    import contextlib
    import pathlib
    from collections.abc import Callable

    from conftest import Sandbox

    from labkit.operations import base

    Sandboxes = Callable[[], contextlib.AbstractContextManager[Sandbox]]
    Place = Callable[[str, bytes | None], str]

_TOOLS = ("dnf", "rpm", "rpmbuild", "createrepo_c")

_OS_RELEASE = 'NAME="AlmaLinux"\nID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\n'

# AlmaLinux 9's /etc/dnf/dnf.conf, but for the signatures.
_DNF_CONF = (
    "[main]\ngpgcheck=0\ninstallonly_limit=3\nclean_requirements_on_remove=True\nbest=True\n"
    "skip_if_unavailable=False\n"
)

_PRIVATE = "for folder in /var/cache /var/lib /var/log /run; do mount -t tmpfs tmpfs $folder; done"

_SPEC = """\
Name: {name}
Version: 1
Release: 1
Summary: A package for a test
License: Public Domain
BuildArch: noarch
%description
A package for a test.
%install
mkdir -p %{{buildroot}}{parent}
cp {source} %{{buildroot}}{file}
%files
%config(noreplace) {file}
"""


def _repository(name: str, *, enabled: bool) -> str:
    return (
        f"[{name}]\nname={name}\nbaseurl=file:///srv/{name}\nenabled={enabled:d}\n"
        "gpgcheck=0\nmetadata_expire=1\n"
    )


def _build(folder: pathlib.Path, repository: str, name: str, file: str, content: str) -> str:
    """Write a package's source, and return shell text that builds it into a repository."""
    source = folder / f"{name}.content"
    source.write_text(content, encoding="utf-8")
    spec = folder / f"{name}.spec"
    parent = file.rpartition("/")[0]
    spec.write_text(_SPEC.format(name=name, parent=parent, file=file, source=source))
    defines = {
        "_topdir": folder / "build",
        "_rpmdir": folder / repository,
        "_dbpath": folder / "db",
    }
    options = (word for key, value in defines.items() for word in ("--define", f"{key} {value}"))
    return shell.argv("rpmbuild", "-bb", "--quiet", *options, spec)


@pytest.fixture(scope="session")
def repositories(sandboxes: Sandboxes, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Build the packages of both repositories, once for all tests."""
    if absent := [tool for tool in _TOOLS if not shutil.which(tool)]:
        pytest.skip(f"not installed: {', '.join(absent)} (packages dnf, rpm, createrepo-c)")
    folder = tmp_path_factory.mktemp("repositories")
    epel = _repository("epel", enabled=True)
    with sandboxes() as sandbox:
        sandbox.must(
            _build(folder, "base", "tree", "/srv/installed/tree", "tree"),
            _build(folder, "base", "epel-release", "/etc/yum.repos.d/epel.repo", epel),
            _build(folder, "epel", "ansible", "/srv/installed/ansible", "ansible"),
            _build(folder, "epel", "only-in-epel", "/srv/installed/only-in-epel", "x"),
            shell.argv("createrepo_c", "-q", folder / "base"),
            shell.argv("createrepo_c", "-q", folder / "epel"),
        )
    return folder


@pytest.fixture
def el(sandbox: Sandbox, place: Place, repositories: pathlib.Path) -> Sandbox:
    """Make the sandbox a machine of the family."""
    sandbox.must(
        f"{_PRIVATE}\nrm -rf /etc/dnf/vars /etc/yum.repos.d\nmkdir -p /etc/dnf/vars",
        place("/etc/os-release", _OS_RELEASE.encode()),
        place("/etc/dnf/dnf.conf", _DNF_CONF.encode()),
        place("/etc/dnf/vars/releasever", b"9\n"),
        place("/etc/yum.repos.d/base.repo", _repository("base", enabled=True).encode()),
        shell.argv("cp", "-r", repositories / "base", repositories / "epel", "/srv"),
    )
    return sandbox


def _packages(*names: str, epel: tuple[str, ...] = ()) -> base.AnyOperation:
    own: dict[str, object] = {"present": epel}
    if epel:
        own |= {"repository": "epel", "repository_package": "epel-release"}
    return operations.kinds()["packages"].model_validate({"present": names, "el": own})


def _apply(machine: Sandbox, operation: base.AnyOperation) -> tuple[int, str]:
    """Probe once, run the commands that follow, and return their status and what they said."""
    changes = operation.changes(*machine.must(operation.probe()))
    assert changes
    (answer,) = machine.run(" &&\n".join(each for change in changes for each in change.commands))
    return answer.status, answer.output


def test_a_package_is_installed_and_then_there_is_nothing_to_do(el: Sandbox) -> None:
    settled = el.settle([(":", _packages("tree"))])[0]
    assert [change.after for change in settled.changes] == ["tree"]
    assert (settled.applied.status, settled.again) == (0, ())
    assert el.must("rpm -q --qf '%{NAME}' tree; cat /srv/installed/tree") == ("treetree",)


def test_ansible_comes_from_epel_which_stays_off(el: Sandbox) -> None:
    settled = el.settle([(":", _packages("tree", epel=("ansible",)))])[0]
    assert [change.after for change in settled.changes] == ["tree ansible"]
    assert (settled.applied.status, settled.again) == (0, ())
    installed, repository = el.must("ls /srv/installed", "cat /etc/yum.repos.d/epel.repo")
    assert installed.split() == ["ansible", "tree"]
    assert repository == _repository("epel", enabled=False)
    # What only EPEL has is not there for an installation that does not ask for EPEL.
    status, said = _apply(el, _packages("only-in-epel"))
    assert (status, said) == (1, "Error: Unable to find a match: only-in-epel\n")
    # Somebody switched it on: the next installation from it switches it off.
    el.must("sed -i 's/^enabled=0/enabled = 1/' /etc/yum.repos.d/epel.repo")
    assert _apply(el, _packages(epel=("ansible", "only-in-epel")))[0] == 0
    assert el.must("cat /etc/yum.repos.d/epel.repo") == (_repository("epel", enabled=False),)


def test_a_missing_package_fails_and_installs_nothing(el: Sandbox) -> None:
    status, said = _apply(el, _packages("tree", "no-such-package"))
    assert (status, said) == (1, "Error: Unable to find a match: no-such-package\n")
    assert el.must("rpm -qa") == ("",)


def test_a_repository_that_does_not_answer_is_named(el: Sandbox) -> None:
    el.must("rm -rf /srv/base")
    status, said = _apply(el, _packages("tree"))
    assert status == 1
    assert "Failed to download metadata for repo 'base'" in said


_SIGN = """
export GNUPGHOME=/srv/gpg
mkdir -m 0700 /srv/gpg
cp -r /srv/epel /srv/signed
exec 2>&1
gpg="gpg --batch --quiet --pinentry-mode loopback --passphrase ''"
eval "$gpg --quick-generate-key lab rsa2048 sign never"
rpmsign --define '_gpg_name lab' --define "__gpg $(command -v gpg)" --addsign /srv/signed/noarch/*
createrepo_c -q /srv/signed
gpgconf --kill all
"""


def _lab(**own: object) -> base.AnyOperation:
    return operations.kinds()["repository"].model_validate({"name": "lab", "el": own})


def test_a_repository_stays_and_only_its_key_is_trusted(el: Sandbox) -> None:
    if absent := [tool for tool in ("gpg", "rpmsign") if not shutil.which(tool)]:
        pytest.skip(f"not installed: {', '.join(absent)} (packages gpg, rpm)")
    _, key = el.must(_SIGN, "GNUPGHOME=/srv/gpg gpg --batch --armor --export lab")
    signed = _lab(baseurl="file:///srv/signed", gpgkey=key)
    for operation in (signed, _packages("only-in-epel")):
        (settled,) = el.settle([(":", operation)])
        assert (settled.applied.status, settled.again) == (0, ()), settled
    assert el.must("rpm -qa --qf '%{NAME} ' | tr ' ' '\\n' | grep -v gpg-pubkey") == (
        "only-in-epel\n",
    )
    # The same place, but packages that nobody has signed.
    (settled,) = el.settle([(":", _lab(baseurl="file:///srv/epel", gpgkey=key))])
    assert [change.subject for change in settled.changes] == ["/etc/yum.repos.d/lab.repo"]
    assert settled.again == ()
    status, said = _apply(el, _packages("ansible"))
    assert status == 1
    assert "is not signed" in said


def test_an_unsigned_repository_is_said_to_be_one_and_can_be_off(el: Sandbox) -> None:
    arguments = {"baseurl": "file:///srv/epel", "gpgcheck": False, "options": {"exclude": "x y"}}
    (off,) = el.settle([(":", _lab(**arguments, enabled=False))])
    assert (off.applied.status, off.again) == (0, ())
    status, said = _apply(el, _packages("ansible"))
    assert (status, said) == (1, "Error: Unable to find a match: ansible\n")
    (on,) = el.settle([(":", _lab(**arguments))])
    assert (on.applied.status, on.again) == (0, ())
    assert _apply(el, _packages("ansible"))[0] == 0
