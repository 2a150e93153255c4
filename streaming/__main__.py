"""`python -m streaming` is the command `channel`."""

from streaming.cli import main

main()
