"""One ladder, made five ways in one run: ours, one ffmpeg command, PeerTube's, MediaCMS's, and Shaka Streamer itself.

    python -m benchmarks.peers [--repeat N] [--quick]

All get the same source, sizes, frame grid, x264 and AAC settings, thread policy and ffmpeg. Each is timed from the
source's last byte to its last output byte, with the moment at which a viewer can start; what they made is then decoded
and counted.
"""

from benchmarks.peers.race import run

__all__ = ["run"]
