"""Sheets as a page and on paper; names come from a CSV file and may be anything."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from labkit import errors
from labkit.sheets import model, page, pdf

if TYPE_CHECKING:
    import pathlib

_DAY = dt.date(2026, 11, 27)
_WAY = model.Way("web-01", ("master",), "192.168.56.61", "ssh -p 7 lab@127.1.2.3", "SHA256:abc")


def _sheet(student: str, display: str, key: str = "") -> model.Sheet:
    return model.Sheet(student, display, (_WAY,), "lab", "~/.ssh/k8s", key=key)


def _has_chromium() -> bool:
    try:
        return bool(pdf.browser())
    except errors.LabError:
        return False


def _has_japanese_font() -> bool:
    listed = shutil.which("fc-list") and subprocess.run(
        ["fc-list", ":lang=ja", "family"], capture_output=True, text=True, check=False
    )
    return bool(listed and listed.stdout.strip())


def test_a_sheet_for_each_and_every_value_quoted() -> None:
    sheets = [_sheet("ann", "<script>alert(1)</script>"), _sheet("taro", "山田 太郎")]
    text = page.render("k8s", sheets, "en", _DAY)
    assert text.count('<section class="sheet"') == 2
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<h1 " in text
    assert "山田 太郎" in text
    assert "SHA256:abc" in text
    assert "holds secrets" not in text
    assert "Made by labkit" in text
    assert "on 2026-11-27" in text


def test_a_key_is_there_only_where_it_was_asked_for() -> None:
    text = page.render("k8s", [_sheet("ann", "Ann", key="-----KEY-----")], "en", _DAY)
    assert "<pre>-----KEY-----</pre>" in text
    assert "This sheet holds secrets of Ann. Give it to nobody else." in text


def test_a_lab_on_the_students_own_computer() -> None:
    own = model.Sheet("ann", "Ann", (_WAY,), board="http://192.0.2.10:8080")
    text = page.render("k8s", [own], "ja", _DAY)
    assert '<html lang="日本語">' not in text
    assert '<html lang="ja">' in text
    assert "export LAB_BOARD=http://192.0.2.10:8080" in text
    assert "labkit evidence" in text
    assert "SHA256" not in text


def test_the_languages_have_the_same_texts_and_places() -> None:
    english, japanese = (
        yaml.safe_load((page.FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
        for name in ("en", "ja")
    )
    assert english.keys() == japanese.keys()
    for key, text in english.items():
        places = re.findall(r"\{\w+\}", text)
        assert sorted(places) == sorted(re.findall(r"\{\w+\}", japanese[key])), key


def test_a_host_without_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(errors.LabError) as caught:
        pdf.browser()
    assert caught.value.message == ("this host has no Chromium, Chrome or Edge to make a PDF with")
    assert caught.value.hint == (
        "write an .html file and print it from any browser: it has a page for each sheet; "
        "or install chromium"
    )


def test_a_browser_that_makes_nothing(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "chromium"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho no display >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(errors.LabError) as caught:
        pdf.write(out / "sheets.pdf", "<p>text</p>", mode=0o600)
    assert caught.value.message == ("chromium made no PDF, and ended with status 3: no display")
    assert caught.value.hint == "write an .html file and print it from any browser"
    assert list(out.iterdir()) == [], "nothing is left"


@pytest.mark.e2e
@pytest.mark.skipif(not _has_chromium(), reason="there is no Chromium, Chrome or Edge")
def test_a_page_of_paper_for_each_sheet(tmp_path: pathlib.Path) -> None:
    text = page.render("k8s", [_sheet("ann", "Ann"), _sheet("ben", "Ben")], "en", _DAY)
    file = tmp_path / "sheets.pdf"
    pdf.write(file, text, mode=0o600)
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(re.findall(rb"/Type /Page\b", file.read_bytes())) == 2
    assert list(tmp_path.iterdir()) == [file], "nothing is left"


@pytest.mark.e2e
@pytest.mark.skipif(not _has_chromium(), reason="there is no Chromium, Chrome or Edge")
@pytest.mark.skipif(not _has_japanese_font(), reason="no font of this host has Japanese letters")
@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext is not installed")
def test_japanese_names_are_on_paper(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "sheets.pdf"
    pdf.write(file, page.render("k8s", [_sheet("taro", "山田 太郎")], "ja", _DAY), mode=0o600)
    words = ["pdftotext", str(file), "-"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "山田 太郎" in said
