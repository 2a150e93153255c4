from __future__ import annotations

import pytest

from streaming.catalog.languages import canonical, choose


@pytest.mark.parametrize(
    ("tag", "usual"),
    [
        ("EN", "en"), ("pt-br", "pt-BR"), ("ZH-HANT-tw", "zh-Hant-TW"), ("sr-latn", "sr-Latn"), ("es-419", "es-419"),
        ("de-CH-1996", "de-CH-1996"), ("en-x-US", "en-x-us"), ("haw", "haw"),
    ],
)  # fmt: skip
def test_tags_have_one_form(tag: str, usual: str) -> None:
    assert canonical(tag) == usual
    assert canonical(usual) == usual


@pytest.mark.parametrize(
    "tag", ["", "e", "en_US", "english language", "-en", "en-", "1a", "en-" + "x" * 9, "é", "a" * 40]
)
def test_what_is_no_tag(tag: str) -> None:
    assert canonical(tag) is None


@pytest.mark.parametrize(
    ("lang", "accept", "chosen"),
    [
        (None, None, "en"),
        (None, "fr", "fr"),
        (None, "fr-CA", "fr"),
        (None, "zh-Hant-HK", "zh-Hant"),
        (None, "pt", "pt-BR"),
        (None, "de;q=0.9, fr;q=0.1", "fr"),
        (None, "fr;q=0.1, pt-BR;q=0.5", "pt-BR"),
        (None, "fr;q=0, *;q=1", "en"),
        ("fr", "pt-BR", "fr"),
        ("xx", "pt-BR", "pt-BR"),
        ("", "", "en"),
    ],
)
def test_the_best_language_that_there_is(lang: str | None, accept: str | None, chosen: str) -> None:
    assert choose(["en", "fr", "pt-BR", "zh-Hant"], lang=lang, accept=accept, default="en") == chosen
