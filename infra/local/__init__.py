"""The embedded stack: real servers that come as wheels, started and watched on one machine."""
