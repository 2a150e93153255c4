"""The other end: what `channel upload` does. It speaks tus to whatever server it is pointed at."""
