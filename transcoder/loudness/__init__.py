"""The loudness of sound renditions (EBU R 128): measured, and brought to the profile's target once for each."""
