"""The emulation of AWS that the local run (`sandbox`) and the lab of the tests (`tests/lab`) share."""


class TemplateError(Exception):
    """The template cannot be read or translated; the message is for the person at the terminal."""
