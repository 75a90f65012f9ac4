"""A package repository: a file in /etc/apt/sources.list.d or /etc/yum.repos.d, and its key."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, ClassVar

import pydantic

from labkit import families, shell
from labkit.operations import base, packages, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.families import base as family_base

_ARMOUR = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
_KEY = _ARMOUR + r"\n[\n -~]*\n-----END PGP PUBLIC KEY BLOCK-----\s*"

# Words that several families' formats separate by spaces, one of them by commas too.
_Url = Annotated[str, text.matching(r"[a-z][a-z0-9+.-]*:[^\s\x00,]+", "a URL")]
_Word = Annotated[str, text.matching(r"[^\s\x00]+", "a word without spaces")]
_Value = Annotated[str, text.matching(r"[^\s\x00]([^\x00\r\n]*[^\s\x00])?", "a value in one line")]
_Keyring = Annotated[
    str,
    text.matching(rf"/[^\s\x00,]+|{_KEY}", "an armoured public key or the path of a keyring"),
]
_KeyOrUrl = Annotated[
    str,
    text.matching(rf"[a-z][a-z0-9+.-]*:[^\s\x00,]+|{_KEY}", "an armoured public key or a URL"),
]
_Field = Annotated[str, text.matching(r"[A-Z][A-Za-z-]*", "a field such as 'Architectures'")]
_Option = Annotated[str, text.matching(r"[a-z][a-z0-9_]*", "an option such as 'exclude'")]

# Fields that labkit writes itself, and those by which apt would trust what nobody has signed.
_FIELDS = frozenset(
    (
        *("allow-downgrade-to-insecure", "allow-insecure", "allow-weak", "components", "enabled"),
        *("signed-by", "suites", "trusted", "types", "uris"),
    )
)
_OPTIONS = frozenset(("baseurl", "enabled", "gpgcheck", "gpgkey", "name", "pkg_gpgcheck"))


def _others(options: Mapping[str, str], own: frozenset[str]) -> None:
    if taken := [name for name in options if name.lower() in own]:
        raise ValueError(f"'{taken[0]}' is not an option: a key of its own says it")


class ForDebian(pydantic.BaseModel):
    """Where the repository is for apt (sources.list(5), DEB822-STYLE FORMAT)."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    uri: _Url
    suite: _Word
    """A suite such as `bookworm`, or a path that ends with `/`."""
    components: tuple[_Word, ...] = ()
    key: _Keyring | None = None
    """The armoured public key, or the path of a keyring that the machine has."""
    unsigned: bool = False
    """Trust what nobody has signed; then there is no key."""
    enabled: bool = True
    options: dict[_Field, _Value] = {}
    """Other fields, such as `Architectures: amd64`."""

    @pydantic.model_validator(mode="after")
    def _complete(self) -> ForDebian:
        if (self.key is None) != self.unsigned:
            raise ValueError("a repository has a 'key', or says 'unsigned: true'")
        if self.suite.endswith("/") == bool(self.components):
            raise ValueError("a suite has 'components', unless it is a path that ends with '/'")
        _others(self.options, _FIELDS)
        return self

    def settings(self) -> dict[str, str]:
        """Return the fields in their order; without the one for an armoured key."""
        fields = {"Types": "deb", "URIs": self.uri, "Suites": self.suite}
        fields["Components"] = " ".join(self.components)
        fields["Enabled"] = "" if self.enabled else "no"
        fields["Trusted"] = "yes" if self.unsigned else ""
        fields["Signed-By"] = "" if self.armoured() else self.key or ""
        return {name: value for name, value in fields.items() if value} | self.options

    def armoured(self) -> str:
        """Return the key as its file holds it; empty when it is none to be written."""
        return _armoured(self.key)


class ForEl(pydantic.BaseModel):
    """Where the repository is for dnf (dnf.conf(5), Repo options)."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    baseurl: _Url
    gpgkey: _KeyOrUrl | None = None
    """The armoured public key, or its URL: `file:///etc/pki/rpm-gpg/...` for one that is there."""
    gpgcheck: bool = True
    """`false` trusts what nobody has signed; then there is no key."""
    enabled: bool = True
    options: dict[_Option, _Value] = {}
    """Other options, such as `exclude: kubelet kubeadm`."""

    @pydantic.model_validator(mode="after")
    def _complete(self) -> ForEl:
        if (self.gpgkey is not None) != self.gpgcheck:
            raise ValueError("a repository has a 'gpgkey', or says 'gpgcheck: false'")
        _others(self.options, _OPTIONS)
        return self

    def settings(self, name: str) -> dict[str, str]:
        """Return the options in their order; without the one for an armoured key."""
        options = {"name": name, "baseurl": self.baseurl, "enabled": f"{self.enabled:d}"}
        options["gpgcheck"] = f"{self.gpgcheck:d}"
        if self.gpgkey and not self.armoured():
            options["gpgkey"] = self.gpgkey
        return options | self.options

    def armoured(self) -> str:
        """Return the key as its file holds it; empty when it is none to be written."""
        return _armoured(self.gpgkey)


@dataclasses.dataclass(frozen=True, slots=True)
class RepositoryState:
    """The machine's family, and the text of each file that should be there (None: no such)."""

    family: family_base.Family
    files: Mapping[str, str | None]


class Repository(base.Operation[RepositoryState]):
    """`repository: {name: lab, debian: {uri: ..., suite: ./, key: ...}, el: {baseurl: ...}}`.

    A family that is left out needs no such repository. The lists of packages are read by the
    `packages` that follow.
    """

    side_effects: ClassVar[bool] = True

    name: Annotated[
        str, text.matching(r"[A-Za-z0-9][A-Za-z0-9_.-]*", "a name such as 'kubernetes'")
    ]
    """The repository's, and that of its files."""
    debian: ForDebian | None = None
    el: ForEl | None = None

    @pydantic.model_validator(mode="after")
    def _some(self) -> Repository:
        if self.debian is None and self.el is None:
            raise ValueError("a repository has 'debian', 'el' or both")
        return self

    def _files(self, family: family_base.Family) -> dict[str, str]:
        if family.name == "debian":
            own, settings = self.debian, self.debian.settings() if self.debian else {}
        else:
            own, settings = self.el, self.el.settings(self.name) if self.el else {}
        return family.describe(self.name, settings, own.armoured()) if own else {}

    def probe(self) -> str:
        """Print the family's words, then each file."""
        return families.choose(lambda family: "; ".join(map(text.show, self._files(family))))

    def read(self, output: str) -> RepositoryState:
        """Read the family and the files."""
        first, *shown = text.split(output) or [""]
        family = packages.read_family(first)
        paths = tuple(self._files(family))
        if len(shown) != len(paths):
            raise base.FactError(f"expected {len(paths)} files, got {output[:200]!r}")
        contents = (text.decode(line, replace=True) for line in shown)
        return RepositoryState(family, dict(zip(paths, contents, strict=True)))

    def diff(self, state: RepositoryState) -> tuple[base.Change, ...]:
        """Write each file that differs, the key before what names it."""
        return tuple(
            base.Change(
                path,
                state.files.get(path) or "",
                content,
                (_folder(path), text.write(path, content)),
            )
            for path, content in self._files(state.family).items()
            if state.files.get(path) != content
        )

    def see(self) -> str:
        """Show the files of either family."""
        paths = (path for family in families.every() for path in self._files(family))
        return shell.argv("cat", *paths)

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Write the files, and read the lists of packages."""
        written: list[str] = []
        for path, content in self._files(family).items():
            written += [_folder(path), text.typed(path, content)]
        return (*written, *family.refresh) if written else ()


def _armoured(key: str | None) -> str:
    return f"{key.strip()}\n" if key and key.startswith(_ARMOUR) else ""


def _folder(path: str) -> str:
    return shell.argv("mkdir", "-p", path.rpartition("/")[0])
