"""The local run: its parts, and the whole of it."""
