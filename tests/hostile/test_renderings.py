"""Whatever a text holds, what labkit writes of it reads back equal in the program it is meant for.

A thousand texts always; ten thousand in the nightly tier.
"""

from __future__ import annotations

import html.parser
import io
import json
import pathlib
import re
import tarfile
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pydantic
import pytest
import yaml

from labkit import errors, markup, operations, shell
from labkit.images import seed
from labkit.operations import sysctl
from labkit.operations import text as text_operations
from labkit.providers import base
from labkit.render import quoting, ssh_config
from tests.hostile.texts import some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Run = Callable[..., bytes]

_CONTROLS = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))


def _batches(texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]


@pytest.mark.parametrize("program", ["sh", "dash", "bash"])
def test_shell(program: str, count: int, run: Run) -> None:
    texts = some(count, without="\0")
    read: list[str] = []
    for batch in _batches(texts, 2_000):
        # `line` and `argv` are the two ways for a value into a shell.
        half = len(batch) // 2
        commands = [shell.argv("printf", "%s\\0", *batch[:half])]
        commands += [shell.line("printf '%s\\0' {}", text) for text in batch[half:]]
        read += run(program, stdin="\n".join(commands).encode()).decode().split("\0")[:-1]
    assert read == texts


def test_a_shell_reads_whole_scripts_written_by_operations(count: int, run: Run) -> None:
    """A file's content travels as `printf %s ... > PATH`, inside the braces of a session."""
    texts = some(count, without="\0", seed=1)
    commands = [
        text_operations.write("/dev/stdout", text) + shell.line("; printf {}", "\\0")
        for text in texts
    ]
    script = "{ :\n" + "\n".join(commands) + "\n} < /dev/null 2>&1\n"
    assert run("sh", "-s", stdin=script.encode()).decode().split("\0")[:-1] == texts


def test_ruby(count: int, run: Run) -> None:
    texts = some(count, without=_CONTROLS)
    literals = ",\n".join(quoting.ruby(text) for text in texts)
    program = f"require 'json'\nputs JSON.generate([{literals}])\n"
    assert json.loads(run("ruby", "-W0", "-", stdin=program.encode())) == texts


def test_ruby_through_the_template(count: int, run: Run, tmp_path: pathlib.Path) -> None:
    texts = some(count, without=_CONTROLS, seed=1)
    environment = quoting.environment(tmp_path)
    source = (
        "require 'json'\nfound = []\n"
        "{% for text in texts %}\nfound << {{ text | ruby }}\n{% endfor %}\n"
        "puts JSON.generate(found)\n"
    )
    program = environment.from_string(source).render(texts=texts)
    assert json.loads(run("ruby", "-W0", "-", stdin=program.encode())) == texts


def test_xml(count: int) -> None:
    texts = some(count)
    written = "".join(f"<p a='{markup.quote(t)}' b=\"{markup.quote(t)}\">{markup.quote(t)}</p>"
                      for t in texts)  # fmt: skip
    tree = ET.fromstring(f"<r>{written}</r>".encode())  # noqa: S314 - our own document
    wanted = [markup.printable(text) for text in texts]
    assert [each.get("a") for each in tree] == wanted
    assert [each.get("b") for each in tree] == wanted
    assert [each.text or "" for each in tree] == wanted
    assert [each.tag for each in tree.iter()] == ["r", *["p"] * count]
    plain = sum(each == text for each, text in zip(wanted, texts, strict=True))
    assert plain > count // 3


class _Html(html.parser.HTMLParser):
    """Reads rows of `<p a= b=>text</p>`; whatever else appears was injected."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[str | None, str | None, str]] = []
        self.injected: list[object] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "p" or [name for name, _ in attrs] != ["a", "b"]:
            self.injected.append((tag, attrs))
        given = dict(attrs)
        self.rows.append((given.get("a"), given.get("b"), ""))

    def handle_data(self, data: str) -> None:
        first, second, text = self.rows[-1]
        self.rows[-1] = first, second, text + data

    def handle_comment(self, data: str) -> None:
        self.injected.append(data)

    def handle_decl(self, decl: str) -> None:
        self.injected.append(decl)

    def handle_pi(self, data: str) -> None:
        self.injected.append(data)


def test_html(count: int) -> None:
    texts = some(count)
    reader = _Html()
    for text in texts:
        quoted = markup.quote(text)
        reader.feed(f"<p a='{quoted}' b=\"{quoted}\">{quoted}</p>")
    reader.close()
    wanted = [markup.printable(text) for text in texts]
    assert reader.rows == [(text, text, text) for text in wanted]
    assert reader.injected == []


def test_ssh_config(count: int, run: Run, tmp_path: pathlib.Path) -> None:
    # ssh -G prints at most a hundred keys (SSH_MAX_IDENTITY_FILES).
    texts = some(count, without=_CONTROLS + '"\\')
    folders = (f"a{text.replace('${', '')}z" for text in texts)
    # ssh -G prints equal ones once.
    paths = [pathlib.PurePosixPath("/x") / f"{each}{n}" for n, each in enumerate(folders)]
    file = tmp_path / "ssh_config"
    for batch in _batches([str(path) for path in paths], 100):
        endpoints = [
            base.Endpoint("m", "127.0.0.1", 22, "lab", pathlib.Path(each), pathlib.Path("/k"))
            for each in batch
        ]
        file.write_text(ssh_config.render("k8s", endpoints), encoding="utf-8")
        lines = run("ssh", "-G", "-F", str(file), "m").decode().split("\n")
        prefix = "identityfile "
        found = [each.removeprefix(prefix) for each in lines if each.startswith(prefix)]
        # It prints them before it expands tokens.
        assert [each.replace("%%", "%") for each in found] == list(batch)
        assert [
            each for each in lines if re.match("(proxycommand|proxyjump|localcommand) ", each)
        ] == []


def test_ssh_config_refuses_or_reads_back(count: int, run: Run, tmp_path: pathlib.Path) -> None:
    accepted: list[base.Endpoint] = []
    for number, text in enumerate(some(count, seed=1)):
        path = pathlib.Path(f"/x/a{text}{number}")
        endpoint = base.Endpoint("m", "127.0.0.1", 22, "lab", path, path)
        try:
            ssh_config.render("k8s", [endpoint])
        except errors.LabError:
            continue
        accepted.append(endpoint)
    assert count // 10 < len(accepted) < count
    file = tmp_path / "ssh_config"
    file.write_text(ssh_config.render("k8s", accepted[:99]), encoding="utf-8")
    printed = run("ssh", "-G", "-F", str(file), "m").decode().replace("%%", "%")
    found = re.findall("^identityfile (.*)$", printed, re.MULTILINE)
    assert found == [str(endpoint.key) for endpoint in accepted[:99]]


def test_sysctl_files(count: int, run: Run, tmp_path: pathlib.Path) -> None:
    kind = operations.kinds()["sysctl"]
    values: list[str] = []
    contents: list[str] = []
    for text in some(count):
        try:
            made = kind.model_validate({"file": "90-x", "values": {"kernel.core_pattern": text}})
        except pydantic.ValidationError:
            continue
        if text != text.strip() or re.search(f"[{re.escape(_CONTROLS)}]", text):
            continue  # what lab.yml refuses, see labkit/spec/texts.py
        values.append(text)
        (change, *_) = made.diff(sysctl.SysctlState(None, {}))
        contents.append(change.after)
    assert len(values) > count // 10
    file = tmp_path / "sysctl.conf"
    file.write_text("".join(contents), encoding="utf-8")
    printed = run("sysctl", "--dry-run", "-p", str(file)).decode()
    assert printed == "".join(f"kernel.core_pattern = {value}\n" for value in values)


_CONNECTION = {
    "name": "labkit-nat",
    "uuid": "00000000-0000-0000-0000-000000000001",
    "mac": "02:00:00:00:00:01",
    "address": "192.0.2.1/24",
}
_NAMES = re.compile(r"[A-Za-z0-9._:,@+/=\[\]-]*")


@pytest.mark.parametrize(
    ("kind", "good", "arguments"),
    [
        ("hosts", "web-01", {"entries": {"192.0.2.1": ["@"]}}),
        ("hosts", "192.0.2.1", {"entries": {"@": ["name"]}}),
        ("known_hosts", "a,b", {"user": "root", "hosts": {"@": "ssh-rsa AAAA"}}),
        ("known_hosts", "AAAA", {"user": "root", "hosts": {"a": "ssh-rsa @"}}),
        ("known_hosts", "root", {"user": "@", "hosts": {}}),
        ("hostname", "web-01", {"name": "@"}),
        ("sysctl", "90-x", {"file": "@", "values": {}}),
        ("sysctl", "a.b", {"file": "x", "values": {"@": "1"}}),
        ("connection", "nat", {**_CONNECTION, "name": "@"}),
        ("connection", "02:00:00:00:00:01", {**_CONNECTION, "mac": "@"}),
        ("connection", "lab.internal", {**_CONNECTION, "search": ["@"]}),
        ("connection", "192.0.2.1", {**_CONNECTION, "dns": ["@"]}),
        ("packages", "vim", {"present": ["@"]}),
        ("time_zone", "Etc/UTC", {"name": "@"}),
    ],
)
def test_names_are_names(kind: str, good: str, arguments: Mapping[str, object], count: int) -> None:
    """What files and programs without any quoting get is refused unless it needs none."""
    model = operations.kinds()[kind]
    model.model_validate(_filled(arguments, good))
    refused = 0
    for text in some(count):
        try:
            model.model_validate(_filled(arguments, text))
        except pydantic.ValidationError:
            refused += 1
        else:
            assert _NAMES.fullmatch(text), text
    assert refused > count // 2


def _filled(arguments: Mapping[str, object], text: str) -> object:
    """Put a text in the place of each '@'."""
    written = json.dumps(text)[1:-1]
    return json.loads(json.dumps(arguments).replace("@", written))


def test_the_seed(count: int) -> None:
    """A key's line is any text in one line; cloud-init reads YAML, labkit's own image a tar."""
    keys = [f"ssh-ed25519 AAAA {text}" for text in some(count, without="\0\n\r")]
    made = seed.Seed("node-01", "lab", tuple(keys), "PRIVATE\n", "ssh-ed25519 BBBB x\n")
    plain = [key for key in keys if not re.search("[\x01-\x1f\x7f-\x9f\u2028\u2029]", key)]
    one = seed.Seed("node-01", "lab", tuple(plain), "PRIVATE\n", "ssh-ed25519 BBBB x\n")
    assert yaml.safe_load(seed.user_data(one))["ssh_authorized_keys"] == plain
    assert yaml.safe_load(seed.user_data(made))["ssh_authorized_keys"] == keys
    with tarfile.open(fileobj=io.BytesIO(seed.fw_cfg(made))) as tar:
        file = tar.extractfile("root/.ssh/authorized_keys")
        assert file
        assert file.read().decode().split("\n")[:-1] == keys
