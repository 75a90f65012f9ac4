"""The fixed texts say the same in every language."""

from __future__ import annotations

import re

import pytest

from labkit import errors
from labkit.explain import words
from labkit.profiles import entry

_OTHERS = sorted(set(entry.LANGUAGES) - {"en"})
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


def _places(text: str) -> list[str]:
    return sorted(set(re.findall(r"\{\w+\}", text)))


def test_there_is_a_file_for_each_language_and_no_other() -> None:
    assert {file.stem for file in words.FOLDER.iterdir()} == set(entry.LANGUAGES)


@pytest.mark.parametrize("language", _OTHERS)
def test_each_language_has_the_same_keys_and_places(language: str) -> None:
    english, other = words.of("en").texts, words.of(language).texts
    assert list(other) == list(english)
    assert {key: _places(text) for key, text in other.items()} == {
        key: _places(text) for key, text in english.items()
    }


def test_nothing_is_left_untranslated() -> None:
    texts = words.of("ja").texts
    plain = {key for key, text in texts.items() if not _JAPANESE.search(text)}
    assert plain == {"space", "comma", "and", "on"}
    assert [key for key, text in words.of("en").texts.items() if _JAPANESE.search(text)] == []


@pytest.mark.parametrize("language", sorted(entry.LANGUAGES))
def test_words_in_the_place_of_a_key_break_no_quotes(language: str) -> None:
    texts = words.of(language).texts
    shown = [texts[key] for key in ("key_ansible", "key_login", "key_host")]
    assert all(re.fullmatch(r"<[^'<>]+>", text) for text in shown)


def test_lists_of_names() -> None:
    english, japanese = words.of("en"), words.of("ja")
    assert english.all_of(["a"]) == "a"
    assert english.all_of(["a", "b"]) == "a and b"
    assert english.all_of(["a", "b", "c"]) == "a, b and c"
    assert japanese.all_of(["a", "b", "c"]) == "a、b、c"


def test_a_paragraph_is_filled_and_lists_and_paragraphs_stay_apart() -> None:
    texts = {"space": " ", "x": "one\ntwo {a}\n\nthree\n- four\n  five\n- six\n"}
    assert words.Words("en", texts)("x", a="!") == "one two !\n\nthree\n- four five\n- six"
    code = f"`{'a ' * 30}`"
    texts = {"space": " ", "x": f"{'word ' * 12}\n{code} end\n"}
    assert words.Words("en", texts)("x") == f"{'word ' * 11}word\n{code} end"
    texts = {"space": "", "x": "いち、\nに。\n\n- さん\n- し\n"}
    assert words.Words("ja", texts)("x") == "いち、に。\n\n- さん\n- し"


def test_the_language_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert words.language("") == "en"
    monkeypatch.setenv("LAB_LANG", "ja")
    assert words.language("") == "ja"
    assert words.language("en") == "en"
    with pytest.raises(errors.LabError) as caught:
        words.language("tlh")
    assert (caught.value.message, caught.value.hint) == (
        "there is no language 'tlh'",
        "languages are en and ja",
    )
