#!/bin/sh
# Make the virtual environment $1 with $PYTHON; one clear line for each thing that is missing.
set -eu
venv=$1
python=${PYTHON:-python3}
fail() { echo "setup: $1" >&2; exit 1; }

command -v "$python" >/dev/null 2>&1 || fail "there is no $python; install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3 …"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "$("$python" --version) is too old; Python 3.11 or newer is needed (make PYTHON=…)"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  fail "this Python lacks the venv module; on Debian it is the package python3-venv"
[ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 && exit 0
echo "making the virtual environment $venv"
"$python" -m venv --clear "$venv" || fail "could not make $venv (is the disk full or the folder read-only?)"
