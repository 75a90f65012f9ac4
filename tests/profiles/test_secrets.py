"""Secrets of lab.yml in profiles: they arrive whole, and no expression opens them."""

from __future__ import annotations

import pathlib
import re
from typing import TYPE_CHECKING

import pytest

from labkit import errors, secret
from labkit.plan import model
from labkit.profiles import load, shelf, templates
from labkit.secrets import env, store

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.ssh import keyring

    Steps = Callable[..., tuple[load.Step, ...]]

_ROOT = pathlib.Path(__file__).parents[2]
TOKEN = "TEST_PROFILES_TOKEN"  # noqa: S105 - a variable's name
PROFILE = "operations:\n  - why: x\n    file: {path: /etc/token, content: '{{ %s }}'}\n"
WHOLE = "a secret is a whole value, not a part of a text"


@pytest.fixture(autouse=True)
def _planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "_TAKEN", {})
    monkeypatch.setenv(TOKEN, "planted")


@pytest.fixture
def steps(
    tmp_path: pathlib.Path,
    plan_of: Callable[[str], model.Lab],
    make_keys: Callable[[model.Lab], keyring.Keyring],
) -> Steps:
    """Load a text as a profile of a lab that has one secret."""
    lab = plan_of(
        f"lab: x\nsecrets: {{token: {{env: {TOKEN}}}}}\n"
        "machines: {m: {nat: 10.0.2.20, hostonly: 192.168.56.20}}\n"
    )

    def found(text: str, *, blind: bool = False) -> tuple[load.Step, ...]:
        path = tmp_path / "provision" / "base.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        secrets = store.Store(lab.secrets, tmp_path, blind=True) if blind else None
        every = load.steps(lab, lab.machines[0], make_keys(lab), shelf.Shelf(tmp_path), secrets)
        return tuple(step for step in every if step.origin.startswith(str(path)))

    return found


def _refused(steps: Steps, text: str) -> str:
    with pytest.raises(errors.FileError) as caught:
        steps(text)
    (problem,) = caught.value.problems
    assert "planted" not in str(problem)
    return f"{problem.line}:{problem.column}: {problem.message}; {problem.hint}"


@pytest.mark.parametrize(
    "expression", ["secrets.token", "secrets['token']", "secrets.token | d(1)"]
)
def test_arrives_whole(expression: str, steps: Steps) -> None:
    (step,) = steps(PROFILE.replace("'{{", '"{{').replace("}}'", '}}"') % expression)
    assert step.operation.model_dump()["content"] == secret.Secret("planted")
    assert "planted" not in repr(step)
    (change, *_) = step.operation.changes("")
    assert "planted" not in repr(change)
    assert "planted" in "".join(change.commands)


def test_blind(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN)
    (step,) = steps(PROFILE % "secrets.token", blind=True)
    assert step.operation.model_dump()["content"] == secret.Secret("(the secret token)")


def test_a_name_that_lab_yml_does_not_have(steps: Steps) -> None:
    assert _refused(steps, PROFILE % "secrets.tokn") == (
        "3:5: cannot be filled in: lab.yml has no secret 'tokn'; did you mean 'token'?"
    )


def test_a_secret_that_cannot_be_read(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN)
    assert _refused(steps, PROFILE % "secrets.token") == (
        "3:5: cannot be filled in: the secret 'token' cannot be read: "
        f"the environment variable {TOKEN} is not set; "
        f"set it, without a trace in the shell's history: read -rs {TOKEN}; export {TOKEN}"
    )


@pytest.mark.parametrize(
    "expression",
    [
        "secrets.token ~ 1",
        "secrets.token | upper | replace(1, 2) ~ secrets.token",
        "secrets.token | string",
        "[secrets.token] | string",
        "[secrets.token] | join",
        "(1, secrets.token) | pprint",
        "secrets.token }} and {{ 1",
        '"%s" | format(secrets.token)',
        '"{}".format(secrets.token)',
        '"{0!r}".format(secrets.token)',
    ],
)
def test_is_no_part_of_a_text(expression: str, steps: Steps) -> None:
    assert f"cannot be filled in: {WHOLE}; " in _refused(steps, PROFILE % expression)


@pytest.mark.parametrize(
    "expression",
    [
        "secrets.token.reveal()",
        "secrets.token._text",
        "secrets.token['_text']",
        "secrets.token['reveal']",
        'secrets.token | attr("reveal")',
        'secrets.token | attr("_text")',
        "secrets.token.__class__",
        "secrets.token.__class__.reveal(secrets.token)",
        "secrets.token.__init__.__globals__",
        '[secrets.token] | map(attribute="_text") | list | first | upper',
        '[secrets.token] | map("attr", "_text") | list | first | upper',
        '[secrets.token] | sort(attribute="_text") | first | upper',
        '[secrets.token] | sum(attribute="_text", start="")',
        '([secrets.token] | groupby("_text") | first).grouper | upper',
        '"{0._text}".format(secrets.token)',
        '"{0.reveal}".format(secrets.token)',
        '"{a._text}".format(a=secrets.token)',
        '"{0[_text]}".format(secrets.token)',
        '"{a._text}".format_map({"a": secrets.token})',
        '("%(a)s" | format(a=secrets.token)) | length',
        "secrets.token | list | join",
        "secrets.token | length",
        "secrets.token | first",
        "secrets.token | tojson",
        "secrets.token | xmlattr",
        "secrets.token | urlencode",
        'secrets.token + ""',
        "secrets.token * 2",
        "secrets.token[0:9]",
        'secrets.token < "q"',
        "secrets._sources",
        "secrets._read",
        'secrets._resolve("token")',
        "secrets.__class__",
        "secrets | list",
        "secrets.items()",
        "keys.login.private.reveal()",
        "keys.login.private._text",
        "lab.__class__.__init__.__globals__",
        "lab.__dataclass_fields__",
        "self._TemplateReference__context",
        "cycler.__init__.__globals__.os",
        '"".__class__.__mro__',
    ],
)
def test_no_expression_opens_it(expression: str, steps: Steps) -> None:
    try:
        found = steps(PROFILE % expression)
    except errors.FileError as error:
        assert "planted" not in str(error)  # noqa: PT017 - what is refused is harmless
        assert "PRIVATE-OF" not in str(error)  # noqa: PT017 - the same
        return
    content = found[0].operation.model_dump()["content"]
    assert isinstance(content, str)
    assert "planted" not in content.lower()
    assert "PRIVATE-OF" not in content


def test_a_template_file_does_not_hold_it(
    tmp_path: pathlib.Path,
    steps: Steps,
) -> None:
    folder = tmp_path / "provision" / "templates"
    folder.mkdir(parents=True)
    profile = "operations:\n  - why: x\n    file: {path: /etc/token, template: token.j2}\n"
    for text in ("password={{ secrets.token }}\n", "{{ secrets.token ~ 1 }}"):
        (folder / "token.j2").write_text(text)
        assert f"cannot be filled in: {WHOLE}; " in _refused(steps, profile)


def test_equality_is_all_that_an_expression_learns(tmp_path: pathlib.Path) -> None:
    sources = {"token": model.SecretSource("env", TOKEN)}
    known: dict[str, object] = {"secrets": store.Store(sources, tmp_path)}
    assert templates.fill("{{ secrets.token == 'planted' }}", known) is False
    assert templates.fill("{{ secrets.token == secrets.token }}", known) is True


def test_the_how_to_works_as_it_says(
    tmp_path: pathlib.Path,
    plan_of: Callable[[str], model.Lab],
    make_keys: Callable[[model.Lab], keyring.Keyring],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = (_ROOT / "docs" / "how-to" / "secrets.md").read_text(encoding="utf-8")
    first, profile, second = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "provision").mkdir()
    (tmp_path / "provision" / "registry.yml").write_text(profile)
    lab = plan_of(first)
    (machine,) = lab.machines
    monkeypatch.setenv("REGISTRY_TOKEN", "planted")
    *_, last = load.steps(lab, machine, make_keys(lab), shelf.Shelf(tmp_path))
    assert last.operation.model_dump()["content"] == secret.Secret("planted")
    monkeypatch.delenv("REGISTRY_TOKEN")
    with pytest.raises(errors.FileError) as caught:
        load.steps(lab, machine, make_keys(lab), shelf.Shelf(tmp_path))
    (said,) = re.findall(r"```\n(provision/.*?)```", page, re.DOTALL)
    assert f"{str(caught.value).replace(f'{tmp_path}/', '')}\n" == said
    (named,) = {machine.sudo_password for machine in plan_of(second).machines}
    assert named == "admin"
