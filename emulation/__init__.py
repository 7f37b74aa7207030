"""What stands in for AWS in the local run (`sandbox`) and in the lab of the tests (`tests/lab`)."""


class TemplateError(Exception):
    """The template cannot be read or translated; the message is for the person at the terminal."""
