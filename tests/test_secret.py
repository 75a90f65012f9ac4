from __future__ import annotations

from labkit import secret


def test_a_secret_shows_stars() -> None:
    word = secret.Secret("hunter2")
    assert (str(word), repr(word), f"{word}", f"{[word]}") == (
        "Secret(***)", "Secret(***)", "Secret(***)", "[Secret(***)]",
    )  # fmt: skip
    assert word.reveal() == "hunter2"


def test_secrets_are_equal_by_their_texts_and_never_to_a_text() -> None:
    assert secret.Secret("a") == secret.Secret("a")
    assert hash(secret.Secret("a")) == hash(secret.Secret("a"))
    assert secret.Secret("a") != secret.Secret("b")
    assert secret.Secret("a") != "a"
