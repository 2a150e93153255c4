"""FFMPEG OPTIONS COMMAND…: become ffmpeg, with other encoder settings than Shaka Streamer asks for.

OPTIONS is a JSON file: for each average bit rate that it may ask for, the options that belong in its place.
"""

import json
import os
import sys
from pathlib import Path

_REPLACED = frozenset({"-preset", "-profile:v", "-keyint_min", "-g", "-c:v"})


def main(program: str, options: str, *arguments: str) -> None:
    settings = json.loads(Path(options).read_text())
    argv = [program, "-nostdin"]
    words = iter(arguments)
    for word in words:
        if word in _REPLACED:
            next(words)
        elif word == "-b:v":
            argv += settings[next(words)]
        else:
            argv.append(word)
    os.execv(program, argv)  # noqa: S606 - no shell: that is the point


if __name__ == "__main__":
    main(*sys.argv[1:])
