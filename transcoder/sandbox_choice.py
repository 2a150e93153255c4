"""Which cage children are put into: the strongest that works on this machine, found out once by trying.

`CHANNEL_CAGE` names one, or says "auto" (the default). One that is asked for by name and does not work is an error:
nobody who wants walls goes on without them unawares.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from infra.errors import SettingsError
from transcoder.sandbox import Limits, environment, wrap
from transcoder.sandbox_cage import BUBBLEWRAP, Cage

SETTING: Final = "CHANNEL_CAGE"
AUTO: Final = "auto"
_PATIENCE_S: Final = 10.0

# Tries what a cage forbids, and what it must allow. Its own exit code tells which of them went wrong.
_TRY: Final = """
import _socket, _thread, os, sys
open("made", "w").close()
open(sys.argv[1]).close()
done = _thread.allocate_lock(); done.acquire(); _thread.start_new_thread(done.release, ()); done.acquire()
for number, escape in enumerate((
    lambda: open(sys.argv[2]), lambda: os.listdir("/home"), lambda: open("/etc/passwd"), _socket.socket, os.fork,
    lambda: open(sys.argv[1], "w"),
), 3):
    try:
        escape()
    except OSError:
        continue
    os._exit(number)
"""


def in_force() -> Cage:
    """The cage of this machine. Raises SettingsError if the one that `CHANNEL_CAGE` names does not work here."""
    return chosen(os.environ.get(SETTING, "").strip() or AUTO)


@cache
def chosen(wanted: str) -> Cage:
    if wanted == AUTO:
        return next(cage for cage in Cage if cage is Cage.PLAIN or works(cage))
    try:
        cage = Cage(wanted)
    except ValueError:
        names = ", ".join((AUTO, *(each.value for each in Cage)))
        raise SettingsError(f"{SETTING}: {wanted!r} is not one of {names}") from None
    if cage is not Cage.PLAIN and not works(cage):
        raise SettingsError(f"{SETTING}: {wanted} does not work on this machine; docs/security.md says what it needs")
    return cage


@cache
def works(cage: Cage) -> bool:
    """Whether a child in this cage can do what it must and nothing of what it must not, by trying."""
    if sys.platform != "linux" or (cage is Cage.BUBBLEWRAP and shutil.which(BUBBLEWRAP) is None):
        return False
    with tempfile.TemporaryDirectory(prefix="cage-") as inside, tempfile.TemporaryDirectory(prefix="cage-") as outside:
        cwd, given, kept = Path(inside), Path(outside, "given"), Path(outside, "kept")
        given.touch()
        kept.touch()
        argv = [sys.executable, "-I", "-S", "-c", _TRY, str(given), str(kept)]
        command = wrap(argv, Limits(), cwd=cwd, reads=(given,), cage=cage)
        try:
            done = subprocess.run(  # noqa: S603
                command, cwd=cwd, env=environment(cwd), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, timeout=_PATIENCE_S, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0
