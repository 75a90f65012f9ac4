"""Take out of texts what says who made them, and whatever may be a key or a secret.

What is replaced is replaced everywhere by the same word, so that a reader can still see that two
lines speak of the same address.
"""

from __future__ import annotations

import collections
import dataclasses
import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Replacement: TypeAlias = Callable[[re.Match[str]], str]

SECRET = "***"  # noqa: S105 - what stands in the place of one
_SHORT = 4
"""Characters; what is shorter is no secret, and taking it out would leave no text."""

_SECRET_WORD = r"(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|credential)s?"  # noqa: S105
_SECRET_KEY = re.compile(rf"(?i)(?:^|[_.-]){_SECRET_WORD}(?:$|[_.-])")
_ASSIGNED = re.compile(
    rf"(?i)((?<![a-z]){_SECRET_WORD}\b[\"']?\s*[:=]\s*)(\\*\"[^\"\n]*\"|'[^'\n]*'|[^\s,;}}\]]+)"
)
_OPTION = re.compile(rf"(?i)(--{_SECRET_WORD}\s+)(\\*\"[^\"\n]*\"|'[^'\n]*'|\S+)")
_PRIVATE = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_PUBLIC = re.compile(
    r"\b((?:ssh|ecdsa|sk)-[a-z0-9@.-]+) (AAAA[A-Za-z0-9+/]{8,}={0,3})(?: +[^\s\"',]+@[^\s\"',]+)?"
)
_FINGERPRINT = re.compile(r"\b(SHA256|MD5):[A-Za-z0-9+/=:]{20,}")
_IN_URL = re.compile(r"(?<=://)[^/\s@\"']+(?=@)")
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
_HOME = re.compile(r"(?<=/home/)[^/\s\"':,]+|(?<=/Users/)[^/\s\"':,]+|(?<=\\Users\\)[^\\\s\"':,]+")
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:)[0-9A-Fa-f:]{3,39}(?![\w:])")
_MAC = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:])")
_OURS = frozenset({"root", "lab", "labkit", "nobody", "vagrant", "ansible", "localhost"})
"""Names that say of nobody who it is."""


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """What is known about the host and the lab, and decides what is replaced."""

    users: Sequence[str] = ()
    hosts: Sequence[str] = ()
    folders: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    """Paths, and the words to put in their place."""
    secrets: Sequence[str] = ()
    """Texts that must not appear, whatever stands around them."""
    networks: Sequence[ipaddress.IPv4Network] = ()
    """The lab's own networks; their addresses say nothing about anybody."""
    macs: Sequence[str] = ()
    """The lab's own cards."""


class Anonymiser:
    """Replaces, and counts what it replaced."""

    def __init__(self, known: Known) -> None:
        """Prepare the patterns."""
        self._known = known
        self._words: dict[tuple[str, str], str] = {}
        self.counts: collections.Counter[str] = collections.Counter()
        """How often each kind of thing was replaced."""
        folders = sorted(known.folders.items(), key=lambda pair: -len(pair[0]))
        self._folders = [(re.compile(re.escape(path) + r"(?![\w.-])"), to) for path, to in folders]
        self._users = _whole_words(known.users)
        self._hosts = _whole_words(known.hosts)
        self._secrets = sorted({each for each in known.secrets if len(each) >= _SHORT}, key=len)

    def secrets(self, text: str) -> str:
        """Return a text without secrets; who and where stay."""
        for each in reversed(self._secrets):  # the longest first: one may hold another
            text = self._literally("secrets", each, SECRET, text)
        text = self._replace("keys", _PRIVATE, text, lambda _: "PRIVATE-KEY")
        text = self._replace("secrets", _IN_URL, text, lambda _: SECRET)
        for pattern in (_ASSIGNED, _OPTION):
            text = self._replace("secrets", pattern, text, lambda found: f"{found[1]}{SECRET}")
        return text

    def text(self, text: str) -> str:
        """Return a text without what says who or where, and without secrets."""
        text = self.secrets(text)
        text = self._replace("keys", _PUBLIC, text, lambda found: f"{found[1]} KEY")
        text = self._replace("keys", _FINGERPRINT, text, lambda found: f"{found[1]}:KEY")
        text = self._replace("addresses of mail", _EMAIL, text, lambda _: "MAIL")
        for folder, to in self._folders:
            text = self._replace("folders", folder, text, _always(to))
        text = self._replace("user names", _HOME, text, lambda _: "USER")
        if self._hosts:
            text = self._replace("host names", self._hosts, text, lambda _: "HOST")
        if self._users:
            text = self._replace("user names", self._users, text, lambda _: "USER")
        text = self._replace("addresses", _MAC, text, lambda found: self._mac(found[0]))
        text = self._replace("addresses", _IPV4, text, lambda found: self._address(found[0]))
        return self._replace("addresses", _IPV6, text, lambda found: self._address(found[0]))

    def document(self, value: Any, key: str = "") -> Any:  # noqa: ANN401 - JSON holds anything
        """Return a JSON document without it; of keys that name a secret no value stays."""
        match value:
            case str() if value and _SECRET_KEY.search(key):
                self.counts["secrets"] += 1
                return SECRET
            case str():
                return self.text(value)
            case dict():
                pairs = cast("dict[str, Any]", value).items()
                return {self.text(name): self.document(each, name) for name, each in pairs}
            case list():
                items = cast("list[Any]", value)
                # In a command line the word before says what the next one is.
                before = ["", *(each if isinstance(each, str) else "" for each in items)]
                keys = (word.lstrip("-") if word.startswith("-") else key for word in before)
                return [self.document(each, name) for each, name in zip(items, keys, strict=False)]
            case _:
                return value

    def lines(self, text: str) -> str:
        """Return JSON lines without it; a line that is none is treated as text."""
        found: list[str] = []
        for line in text.splitlines():
            try:
                found.append(json.dumps(self.document(json.loads(line))))
            except ValueError:
                found.append(self.text(line))
        return "".join(f"{line}\n" for line in found)

    def _literally(self, kind: str, what: str, to: str, text: str) -> str:
        self.counts[kind] += text.count(what)
        return text.replace(what, to)

    def _replace(self, kind: str, pattern: re.Pattern[str], text: str, to: Replacement) -> str:
        def put(found: re.Match[str]) -> str:
            new = to(found)
            self.counts[kind] += new != found[0]
            return new

        return pattern.sub(put, text)

    def _address(self, text: str) -> str:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return text
        own = isinstance(address, ipaddress.IPv4Address) and any(
            address in network for network in self._known.networks
        )
        says_nothing = address.is_loopback or address.is_unspecified or address.is_multicast
        if own or says_nothing or text.startswith("255."):
            return text
        return self._numbered("ADDRESS", address.compressed)

    def _mac(self, text: str) -> str:
        return text if text.lower() in self._known.macs else self._numbered("CARD", text.lower())

    def _numbered(self, kind: str, what: str) -> str:
        """Give the same thing the same number each time."""
        count = sum(1 for known, _ in self._words if known == kind)
        return self._words.setdefault((kind, what), f"{kind}-{count + 1}")


def _always(word: str) -> Replacement:
    return lambda _: word


def _whole_words(names: Iterable[str]) -> re.Pattern[str] | None:
    told = sorted({name for name in names if name and name.lower() not in _OURS}, key=len)
    if not told:
        return None
    words = "|".join(re.escape(name) for name in reversed(told))
    return re.compile(rf"(?i)(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])")
