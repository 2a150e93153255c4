"""Reading a source in the sandbox: what the index child is made of. It imports the standard library, PyAV, and mp4/."""
