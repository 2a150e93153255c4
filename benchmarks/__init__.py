"""Measurements beside a rival or a limit, in the same run; never a test. `make bench` runs all and writes a report."""
