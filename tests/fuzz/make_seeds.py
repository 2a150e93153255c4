"""Writes the seeds that are not text: `python -m tests.fuzz.make_seeds`. All is our own output, or made by hand."""

from __future__ import annotations

import io
import shutil
from fractions import Fraction

import av
import numpy as np

from streaming.live.ingest.rtmp.flv import tag
from streaming.live.ingest.rtmp.messages import Kind
from tests.fuzz.corpus import HERE, SEEDS
from tests.streaming.live.entry.test_ts import KEY, LATER, MAP, MORE, PROGRAMMES
from tests.streaming.live.ingest.rtmp.peer import KEY_PICTURE, SOUND, VIDEO_HEADER, greeting, media
from tests.streaming.live.timeline.scte35.spliced import SPLICES, Stream, insert, segmentation, signal

GOLDEN = HERE.parent / "golden"
LARGEST = 4096


def clip(format: str, codec: str, *, options: dict[str, str] | None = None, pictures: int = 3) -> tuple[bytes, bytes]:
    """A tiny clip of a moving edge, and its codec's header."""
    target = io.BytesIO()
    with av.open(target, "w", format=format, options=options or {}) as file:
        stream: av.VideoStream = file.add_stream(codec, rate=25, options={"x265-params": "log-level=none"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.time_base = Fraction(1, 25)
        for number in range(pictures):
            shades = np.zeros((64, 64, 3), np.uint8)
            shades[:, : 8 + number] = 200
            file.mux(stream.encode(av.VideoFrame.from_ndarray(shades)))
        file.mux(stream.encode(None))
        header = bytes(stream.codec_context.extradata or b"")
    return target.getvalue(), header


def tone(format: str, codec: str, layout: str = "stereo") -> tuple[bytes, bytes]:
    """A few frames of silence."""
    target = io.BytesIO()
    with av.open(target, "w", format=format) as file:
        stream: av.AudioStream = file.add_stream(codec, rate=48_000, layout=layout, options={"strict": "-2"})
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 4096), np.float32), format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
        resampler = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=48_000)
        for made in resampler.resample(frame):
            file.mux(stream.encode(made))
        file.mux(stream.encode(None))
        header = bytes(stream.codec_context.extradata or b"")
    return target.getvalue(), header


def write(name: str, seed: str, body: bytes) -> None:
    folder = SEEDS / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / seed).write_bytes(body[:LARGEST])


def main() -> None:
    fragmented = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    stream, _ = clip("mp4", "libx264", options=fragmented)
    each, _ = clip("mp4", "libx264", options={"movflags": "frag_every_frame+empty_moov+default_base_moof"})
    flv, _ = clip("flv", "libx264")
    plain, avc = clip("mp4", "libx264")
    annex_b, _ = clip("h264", "libx264")
    hevc_stream, hevc = clip("hevc", "libx265")
    transport, _ = clip("mpegts", "mpeg2video")
    matroska, _ = clip("matroska", "libx264")
    aac, _ = tone("adts", "aac")
    opus, _ = tone("ogg", "libopus")
    flac, _ = tone("flac", "flac")
    ac3, _ = tone("ac3", "ac3")
    _, vorbis = tone("ogg", "vorbis")
    write("fragments", "h264", stream)
    write("pushed_tracks", "picture", stream)
    write("pushed_tracks", "header", stream[: stream.index(b"moof") - 4])
    write("fragments", "init", stream[: stream.index(b"moof") - 4])
    moov = plain.index(b"moov")
    write("tables", "file", plain)
    write("tables", "moov", plain[moov + 4 :])
    write("adts", "stereo", aac)
    write("adts", "one", aac[: 7 + 200])
    for name, body in {"avcc": avc, "annex_b": annex_b[:200], "hevc": hevc or hevc_stream[:400]}.items():
        write("headers_of_codecs", name, body)
    for name, body in {"flac": flac[-64:], "ac3": ac3[:64], "opus": opus[-64:], "vorbis": vorbis}.items():
        write("headers_of_codecs", name, body)
    sniffed = {
        "mp4": plain,
        "h264": annex_b,
        "hevc": hevc_stream,
        "ts": transport,
        "mkv": matroska,
        "aac": aac,
        "ogg": opus,
    }
    for name, body in sniffed.items():
        write("sniffing", name, body[:2048])
    write("sniffing", "text", b"<html><script>")
    hello = greeting("live_key")
    write("rtmp", "pictures", hello + media(Kind.VIDEO, VIDEO_HEADER) + media(Kind.VIDEO, KEY_PICTURE, 40))
    write("rtmp", "late", hello + media(Kind.AUDIO, SOUND, 0xFFFFFFF0) + media(Kind.AUDIO, SOUND, 5))
    write("rtmp", "aggregate", hello + media(Kind.AGGREGATE, tag(9, 0, KEY_PICTURE) + tag(8, 20, SOUND), 40))
    write("entries", "flv", flv)
    write("entries", "mpegts", PROGRAMMES + MAP + KEY + LATER + PROGRAMMES + MAP + MORE + KEY + LATER)
    write("entries", "mp4", each)
    stream = Stream()
    out, back = insert(7, 900, out=True, seconds=30), signal(5, segmentation(1, 0x31), segmentation(2, 0x10))
    write("splices", "stream", stream.tables() + stream.clock(9) + stream.sections(SPLICES, out, back))
    write("splices", "section", out[:-4])
    for golden in sorted(GOLDEN.glob("*.m3u8")):
        (SEEDS / "playlists").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(golden, SEEDS / "playlists" / golden.stem)


if __name__ == "__main__":
    main()
