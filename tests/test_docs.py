"""The documents lead where they say, name what exists, and their examples work."""

from __future__ import annotations

import dataclasses
import importlib
import pathlib
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from xml.etree import ElementTree as ET

import pydantic
import pytest
import yaml
from invoke.exceptions import ParseError
from invoke.parser import context as contexts
from invoke.parser import parser

from labkit import checks, errors, families, operations, providers, workspace
from labkit.converge import script
from labkit.images import catalog, listing
from labkit.profiles import load as profiles
from labkit.profiles import shelf
from labkit.providers import base as provider_base
from labkit.reference import environment
from labkit.reference import tasks as task_pages
from labkit.spec import load

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator, Mapping

    from labkit.lifecycle import context
    from labkit.plan import model
    from labkit.ssh import keyring

ROOT = pathlib.Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PICTURES = sorted((ROOT / "docs" / "pictures").glob("*.svg"))

_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>file|refused): (?P<name>.*?) -->\n)?(?P<indent> *)(?P<fence>```+)"
    r"(?P<language>\w*)\n(?P<text>.*?)^ *(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)
_PARAGRAPH = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")


@dataclasses.dataclass(frozen=True)
class Block:
    """A block of code in a document."""

    page: str
    language: str
    text: str
    mark: str = ""
    name: str = ""


def blocks(page: pathlib.Path) -> Iterator[Block]:
    for found in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        indent = len(found["indent"])
        text = "".join(line[indent:] + "\n" for line in found["text"].splitlines())
        yield Block(
            page.relative_to(ROOT).as_posix(),
            found["language"],
            text,
            found["mark"] or "",
            found["name"] or "",
        )


def prose(page: pathlib.Path) -> str:
    return _BLOCK.sub("", page.read_text(encoding="utf-8"))


Adding: TypeAlias = "Callable[[types.ModuleType, str], None]"
BLOCKS = [block for page in PAGES for block in blocks(page)]


def marked(mark: str, pattern: str) -> list[Any]:
    found = [block for block in BLOCKS if block.mark == mark and re.fullmatch(pattern, block.name)]
    assert found
    return [pytest.param(block, id=f"{block.page}-{block.name}") for block in found]


def example(name: str) -> str:
    (found,) = [block.text for block in BLOCKS if (block.mark, block.name) == ("file", name)]
    return found


def test_there_are_documents() -> None:
    names = {page.relative_to(ROOT).as_posix() for page in PAGES}
    assert {"README.md", "CONTRIBUTING.md", "docs/README.md", "docs/reference/tasks.md"} <= names


# --- links ---------------------------------------------------------------------------------------


def anchors(page: pathlib.Path) -> set[str]:
    """The names that GitHub and GitLab give to headings."""
    titles = re.findall(r"(?m)^#+ (.+)$", prose(page))
    kept = ("".join(c for c in title.lower() if c.isalnum() or c in " -_") for title in titles)
    return {title.replace(" ", "-") for title in kept}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: pathlib.Path) -> None:
    broken: list[str] = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[pathlib.Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or not page.exists():
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)#\s]+\.md)[)#]", prose(page))
        waiting += [(page.parent / link).resolve() for link in links]
    assert [page for page in PAGES if page not in reached] == []


def test_every_picture_is_shown_and_fetches_nothing() -> None:
    shown = {name for page in PAGES for name in re.findall(r"pictures/(\S+?\.svg)\)", prose(page))}
    assert shown == {picture.name for picture in PICTURES}
    for picture in PICTURES:
        text = picture.read_text(encoding="utf-8")
        ET.fromstring(text)  # noqa: S314 - our own file
        assert "@font-face" not in text
        assert re.findall(r"(?:href|src|url)\W+https?:", text) == []


def test_the_files_that_documents_name_exist() -> None:
    made = {block.name for block in BLOCKS if block.mark}
    folders = {pathlib.PurePath(name).parent.as_posix() for name in made}
    named = {
        (page.name, path)
        for page in PAGES
        for path in re.findall(r"`((?:tests|labkit|docs|provision|network)/[\w./-]+)`", prose(page))
        if page.name != "images.md"  # names of Vagrant boxes look like paths
    }
    assert len(named) > 20
    assert {
        (page, path)
        for page, path in named
        if not (ROOT / path).exists() and path not in made | folders
        if not re.search(r"NAME|/content/", path)
    } - {("own-profile.md", "provision/exercises.yml")} == set()


# --- commands ------------------------------------------------------------------------------------


def known_tasks() -> dict[str, contexts.ParserContext]:
    found: dict[str, contexts.ParserContext] = {}
    for before, collection in task_pages.collections().items():
        for name, task in cast("dict[str, Any]", collection.tasks).items():  # pyright: ignore[reportUnknownMemberType]
            full = f"{'' if before == './lab ' else before}{name}"
            found[full] = task_pages.context(full, task)
    return found


OWN = frozenset({"test", "check", "bench"})
PROGRAMS = ("labkit", "./lab", "invoke")


def commands(text: str) -> Iterator[list[str]]:
    """Yield labkit's command lines in a shell text, without what stands around them."""
    lexer = shlex.shlex(text.replace("\n", " ; "), posix=True, punctuation_chars=True)
    lexer.commenters = ""
    lexer.wordchars += ",:@"
    words: list[str] = []
    for word in (*lexer, ";"):
        if not set(word) <= set("();<>|&"):
            words.append(word)
            continue
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            del words[0]
        if words and words[0] in PROGRAMS:
            yield words
        words = []


def fault(words: list[str]) -> str:
    """Say what is wrong with a command line; empty when Invoke would run it."""
    program, task, *rest = (*words, "")[: len(words) + (len(words) == 1)]
    if task in ("", "--list", "--help"):
        return ""
    name = task.removeprefix("lab.") if program == "invoke" else task
    if program == "labkit" and task in OWN:
        return f"labkit has no task {task}"
    known = known_tasks()
    if name not in known:
        return f"there is no task {task}"
    try:
        parser.Parser(contexts=list(known.values())).parse_argv([name, *rest])
    except ParseError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_names_a_task_with_its_options(page: pathlib.Path) -> None:
    texts = [block.text for block in blocks(page) if block.language == "sh"]
    if "docs/reference" not in page.as_posix():
        inline = (" ".join(code.split()) for code in _PARAGRAPH.findall(prose(page)))
        texts += [code for code in inline if code.startswith(tuple(f"{p} " for p in PROGRAMS))]
    wrong = {
        shlex.join(words): said
        for text in texts
        for words in commands(text)
        if (said := fault(words))
    }
    assert wrong == {}


def test_wrong_commands_would_be_seen() -> None:
    (words,) = commands('VAR=1 labkit exec "a; b" --onyl x > file')
    assert words == ["labkit", "exec", "a; b", "--onyl", "x"]
    assert fault(words) != ""
    assert fault(["labkit", "upp"]) == "there is no task upp"
    assert fault(["labkit", "test"]) == "labkit has no task test"
    assert fault(["labkit", "ssh"]) != ""
    assert fault(["invoke", "lab.up", "--format", "json"]) == ""


def test_the_readme_names_every_variable() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {name for name in environment.names() if f"`{name}`" not in text} == set()


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", marked("file", r"lab\.yml.*"))
def test_every_lab_file_is_valid(block: Block) -> None:
    _, _, image = block.name.partition(" with images/")
    images = (*listing.names(), *([image.removesuffix(".yml")] if image else []))
    assert load.parse(block.text, images=images).lab.machines


def test_no_lab_file_is_left_out() -> None:
    unmarked = [block for block in BLOCKS if block.language == "yaml" and not block.mark]
    assert [
        block.page for block in unmarked if re.search(r"(?m)^(lab|machines):", block.text)
    ] == []


@pytest.fixture
def steps(
    tmp_path: pathlib.Path,
    default_lab: model.Lab,
    make_keys: Callable[[model.Lab], keyring.Keyring],
) -> Callable[[Block], tuple[profiles.Step, ...]]:
    """Load the profile of a block for a machine of the default lab."""

    def found(block: Block) -> tuple[profiles.Step, ...]:
        path = tmp_path / block.name
        path.parent.mkdir()
        path.write_text(block.text, encoding="utf-8")
        machine = dataclasses.replace(default_lab.machines[0], profiles=(path.stem,))
        every = profiles.steps(default_lab, machine, make_keys(default_lab), shelf.Shelf(tmp_path))
        return tuple(step for step in every if step.origin.startswith(str(path)))

    return found


@pytest.mark.parametrize("block", marked("file", r"provision/.*"))
def test_every_profile_is_valid(
    block: Block, steps: Callable[[Block], tuple[profiles.Step, ...]]
) -> None:
    assert steps(block)


@pytest.mark.parametrize("block", marked("refused", r"provision/.*"))
def test_what_is_said_to_be_refused_is(
    block: Block, steps: Callable[[Block], tuple[profiles.Step, ...]]
) -> None:
    with pytest.raises(errors.FileError, match="is not a mode such as '0644'"):
        steps(block)


@pytest.mark.parametrize("block", marked("file", r"images/.*"))
def test_every_image_is_valid(block: Block, tmp_path: pathlib.Path) -> None:
    path = tmp_path / block.name
    path.parent.mkdir()
    path.write_text(block.text, encoding="utf-8")
    assert catalog.get(path.stem, folder=tmp_path).user


# --- the examples of CONTRIBUTING.md -------------------------------------------------------------


@pytest.fixture
def added(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Adding]:
    """Put an example beside the modules of a package, as a contributor would."""
    modules: list[str] = []

    def add(package: types.ModuleType, file: str) -> None:
        path = tmp_path / pathlib.PurePath(file).name
        path.write_text(example(file), encoding="utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
        modules.append(f"{package.__name__}.{path.stem}")
        importlib.invalidate_caches()
        for cache in (operations.names, operations.kind, checks.every):
            cache.cache_clear()

    yield add
    monkeypatch.undo()
    for name in modules:
        sys.modules.pop(name, None)
    for cache in (operations.names, operations.kind, checks.every):
        cache.cache_clear()


def data(folder: str) -> Mapping[str, dict[str, Any]]:
    names = [block.name for block in BLOCKS if block.name.startswith(f"tests/cases/{folder}/")]
    return {pathlib.PurePath(name).stem: yaml.safe_load(example(name)) for name in names}


def test_the_operation_works(added: Adding) -> None:
    added(operations, "labkit/operations/link.py")
    kind = operations.kinds()["link"]
    cases = data("operations/link")
    assert len(cases) == 3
    for case in cases.values():
        if "refused" in case:
            with pytest.raises(pydantic.ValidationError) as refusal:
                kind.model_validate(case["arguments"])
            found = [f"{error['loc'][0]}: {error['msg']}" for error in refusal.value.errors()]
            assert found == case["refused"]
            continue
        operation = kind.model_validate(case["arguments"])
        assert operation.probe() == case.get("probe", operation.probe()).removesuffix("\n")
        for family in families.every() if "manual" in case else ():
            assert list(operation.manual(family)) == case["manual"]
        changes = [dataclasses.asdict(change) for change in operation.changes(case["output"])]
        expected = [{"reboot": False, "cuts": False, **change} for change in case["changes"]]
        assert [{**change, "commands": list(change["commands"])} for change in changes] == expected
    assert all(any(key in case for case in cases.values()) for key in ("probe", "manual"))


def test_the_operation_works_in_a_real_shell(added: Adding, tmp_path: pathlib.Path) -> None:
    added(operations, "labkit/operations/link.py")
    link, target = tmp_path / "it's here", tmp_path / "there"
    kind = operations.kinds()["link"]
    operation = kind.model_validate({"path": str(link), "target": str(target)})

    def run(text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=False)

    for before in (None, "elsewhere"):
        if before:
            link.unlink()
            link.symlink_to(before)
        (change,) = operation.changes(run(operation.probe()).stdout)
        assert run(change.commands[0]).returncode == 0
        assert link.readlink() == target
        assert operation.changes(run(operation.probe()).stdout) == ()
    link.unlink()
    link.write_text("somebody's file")
    (change,) = operation.changes(run(operation.probe()).stdout)
    assert run(change.commands[0]).returncode != 0
    assert link.read_text() == "somebody's file"


def test_the_check_works(added: Adding, default_lab: model.Lab) -> None:
    added(checks, "labkit/checks/units.py")
    check = checks.every()["units"]
    machine = default_lab.machines[0]
    cases = data("checks/units")
    assert set(cases) == {"good", "failed"}
    for case in cases.values():
        assert check.probe(default_lab, machine) == case.get(
            "probe", "systemctl --failed --plain --no-legend"
        )
        seen = check.read(default_lab, machine, script.Answer(case["output"], 0))
        assert [dataclasses.asdict(each) for each in seen] == case["seen"]


def test_the_provider_works(
    added: Adding,
    default_lab: model.Lab,
    make_keys: Callable[[model.Lab], keyring.Keyring],
    tmp_path: pathlib.Path,
) -> None:
    added(providers, "labkit/providers/imaginary.py")
    lab = dataclasses.replace(default_lab, provider="imaginary")
    space = workspace.Workspace(tmp_path, lab.name)
    provider = providers.create(lab, space, lambda: make_keys(lab), lambda _: None)
    assert all(finding.ok for finding in provider.preflight())
    provider.prepare()
    first, *others = lab.machines
    with pytest.raises(errors.ProviderError, match=f"{first.name} is not imagined"):
        provider.alive(first)
    assert provider.start(first) == provider.start(first) == provider.endpoint(first)
    provider.alive(first)
    states = provider.status()
    assert states[first.name] is provider_base.State.RUNNING
    assert {states[other.name] for other in others} == {provider_base.State.ABSENT}
    assert provider.leftovers() == [f"the mark of {first.name}"]
    provider.pause(first)
    provider.save(first, "before")
    provider.resume(first)
    (saved,) = provider.snapshots(first).items()
    assert (saved[0], saved[1].running) == ("before", True)
    provider.save(others[0], "before")
    provider.restore(others[0], "before")
    assert provider.status()[others[0].name] is provider_base.State.ABSENT
    provider.restore(first, "before")
    provider.alive(first)
    provider.discard(first, "before")
    provider.discard(first, "before")
    assert provider.snapshots(first) == {}
    with pytest.raises(errors.ProviderError, match="has no snapshot 'before'"):
        provider.restore(first, "before")
    provider.stop(first)
    assert provider.made() == (first.name,)
    provider.destroy(first.name)
    assert (provider.leftovers(), provider.console_tail(first)) == ([], "")


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_words_are_the_projects(page: pathlib.Path) -> None:
    assert re.findall(r"(?i)\b(?:simply|just|easily|e\.g\.|i\.e\.)", prose(page)) == []


def test_no_file_names_the_machine_that_made_it() -> None:
    own = [str(path) for path in (ROOT, pathlib.Path.home() / ".cache") if len(path.parts) > 2]
    listed = [path for path in ROOT.rglob("*") if path.is_file()]
    hidden = (path.relative_to(ROOT).parts for path in listed)
    files = [
        path
        for path, parts in zip(listed, hidden, strict=True)
        if not any(part.startswith(".") or part == "__pycache__" for part in parts)
    ]
    assert len(files) > len(PAGES) + len(PICTURES)
    for file in files:
        text = file.read_text(encoding="utf-8", errors="replace")
        assert [path for path in own if path in text] == [], file


def test_the_default_lab_opens_as_the_tutorial_says(opened: context.Context) -> None:
    names = {machine.name for machine in opened.lab.machines}
    tutorial = (ROOT / "docs" / "tutorial" / "first-lab.md").read_text(encoding="utf-8")
    used = set(re.findall(r"(?:ansible|k8s-\w+)-\d\d", tutorial))
    assert used <= names
