"""Lab files that want to do harm, made from classes of attacks; the same in every run.

Each text field gets each hostile text, each field gets each wrong type, and the classics against
YAML readers, text decoders and terminals stand written out.
"""

from __future__ import annotations

import codecs
import dataclasses
import pathlib
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ROOT = pathlib.Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """One file, and whether it must be refused; None where it may be harmless instead."""

    name: str
    content: bytes
    refused: bool | None = True


MACHINE = "  a: {nat: 10.0.2.51, hostonly: 192.168.56.51%s}\n"
GOOD = f"lab: demo\nmachines:\n{MACHINE % ''}"

EVERYTHING = """\
lab: demo
provider: qemu
networks: {nat: {subnet: 10.0.2.0/24}, hostonly: {subnet: 192.168.56.0/24}}
dns: {servers: [192.0.2.53], search: [lab.internal, example.org]}
kubernetes: {pods: 10.244.0.0/16, services: 10.96.0.0/12}
defaults:
  image: debian-12
  cpus: 2
  memory: 512 MiB
  disk: 4 GiB
  selinux: permissive
  time_zone: Etc/UTC
  packages: &tools [vim, g++]
  sysctl: {vm.swappiness: 1, kernel.core_pattern: "|/bin/false"}
  sudo_password: admin
roles:
  minion: {memory: 1 GiB, packages: *tools}
machines:
  node-01: {roles: [worker], nat: 10.0.2.61, hostonly: 192.168.56.61, ssh_port: 20022}
  node-02: {roles: [ansible], nat: 10.0.2.62, hostonly: 192.168.56.62}
providers: {qemu: {accel: tcg}, virtualbox: {gui: true}, libvirt: {driver: auto}}
secrets:
  token: {env: REGISTRY_TOKEN}
  exam: {file: secrets/exam.key}
  admin: {keyring: {service: labkit, user: admin}}
"""
"""A good file with every key."""


def _top(text: str) -> Callable[[str], str]:
    return lambda value: f"lab: demo\n{text % value}\nmachines:\n{MACHINE % ''}"


def _own(text: str) -> Callable[[str], str]:
    return lambda value: f"lab: demo\nmachines:\n{MACHINE % (', ' + text % value)}"


FIELDS: dict[str, Callable[[str], str]] = {
    "lab": lambda value: f"lab: {value}\nmachines:\n{MACHINE % ''}",
    "machine": lambda value: (
        f"lab: demo\nmachines:\n  ? {value}\n  : {{nat: 10.0.2.51, hostonly: 192.168.56.51}}\n"
    ),
    "nat": lambda value: f"lab: demo\nmachines: {{a: {{nat: {value}, hostonly: 192.168.56.5}}}}\n",
    "hostonly": lambda value: f"lab: demo\nmachines: {{a: {{nat: 10.0.2.5, hostonly: {value}}}}}\n",
    "provider": _top("provider: %s"),
    "nat_subnet": _top("networks: {nat: {subnet: %s}}"),
    "hostonly_subnet": _top("networks: {hostonly: {subnet: %s}}"),
    "server": _top("dns: {servers: [%s]}"),
    "search": _top("dns: {search: [%s]}"),
    "pods": _top("kubernetes: {pods: %s}"),
    "services": _top("kubernetes: {services: %s}"),
    "role_settings": _top("roles: {? %s : {cpus: 1}}"),
    "accel": _top("providers: {qemu: {accel: %s}}"),
    "gui": _top("providers: {virtualbox: {gui: %s}}"),
    "driver": _top("providers: {libvirt: {driver: %s}}"),
    "secret": _top("secrets: {? %s : {env: TOKEN}}"),
    "variable": _top("secrets: {token: {env: %s}}"),
    "file": _top("secrets: {token: {file: %s}}"),
    "service": _top("secrets: {token: {keyring: {service: %s, user: admin}}}"),
    "user": _top("secrets: {token: {keyring: {service: labkit, user: %s}}}"),
    "key": _top("? %s\n: x"),
    "image": _own("image: %s"),
    "cpus": _own("cpus: %s"),
    "memory": _own("memory: %s"),
    "disk": _own("disk: %s"),
    "selinux": _own("selinux: %s"),
    "time_zone": _own("time_zone: %s"),
    "package": _own("packages: [%s]"),
    "profile": _own("profiles: [%s]"),
    "sysctl_key": _own("sysctl: {? %s : 1}"),
    "sysctl_value": _own("sysctl: {kernel.core_pattern: %s}"),
    "role": _own("roles: [%s]"),
    "ssh_port": _own("ssh_port: %s"),
    "sudo_password": _own("sudo_password: %s"),
    "machine_key": _own("? %s : x"),
}
"""Each place of a text, as what makes a file of the YAML of a value there."""

_FREE = {"sysctl_value"}
"""Fields that take any text in one line."""

TEXTS: dict[str, tuple[str, ...]] = {
    "shell": ("$(touch hole)", "`touch hole`", "a; touch hole", "a && touch hole", "a|touch hole",
              "a > hole", "'; touch hole; '", '"; touch hole; "', "${IFS}touch", "a\ntouch hole"),
    "option": ("-rf", "--help", "-oProxyCommand=touch hole", "-", "--"),
    "ruby": ("#{File.write('hole', '')}", "' + `touch hole` + '", "\\'; exit; '", "%x(touch hole)",
             "\n__END__\n", "=begin"),
    "xml": ("<a/>", "]]>", "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>", "&e;"),
    "html": ("<script>alert(1)</script>", '" onmouseover="alert(1)', "javascript:alert(1)//<b>"),
    "template": ("{{ 7 * 7 }}", "{% for a in b %}", "{{ ''.__class__.__mro__ }}", "%(a)s", "{0}"),
    "path": ("../../etc/passwd", "/etc/passwd", "a/../../b", "..", "~/.ssh/id_rsa", "C:\\Windows",
             "\\\\host\\share", "file:///etc/passwd", "a/"),
    "nul": ("a\0b", "\0", "a.yml\0.png"),
    "ansi": ("\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x9b2J", "a\rb", "\x08\x08\x08ok", "\x7f"),
    "bidi": ("\u202egpj.exe", "a\u2066b", "\u200fa", "a\u200bb", "\ufeffa", "a\u2028b", "a\u00adb"),
    "unicode": ("\u0430dmin", "\uff41", "a\u0301", "\u0131", "\u212a", "\u0661\u0662", "\U0001f600",
                "\ufffd"),
    "long": ("a" * 5_000, "a." * 500, "-" * 300, "9" * 400, "a" * 64 + "!"),
    "blank": ("", " ", " a", "a ", "\t", "a b", "\u00a0"),
    "yaml": ("*a", "&a", "!a", "a: b", "- a", "# a", "<<", "=", "~", "? a"),
    "sql": ("' OR 1=1 --", "a%00b", "a%2e%2e%2fb", "%n%n%s"),
}  # fmt: skip
"""Hostile texts, by what they attack."""

TYPES = ("[]", "{}", "[a, [b]]", "{a: {b: c}}", "null", "~", "true", "no", "0", "-1", "007", "0x1F",
         "1:30", "1_000", "1e9", ".inf", ".nan", "1.5", "2024-01-01", "2024-01-01 10:00:00",
         "99999999999999999999999", "!!str a b", "!!binary AAAA", "!!python/name:os.system",
         "!!int '1'", "*undefined", "!<tag:yaml.org,2002:null> x")  # fmt: skip
"""YAML of other kinds of values than a field takes; where one is taken, it must do no harm."""


def quoted(text: str) -> str:
    """Write a text in YAML's double quotes, what is not printed as an escape."""
    shown = (
        each if each.isprintable() and each not in '"\\' else f"\\U{ord(each):08x}" for each in text
    )
    return f'"{"".join(shown)}"'


def cases() -> Iterator[Case]:
    """Yield all of them; names are unique and fit for files."""
    yield from _texts()
    yield from _types()
    yield from _classics()
    yield from _truncated()


def _texts() -> Iterator[Case]:
    for field, make in FIELDS.items():
        for attack, texts in TEXTS.items():
            for number, text in enumerate(texts):
                free = field in _FREE and not _is_odd(text)
                content = make(quoted(text)).encode()
                yield Case(f"{field}-{attack}-{number}", content, None if free else True)


def _is_odd(text: str) -> bool:
    """Say whether even a free text is refused for what it holds."""
    bad = any(unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"} for each in text)
    return bad or text != text.strip() or not text or len(text) > 1024


def _types() -> Iterator[Case]:
    for field, make in FIELDS.items():
        for number, text in enumerate(TYPES):
            yield Case(f"{field}-type-{number}", make(text).encode(), None)


def _truncated() -> Iterator[Case]:
    content = EVERYTHING.encode()
    for end in range(0, len(content), 17):
        yield Case(f"truncated-{end}", content[:end], None)
    for start in range(1, len(content), 41):
        yield Case(f"tail-{start}", content[start:], None)


def _bomb(levels: int, width: int, *, mappings: bool = False) -> str:
    """Make lists, or mappings, that hold the ones before them many times."""
    lines = [f"a0: &a0 [{', '.join(['x'] * width)}]"]
    for level in range(1, levels):
        keys = [f"k{number}: " if mappings else "" for number in range(width)]
        inner = ", ".join(f"{key}*a{level - 1}" for key in keys)
        lines.append(
            f"a{level}: &a{level} {'{' if mappings else '['}{inner}{'}' if mappings else ']'}"
        )
    return "\n".join(lines) + "\n"


_CLASSICS: dict[str, str | bytes] = {
    "laughs-lists": _bomb(10, 10),
    "laughs-mappings": _bomb(10, 10, mappings=True),
    "laughs-wide": _bomb(3, 2_000),
    "quadratic": f"a: &a {'x' * 900_000}\nb:\n" + "- *a\n" * 15_000,
    "cycle-list": "a: &a [*a]\n",
    "cycle-mapping": "a: &a {b: *a}\n",
    "cycle-top": "&a\nlab: *a\n",
    "deep-flow": "[" * 100_000,
    "deep-flow-closed": "lab: " + "[" * 5_000 + "]" * 5_000,
    "deep-mappings": "{a: " * 20_000,
    "deep-block": "\n".join(" " * n + "a:" for n in range(1_000)),
    "deep-dashes": "- " * 50_000,
    "many-keys": "".join(f"k{n}: x\n" for n in range(15_000)),
    "many-machines": "lab: demo\nmachines:\n" + "".join(f"  m{n}: x\n" for n in range(9_900)),
    "many-anchors": "".join(f"k{n}: &a{n} x\n" for n in range(9_000)),
    "anchor-twice": GOOD + "x: &a 1\ny: &a 2\n",
    "anchor-inside-itself": "lab: &a {b: &a c}\n",
    "merge": GOOD + "base: &b {cpus: 1}\ndefaults: {<<: *b}\n",
    "merge-list": GOOD + "defaults: {<<: [{cpus: 1}, {cpus: 2}]}\n",
    "merge-quoted": GOOD + 'defaults: {"<<": {cpus: 1}}\n',
    "duplicate-top": GOOD + "lab: other\n",
    "duplicate-machine": GOOD + MACHINE % "",
    "duplicate-quoted": GOOD + '"lab": other\n',
    "duplicate-escaped": GOOD + '"l\\x61b": other\n',
    "tag-apply": "!!python/object/apply:os.system ['touch hole']\n",
    "tag-new": "lab: !!python/object/new:os.system [touch hole]\n",
    "tag-name": "lab: !!python/name:os.system\n",
    "tag-module": "lab: !!python/module:os\n",
    "tag-tuple": "lab: !!python/tuple [a]\n",
    "tag-ruby": "lab: !ruby/object:Gem::Requirement {}\n",
    "tag-java": "lab: !!javax.script.ScriptEngineManager []\n",
    "tag-include": "lab: !include /etc/passwd\n",
    "tag-vault": "lab: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n",
    "tag-set": "lab: !!set {a, b}\n",
    "tag-omap": "lab: !!omap [a: b]\n",
    "tag-binary-key": "!!binary bGFi: demo\n",
    "tag-handle": "%TAG ! tag:yaml.org,2002:python/\n---\nlab: !name:os.system\n",
    "tag-long": "lab: !" + "a" * 100_000 + "\n",
    "directive-future": "%YAML 9.9\n---\n" + GOOD,
    "directive-unknown": "%RUN touch hole\n---\nlab:\n",
    "documents": f"---\n{GOOD}---\n{GOOD}",
    "document-end": f"{GOOD}...\n{GOOD}",
    "complex-key": "? [a, b]\n: c\n",
    "mapping-key": "? {a: b}\n: c\n",
    "alias-key": "a: &a lab\n*a : demo\n",
    "null-key": "~: a\n",
    "bool-key": "yes: a\n",
    "top-list": "- lab: demo\n",
    "top-text": "lab\n",
    "top-number": "42\n",
    "top-quoted": '"lab: demo"\n',
    "empty": "",
    "newline": "\n",
    "comment": "# lab: demo\n",
    "markers": "---\n...\n",
    "tabs": "lab: demo\nmachines:\n\ta:\n\t\tnat: 10.0.2.51\n",
    "tab-after": "lab:\tdemo\n\tmachines: x\n",
    "line-separators": "lab: demo\u2028machines: x\n",
    "next-line": "lab: demo\u0085machines: x\n",
    "nul": b"lab: demo\0\n",
    "nul-only": b"\0" * 1_000,
    "escape": b"lab: \x1b[2J\n",
    "delete": b"lab: a\x7f\n",
    "c1": "lab: \u009b2J\n",
    "bom-inside": GOOD.replace("machines", "\ufeffmachines"),
    "bidi-comment": GOOD + "# \u202e } \u2066\n",
    "latin-1": "lab: für\n".encode("latin-1"),
    "utf-16": GOOD.encode("utf-16"),
    "utf-16-le": GOOD.encode("utf-16-le"),
    "utf-16-be": GOOD.encode("utf-16-be"),
    "utf-32": GOOD.encode("utf-32"),
    "utf-7": b"+ADw-lab: demo\n",
    "overlong-slash": b"lab: a\xc0\xafb\n",
    "overlong-nul": b"lab: a\xc0\x80b\n",
    "surrogate": b"lab: \xed\xa0\x80\n",
    "beyond-unicode": b"lab: \xf4\x90\x80\x80\n",
    "continuation": b"lab: \x80\x80\n",
    "cut-character": "lab: ü".encode()[:-1],
    "escape-surrogate": 'lab: "\\ud800"\n',
    "escape-beyond": 'lab: "\\UFFFFFFFF"\n',
    "escape-unknown": 'lab: "\\q"\n',
    "elf": b"\x7fELF\x02\x01\x01" + bytes(range(256)),
    "gzip": b"\x1f\x8b\x08\x00" + bytes(range(255, -1, -1)),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "zip": b"PK\x03\x04" + bytes(100),
    "shebang": "#!/bin/sh\ntouch hole\n",
    "toml": "[lab]\nname = 'demo'\n",
    "vagrantfile": "Vagrant.configure('2') do |config|\n  `touch hole`\nend\n",
    "html": "<!DOCTYPE html><title>404 Not Found</title>\n",
    "private-key": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE\n",
    "open-quote": 'lab: "' + "x" * 500_000,
    "open-list": "lab: [" + "a, " * 9_000,
    "big-comment": "#" * 1_000_000,
    "big-text": f"lab: {'x' * 1_000_000}\n",
    "big-key": f"{'x' * 1_000_000}: y\n",
    "big-blank": " " * 1_000_000,
    "big-lines": "\n" * 1_000_000,
    "big-number": f"lab: {'9' * 1_000_000}\n",
    "big-sexagesimal": "lab: 1" + ":1" * 400_000 + "x\n",
    "big-escapes": 'lab: "' + "\\n" * 400_000 + '"\n',
    "big-folded": 'lab: "' + "x\n " * 300_000 + '"\n',
    "big-anchors": "&a " * 300_000,
    "big-tags": "!!str " * 150_000,
    "big-questions": "? " * 400_000,
    "big-crlf": "a: b\r\n" * 150_000,
    "too-big": "#" * (1024 * 1024 + 1),
}

_HARMLESS: dict[str, str | bytes] = {
    "plain": GOOD,
    "everything": EVERYTHING,
    "json": '{"lab": "demo", "machines": {"a": {"nat": "10.0.2.5", "hostonly": "192.168.56.5"}}}',
    "bom": codecs.BOM_UTF8 + GOOD.encode(),
    "bom-twice": codecs.BOM_UTF8 * 2 + GOOD.encode(),
    "windows": GOOD.replace("\n", "\r\n"),
    "old-mac": GOOD.replace("\n", "\r"),
    "directive": "%YAML 1.1\n---\n" + GOOD,
    "end": GOOD + "...\n",
    "comments": "# {{ 7 * 7 }} $(touch hole) <script>\n" + GOOD,
    "aliases": EVERYTHING.replace("lab: demo", "lab: &n demo"),
    "ruby-literal": FIELDS["sysctl_value"]("'#{`touch hole`}'"),
}  # fmt: skip


def _classics() -> Iterator[Case]:
    for found, refused in ((_CLASSICS, True), (_HARMLESS, False)):
        for name, content in found.items():
            plain = content.encode() if isinstance(content, str) else content
            yield Case(f"classic-{name}", plain, refused)


def good() -> tuple[bytes, ...]:
    """Return good files to make bad ones of."""
    files = (_ROOT / "lab.yml", _ROOT / "examples" / "notes" / "lab.yml")
    return (*(file.read_bytes() for file in files), GOOD.encode(), EVERYTHING.encode())
