"""Every caption file of the shared media: what becomes of it, cue by cue or by the code of its refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from manifests.captions import cue_text, read, webvtt
from manifests.errors import CaptionError

if TYPE_CHECKING:
    from pathlib import Path

# name: cues, first start, last end, a text of it; or the code of the refusal.
FILES: dict[str, tuple[int, int, int, str] | str] = {
    "ax_bitmap_percentage_region.ttml": "image-captions",
    "ax_empty.srt": "empty",
    "ax_frame_rate.ttml": (2, 1000, 2_002_000, "text 2"),
    "ax_multiple_regions.ttml": "bad-xml",
    "ax_overlapping_timecodes.ass": (7, 1000, 14_220, "Third subtitle - out of order"),
    "ax_overlapping_times.ttml": (3, 10_000, 28_000, "cue 2: nested inside cue 1"),
    "ax_simple.ttml": (3, 10_000, 38_000, "cue 3"),
    "ax_typical.ass": (3, 0, 8900, "This is the second subtitle\nwith a newline\nand another."),
    "ax_typical.srt": (3, 0, 7_208_901, "This is the second subtitle.\nSecond subtitle with second line."),
    "ax_typical.vtt": (2, 0, 3456, "This is the second subtitle."),
    "ax_typical_bad_timestamps.srt": (1, 0, 1234, "This is the first subtitle."),
    "ax_typical_missing_sequence.srt": (3, 0, 7_208_901, "This is the third subtitle."),
    "ax_typical_no_hours_and_millis.srt": (3, 0, 7_208_901, "This is the third subtitle."),
    "ax_typical_utf16le.srt": (3, 0, 7_208_901, "This is the third subtitle."),
    "ax_typical_with_bad_timestamps.vtt": "no-cues",
    "ax_typical_with_comments.vtt": (2, 0, 3456, "This is the second subtitle."),
    "ax_typical_with_tags.srt": (
        *(14, 0, 24_901),
        r"This { \an2} is not a valid tag due to the space after the opening bracket.",
    ),
    "ax_with_bom.vtt": (2, 0, 3456, "This is the first subtitle."),
    "ax_with_css_styles.vtt": (4, 0, 28_000, "This is a <v.clazz Mary>reference by element</v>"),
    "ax_with_positioning.vtt": (8, 0, 15_000, "This is the eighth subtitle."),
    "ax_with_rubies.vtt": (4, 1000, 8000, "Some <ruby>text with no ruby text</ruby>."),
    "ax_with_x-timestamp-map_header.vtt": (2, 958_715_679, 958_718_276, "Cue text two"),
    "imsc_imsc1_1_ruby004.ttml": (1, 0, 1000, "<ruby> 利用許諾 <rt>ライセンス</rt> </ruby>"),
    "imsc_imsc1_Animation012.ttml": (2, 0, 20_000, "This sentence should move left at 6s for 4 seconds"),
    "imsc_imsc1_Animation016.ttml": (1, 0, 10_000, "whole word boundaries."),
    "imsc_imsc1_BasicTiming010.ttml": (
        *(2, 10_000, 35_000),
        "This text must appear at 10 seconds and disappear at 24.4 seconds",
    ),
    "imsc_imsc1_Direction002.ttml": (1, 0, 10_000, "This text is displayed left to right."),
    "imsc_imsc1_MediaParTiming002.ttml": (
        *(3, 5000, 10_000),
        "This text must appear at 5 seconds\nand remain visible to 10 seconds",
    ),
    "imsc_imsc1_MediaSeqTiming003.ttml": (
        *(2, 25_000, 40_000),
        "This text must appear at 35 seconds\nand be remain visible to 40 seconds.",
    ),
    "mdn_sintel-en.vtt": (14, 0, 119_500, "<v Test>[Test]</v>"),
    "mdn_sintel-es.vtt": (14, 0, 119_500, "<v Test>[Test]</v>"),
    "moviepy_subtitles-unicode.srt": (1, 0, 5000, "ÁÉíöÙ"),
    "ttconv_alignment.srt": (9, 0, 17_000, "V: Top - H: Right"),
    "ttconv_br_new_colors.stl": (
        *(1, 40, 3000),
        "<c.blue.bg_yellow>Blue On Yellow</c>\n<c.yellow.bg_blue>Yellow On Blue</c>",
    ),
    "ttconv_br_same_colors.stl": (1, 40, 3000, "<c.yellow.bg_magenta>Yellow On Magenta</c>"),
    "ttconv_cumulative_set.stl": (5, 40, 7000, "1\n2\n3\n4"),
    "ttconv_font.vtt": (3, 1002, 9010, "- <i>Partial Italic</i>\n- Normal"),
    "ttconv_invalid_bad-signature.vtt": "no-webvtt-header",
    "ttconv_mix-rows-roll-up.scc": (16, 801, 54_344, "&gt;&gt;&gt; HI.\nI'M KEVIN CUNNING AND AT"),
    "ttconv_pop-on.scc": (3, 3_777_907, 4_297_760, "Test ½ Caption\nTest <i> test</i> Captions"),
    "ttconv_style.vtt": (1, 3_600_040, 3_603_000, "<c.yellow><c.bg_black>This</c></c>"),
    "vttjs_long_string_arabic.vtt": (1, 11_000, 13_000, "Payload"),
    "vttjs_long_string_chinese.vtt": (1, 11_000, 13_000, "Payload"),
    "vttjs_long_string_greek.vtt": (1, 11_000, 13_000, "Payload"),
    "vttjs_long_string_junk_characters.vtt": (1, 16_000, 18_000, "Payload"),
    "vttjs_long_string_korean.vtt": (1, 11_000, 13_000, "Payload"),
    "vttjs_long_string_multiple_languages.vtt": (1, 11_000, 13_000, "Payload"),
    "vttjs_time_fraction-digits.vtt": "no-cues",
    "vttjs_time_max-time-spots.vtt": (1, 0, 600_000, "Text"),
    "vttjs_time_missing-separator.vtt": "no-cues",
    "vttjs_time_spaces-tabs-on-both-sides.vtt": (1, 25_000, 27_000, "Payload"),
    "wpt_arrows.vtt": (6, 0, 1000, "text5"),
    "wpt_comment-in-cue-text.vtt": (2, 0, 2000, "NOTE text\nNOTE text2"),
    "wpt_header-garbage.vtt": (1, 0, 1000, "text"),
    "wpt_header-tab.vtt": (1, 0, 1000, "text"),
    "wpt_header-timings.vtt": (1, 0, 1000, "text"),
    "wpt_ids.vtt": (5, 0, 1000, "text4"),
    "wpt_regions-edge-case.vtt": (4, 0, 1000, "text"),
    "wpt_regions-id.vtt": (4, 0, 1000, "valid"),
    "wpt_regions-lines.vtt": (13, 0, 1000, "text"),
    "wpt_regions-scroll.vtt": (6, 0, 1000, "text"),
    "wpt_regions-viewportanchor.vtt": (20, 0, 1000, "text"),
    "wpt_settings-align.vtt": (13, 0, 1000, "text12"),
    "wpt_settings-position.vtt": (22, 0, 1000, "text7"),
    "wpt_settings-region.vtt": (9, 0, 1000, "invalid8"),
    "wpt_settings-size.vtt": (16, 0, 1000, "invalid12"),
    "wpt_signature-no-newline.vtt": "no-cues",
    "wpt_signature-space-no-newline.vtt": "no-cues",
    "wpt_signature-space.vtt": "no-cues",
    "wpt_signature-timings.vtt": "no-cues",
    "wpt_stylesheets.vtt": (2, 0, 1000, "text"),
    "wpt_timings-60.vtt": (2, 0, 216_001_000, "text2"),
    "wpt_timings-negative.vtt": "no-cues",
    "wpt_timings-omitted-hours.vtt": (3, 0, 1000, "text2"),
    "wpt_timings-too-long.vtt": (2, 0, 1000, "text1"),
    "x_comma_vtt_times.vtt": (1, 500, 2000, "SRT style comma"),
    "x_crlf.srt": (2, 500, 4000, "À bientôt, garçon — 100 €"),
    "x_end_before_start.srt": "no-cues",
    "x_gbk.srt": "unknown-encoding",
    "x_huge_cue_1mb.vtt": "cue-too-long",
    "x_no_header.vtt": "no-webvtt-header",
    "x_nul_bytes.srt": (1, 500, 2000, "abc"),
    "x_windows1252.srt": (2, 500, 4000, "À bientôt, garçon — 100 €"),
    "x_xss.vtt": (1, 0, 2000, "<b>bold</b> &lt;ok&gt;"),
    "x_xxe.ttml": "xml-entities",
}


def test_every_file_has_a_row(media: Path) -> None:
    assert {file.name for file in (media / "captions").iterdir()} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_file(name: str, media: Path) -> None:
    expected = FILES[name]
    body = (media / "captions" / name).read_bytes()
    if isinstance(expected, str):
        with pytest.raises(CaptionError) as caught:
            read(body, name)
        assert caught.value.code == expected
        return
    track = read(body, name)
    count, first, last, text = expected
    assert (len(track.cues), track.cues[0].start, track.cues[-1].end) == (count, first, last)
    assert any(text in cue.text for cue in track.cues)
    assert read(webvtt(track.cues).encode()).cues == track.cues


# wpt_*: which texts stand where, by the cue that the test of the web platform names.
PLACES = {
    "wpt_settings-align.vtt": ["", "start", "center", "end", "left", "right", "end", "end", "end", "end", "end", "end"],
    "wpt_settings-size.vtt": ["", "2%", "0%", "0%", "100%", "50%", "1.5%"],
}


@pytest.mark.parametrize("name", PLACES)
def test_settings_are_those_that_the_web_platform_tests_name(name: str, media: Path) -> None:
    track = read((media / "captions" / name).read_bytes(), name)
    named = [cue for cue in track.cues if cue_text.plain(cue.text).startswith("text")][: len(PLACES[name])]
    assert [cue.settings.partition(":")[2] for cue in named] == PLACES[name]
    assert not [cue for cue in track.cues if cue.text.startswith("invalid") and cue.settings]
