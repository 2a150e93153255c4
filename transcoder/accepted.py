"""What may be opened of a source: one demuxer, the decoders of media that people have, and nothing that it refers to.

ffmpeg knows more than five hundred decoders. Most are of games and of cameras of the nineties, are tested by nobody,
and are where memory is corrupted: a file picks its decoder, so whoever sends it would choose the weakest. What is not
here is refused as an `unsupported_codec`. The same lists hold for ffmpeg's program and for its libraries (PyAV).

Standard library only: children in the sandbox import it.
"""

from __future__ import annotations

from typing import Final

_VIDEO: Final = (
    # distribution
    *("h264", "hevc", "vvc", "av1", "libdav1d", "libaom-av1", "vp8", "vp9", "libvpx", "libvpx-vp9", "theora"),
    *(
        "mpeg1video",
        "mpeg2video",
        "mpeg4",
        "h263",
        "h263p",
        "flv",
        "vp6",
        "vp6a",
        "vp6f",
        "vc1",
        "wmv1",
        "wmv2",
        "wmv3",
    ),
    *("msmpeg4", "msmpeg4v1", "msmpeg4v2", "svq1", "svq3", "cinepak"),
    # cameras, studios, archives
    *("prores", "dnxhd", "cfhd", "mjpeg", "mjpegb", "dvvideo", "jpeg2000", "ffv1", "huffyuv", "ffvhuff", "utvideo"),
    *("rawvideo", "v210", "v308", "v408", "v410", "r210", "yuv4", "qtrle", "rpza", "png", "gif"),
)
_AUDIO: Final = (
    *(
        "aac",
        "aac_latm",
        "mp1",
        "mp1float",
        "mp2",
        "mp2float",
        "mp3",
        "mp3float",
        "ac3",
        "eac3",
        "dca",
        "truehd",
        "mlp",
    ),
    *("opus", "libopus", "vorbis", "libvorbis", "flac", "alac", "speex", "nellymoser", "wmav1", "wmav2", "wmapro"),
    *("amrnb", "amrwb", "libopencore_amrnb", "libopencore_amrwb", "dvaudio", "qdm2", "s302m", "gsm", "gsm_ms"),
    *("adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "adpcm_swf", "g722", "g726"),
    *("pcm_alaw", "pcm_mulaw", "pcm_bluray", "pcm_dvd", "pcm_s8", "pcm_u8", "pcm_s8_planar"),
    *("pcm_s16le", "pcm_s16be", "pcm_u16le", "pcm_u16be", "pcm_s16le_planar", "pcm_s16be_planar"),
    *("pcm_s24le", "pcm_s24be", "pcm_u24le", "pcm_u24be", "pcm_s24le_planar", "pcm_s24daud"),
    *("pcm_s32le", "pcm_s32be", "pcm_u32le", "pcm_u32be", "pcm_s32le_planar", "pcm_s64le", "pcm_s64be"),
    *("pcm_f16le", "pcm_f24le", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be"),
)
_TEXT: Final = ("subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text", "cc_dec")

DECODERS: Final = (*_VIDEO, *_AUDIO, *_TEXT)

MAX_STREAMS: Final = 1000


def opening(demuxer: str, *, protocols: str) -> dict[str, str]:
    """ffmpeg's options for opening a source with one demuxer. `protocols`: "file", or "none" where we read for it."""
    options = {
        "protocol_whitelist": protocols,
        "format_whitelist": demuxer,
        "codec_whitelist": ",".join(DECODERS),
        "max_streams": str(MAX_STREAMS),
    }
    if demuxer == "mov":
        options |= {"enable_drefs": "0", "use_absolute_path": "0"}
    return options


def decoding(max_pixels: int) -> dict[str, str]:
    """Options of each decoder of a source."""
    return {"codec_whitelist": ",".join(DECODERS), "max_pixels": str(max_pixels)}
