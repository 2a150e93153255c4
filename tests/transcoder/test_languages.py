from __future__ import annotations

import pytest

from transcoder import languages


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        ("eng", "en"), ("fre", "fr"), ("fra", "fr"), ("en", "en"), ("ENG", "en"), ("zho", "zh"), ("chi", "zh"),
        ("pt-BR", "pt-BR"), ("por_BR", "pt-BR"), ("haw", "haw"), ("und", "und"), ("", "und"), ("english", "und"),
        ('en"', "und"), ("en\n#EXT", "und"), ("x", "und"),
    ],
)  # fmt: skip
def test_codes_of_containers_become_bcp_47(code: str, tag: str) -> None:
    assert languages.tag(code) == tag


def test_languages_are_called_as_they_call_themselves() -> None:
    assert (languages.name("de"), languages.name("pt-BR"), languages.name("und")) == ("Deutsch", "Português", None)
