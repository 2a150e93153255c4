from __future__ import annotations

import pytest

from manifests.captions.encoding import decode
from manifests.errors import CaptionError

FRENCH = "À bientôt, garçon — 100 €"
JAPANESE = "今日はオリンピックの日です。選手たちが走ります。金メダルを取りました。すばらしい試合でした。"
CHINESE = "今天的比赛非常精彩，中国队获得了金牌。观众们热烈鼓掌。\n他跑得很快，打破了世界纪录。"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_certain(encoding: str) -> None:
    assert decode(FRENCH.encode(encoding)) == (FRENCH, "")


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        (FRENCH, "cp1252", "Windows-1252"),
        ("¿Qué pasó? Mañana jugará España en el estadio", "cp1252", "Windows-1252"),
        (CHINESE, "gbk", "GB 18030"),
        (
            "今日はオリンピックの日です。選手たちが走ります。金メダルを取りました。すばらしい試合でした。",
            "cp932",
            "Shift JIS",
        ),
        ("오늘은 올림픽 경기가 있습니다. 선수들이 달립니다.", "cp949", "EUC-KR"),
        ("今天的比賽非常精彩,中華隊獲得了金牌。觀眾們熱烈鼓掌。他跑得很快", "big5", "big5"),
        ("Сегодня прекрасный день для соревнований. Спортсмены готовы.", "cp1251", "cp1251"),
    ],
)
def test_what_stands_out_is_taken_with_a_warning(text: str, encoding: str, named: str) -> None:
    body = f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n"
    read, warning = decode(body.encode(encoding))
    assert read == body
    assert named in warning


@pytest.mark.parametrize("body", ["字幕测试".encode("gbk"), bytes(range(128, 256))])
def test_what_cannot_be_told_is_refused(body: bytes) -> None:
    with pytest.raises(CaptionError) as caught:
        decode(body)
    assert caught.value.code == "unknown-encoding"


def test_the_editor_may_say_it() -> None:
    assert decode("字幕测试".encode("gbk"), "gbk") == ("字幕测试", "")


@pytest.mark.parametrize(
    ("body", "encoding", "code"),
    [
        (b"\xff\xff", "utf-8", "wrong-encoding"),
        (b"x", "no such", "unknown-encoding"),
        (b"x", "zlib", "unknown-encoding"),
        (b"x", "punycode", "unknown-encoding"),
        (b"x", "Raw_Unicode_Escape", "unknown-encoding"),
        (b"x", "\0", "unknown-encoding"),
        (b"\xff\xfe\x00", None, "wrong-encoding"),
        (b"\xff\xfe\x00\xd8", None, "wrong-encoding"),
    ],
)
def test_what_is_not_as_it_says_is_refused(body: bytes, encoding: str | None, code: str) -> None:
    with pytest.raises(CaptionError) as caught:
        decode(body, encoding)
    assert caught.value.code == code
