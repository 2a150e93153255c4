"""A publisher whose pictures show the moment at which they were handed to its encoder, in real time.

A program of its own, so that nothing of the measuring waits for it: `python -m benchmarks.live.source ADDRESS…`. Sound
comes in step with the pictures, each block right before its picture, so that no picture waits in the muxer for it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from benchmarks.live import clock
from transcoder.ffmpeg import ffmpeg_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH, HEIGHT, RATE = 640, 360, 25
STRIP: Final = 16
"""Rows that show the time: whole macroblocks."""
_SAMPLE_RATE: Final = 48_000
_TONE: Final = b"".join(round(4000 * ((place % 80) / 40 - 1)).to_bytes(2, "little", signed=True) for place in range(80))
"""A period of 600 Hz, of which every block of sound holds a whole number."""
_AHEAD: Final = 3
"""Blocks of sound in front of the first picture: what the encoder of sound holds back. No picture waits for it."""


def argv(addresses: Sequence[str], sound: int) -> list[str]:
    """The encoder: pictures from its standard input, sound from the file descriptor `sound`."""
    outputs = "|".join(
        f"[f=flv:onfail=ignore:flvflags=no_duration_filesize:max_interleave_delta=1]{each}" for each in addresses
    )
    return [
        ffmpeg_path(), "-loglevel", "error", "-nostats", "-threads", "1", "-probesize", "32", "-f", "rawvideo",
        "-pixel_format", "yuv420p", "-video_size", f"{WIDTH}x{HEIGHT}", "-framerate", str(RATE), "-i", "pipe:0",
        "-probesize", "32", "-f", "s16le", "-ar", str(_SAMPLE_RATE), "-ch_layout", "mono", "-i", f"pipe:{sound}",
        "-fps_mode", "passthrough", "-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-preset", "ultrafast",
        "-tune", "zerolatency", "-b:v", "1500k", "-g", str(2 * RATE), "-keyint_min", str(2 * RATE),
        # One encode for all addresses, so their headers stand in front and not in the stream.
        "-c:a", "aac", "-b:a", "96k", "-flags", "+global_header", "-flush_packets", "1", "-f", "tee", outputs,
    ]  # fmt: skip


def pictures(texture: bytes) -> Iterator[tuple[int, int]]:
    """The pan over the texture: where a picture begins and ends in it, forth and back."""
    rows = len(texture) // WIDTH - (HEIGHT - STRIP)
    while True:
        for row in (*range(0, rows, 2), *range(rows - 2, 0, -2)):
            yield row * WIDTH, (row + HEIGHT - STRIP) * WIDTH


def texture() -> bytes:
    """Luma of something with edges and slopes, twice as high as a picture."""
    return b"".join(
        bytes(40 + (x + 2 * y) % 128 + 32 * ((x // 48 + y // 48) % 2) for x in range(WIDTH)) for y in range(2 * HEIGHT)
    )


def publish(addresses: Sequence[str]) -> int:
    """Until the encoder ends; its exit status."""
    drawn = texture()
    colour = bytes([112]) * (WIDTH * HEIGHT // 4) + bytes([144]) * (WIDTH * HEIGHT // 4)
    block = _TONE * (_SAMPLE_RATE // RATE // 80)
    reading, writing = os.pipe()
    child = subprocess.Popen(argv(addresses, reading), stdin=subprocess.PIPE, pass_fds=(reading,))
    os.close(reading)
    assert child.stdin is not None
    begun = time.monotonic()
    try:
        for number, (start, stop) in enumerate(pictures(drawn)):
            time.sleep(max(0.0, begun + number / RATE - time.monotonic()))
            os.write(writing, block * (_AHEAD if number == 0 else 1))
            shown = clock.strip(time.time_ns() // 1_000_000, width=WIDTH, height=STRIP)
            child.stdin.write(shown + drawn[start:stop] + colour)
            child.stdin.flush()
    except BrokenPipeError:
        pass
    finally:
        os.close(writing)
        child.kill()
    return child.wait()


@contextmanager
def publishing(*addresses: str) -> Iterator[None]:
    """The same in a process of its own, while the body runs."""
    child = subprocess.Popen([sys.executable, "-m", "benchmarks.live.source", *addresses])
    try:
        yield
        assert child.poll() is None, "the publisher has ended"
    finally:
        child.terminate()
        child.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="Publish pictures that show the time.")
    parser.add_argument("address", nargs="+", help="rtmp://…")
    sys.exit(publish(parser.parse_args().address))


if __name__ == "__main__":
    main()
