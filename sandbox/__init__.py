"""The local run: the real `template.yaml` on an embedded engine, seeded, behind one origin. `make run` starts it."""


class SandboxError(Exception):
    """The sandbox cannot start or go on; the message is for the person at the terminal."""
