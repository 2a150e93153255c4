from __future__ import annotations

import io
import subprocess
from typing import TYPE_CHECKING

import av
import pytest

from transcoder.ffmpeg import ffmpeg_path
from transcoder.probe.packets import ac3_samples, flac_samples, opus_samples, packets_of, vorbis_blocks

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("head", "samples"),
    [
        (b"\x00", 480), (b"\x18", 2880), (b"\x60", 480), (b"\x68", 960), (b"\x80", 120), (b"\xfc", 960),
        (b"\xfd", 1920), (b"\xfe", 1920), (b"\xff\x03", 2880), (b"\xff", None), (b"", None),
    ],
)  # fmt: skip
def test_opus(head: bytes, samples: int | None) -> None:
    assert opus_samples(head) == samples


@pytest.mark.parametrize(
    ("head", "samples"),
    [
        (b"\xff\xf8\x19\x18\x00", 192), (b"\xff\xf8\x29\x18\x00", 576), (b"\xff\xf8\xc9\x18\x00", 4096),
        (b"\xff\xf8\x69\x18\x05\x63\x00", 100), (b"\xff\xf8\x79\x18\xc2\x85\x01\xff", 512),
        (b"\xff\xf8\x09\x18\x00", None), (b"\xff\xf8", None), (b"fLaC\x00", None),
    ],
)  # fmt: skip
def test_flac(head: bytes, samples: int | None) -> None:
    assert flac_samples(head) == samples


@pytest.mark.parametrize(
    ("head", "samples"),
    [
        (b"\x0b\x77\0\0\x14\x40", 1536), (b"\x0b\x77\0\0\x30\x80", 1536), (b"\x0b\x77\0\0\x00\x80", 256),
        (b"\x0b\x77\0\0\xc0\x80", 1536), (b"\0\0\0\0\0\0", None), (b"\x0b\x77", None),
    ],
)  # fmt: skip
def test_ac3(head: bytes, samples: int | None) -> None:
    assert ac3_samples(head) == samples


@pytest.mark.parametrize("extradata", [b"", b"\x02", b"\x02\xff\xff", b"\x02\x01\x01" + bytes(40), b"\x01" * 80])
def test_headers_of_no_vorbis_stream(extradata: bytes) -> None:
    assert vorbis_blocks(extradata) is None


CODECS = ["libvorbis", "libopus", "flac", "aac", "libmp3lame", "mp2", "ac3", "eac3", "pcm_s16le", "pcm_s24le"]


@pytest.mark.parametrize("codec", CODECS)
def test_the_count_is_what_a_decoder_gives(codec: str, tmp_path: Path) -> None:
    """Silence, then a click: an encoder changes its block sizes there."""
    source = "aevalsrc='if(lt(mod(t,0.7),0.01),random(0),0.1*sin(440*t))':s=48000:d=4"
    made = tmp_path / "made.mkv"
    command = [ffmpeg_path(), "-v", "error", "-f", "lavfi", "-i", source, "-ac", "2", "-c:a", codec, str(made)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    with av.open(io.BytesIO(made.read_bytes())) as container:
        stream = container.streams.audio[0]
        counted: list[tuple[int | None, int]] = []
        packets = None
        for packet in (packet for packet in container.demux(stream) if packet.size):
            decoded = sum(frame.samples for frame in packet.decode())
            packets = packets or packets_of(stream)
            assert packets is not None
            counted.append((packets.samples(packet), decoded))
    # Priming is cut off the first, padding off the last.
    assert len(counted) > 20
    assert [samples for samples, _ in counted[1:-1]] == [decoded for _, decoded in counted[1:-1]]


def test_a_codec_that_is_not_known_is_not_counted(tmp_path: Path) -> None:
    made = tmp_path / "made.asf"
    command = [ffmpeg_path(), "-v", "error", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "wmav2", str(made)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    with av.open(str(made)) as container:
        assert packets_of(container.streams.audio[0]) is None
