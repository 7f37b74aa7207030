"""The commands of the documents and of the makefiles, read as a shell reads them, as far as these use the shell.

A line may hold loops, lists, pipes, functions and substitutions; what is quoted is no command. Here-documents, `case`
and arithmetic are not read.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))))

_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
_CONTINUED = re.compile(r"\\\n\s*")
_FUNCTION = re.compile(r"^\s*([A-Za-z_]\w*)\(\)\s*\{")
_ASSIGNMENT = re.compile(r"^([A-Za-z_]\w*)=")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+""")
_REDIRECTION = re.compile(r"(?<!\S)\d?(?:>>|[<>])(?:&\d|\s*\S+)")
_BEFORE_A_COMMAND = {"do", "then", "else", "while", "until", "if", "{", "!", "export"}
_NO_COMMAND = {"done", "fi", "}", "for"}
_SUBSTITUTED = "SUBSTITUTED"


def blocks_of(name: str) -> list[list[str]]:
    """Return the command lines of each console block of a document, each joined and without its prompt."""
    blocks = [_CONTINUED.sub("", block).splitlines() for block in _BLOCK.findall((ROOT / name).read_text("utf-8"))]
    return [[line.removeprefix("$ ") for line in block if line.startswith("$ ")] for block in blocks]


def lines_of(name: str) -> list[str]:
    """Return the command lines of all console blocks of a document."""
    return [line for block in blocks_of(name) for line in block]


def inline_of(name: str) -> list[str]:
    """Return what a document has in inline code."""
    text = (ROOT / name).read_text("utf-8")
    return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def recipes_of(path: Path) -> list[str]:
    """Return the recipe lines of a makefile, each joined and with make's dollar signs as the shell gets them."""
    text = _CONTINUED.sub(" ", path.read_text("utf-8"))
    recipes = [line[1:].lstrip("@-+") for line in text.splitlines() if line.startswith("\t")]
    return [re.sub(r"\$\([A-Z@*%<^][^)]*\)", _SUBSTITUTED, line).replace("$$", "$") for line in recipes]


class _Reader:
    """Takes a line apart into its simple commands; those in substitutions come before the one that they are in."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.commands: list[str] = []

    def read(self, end: str = "") -> None:
        """Read on to `end`, a closing parenthesis, or to the end of the text."""
        command = ""
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == end:
                break
            if character in "\\'":
                command += self._verbatim(character)
            elif character == '"':
                command += self._quoted()
            elif self._text.startswith("$(", self._at):
                self._at += 1
                command += self._substituted()
            elif character == "#" and (not command or command[-1].isspace()):
                self._at = len(self._text)
            elif character in ";|&\n" and not (character == "&" and command.endswith(">")):
                self._at += 1
                self._end(command)
                command = ""
            elif character == "(":
                command = self._grouped(command)
            else:
                command += self._take(1)
        self._end(command)

    def _grouped(self, command: str) -> str:
        """Read a subshell, or the head of a function."""
        if self._text.startswith("() {", self._at):
            self._at += 4
        else:
            self._substituted()
        return ""

    def _verbatim(self, character: str) -> str:
        """Take an escaped character or a text in single quotes."""
        return self._take(2 if character == "\\" else self._text.index("'", self._at + 1) + 1 - self._at)

    def _take(self, count: int) -> str:
        taken = self._text[self._at : self._at + count]
        self._at += count
        return taken

    def _quoted(self) -> str:
        quoted = self._take(1)
        while (character := self._text[self._at]) != '"':
            if character == "\\":
                quoted += self._take(2)
            elif self._text.startswith("$(", self._at):
                self._at += 1
                quoted += self._substituted()
            else:
                quoted += self._take(1)
        return quoted + self._take(1)

    def _substituted(self) -> str:
        """Read on from an opening parenthesis to the one that closes it."""
        self._at += 1
        self.read(")")
        self._at += 1
        return _SUBSTITUTED

    def _end(self, command: str) -> None:
        if command.strip():
            self.commands.append(command.strip())


def commands_of(line: str) -> list[list[str]]:
    """Return the words of each simple command, without assignments before it, redirections, and `xargs -n 1`."""
    reader = _Reader(line)
    reader.read()
    return [words for command in reader.commands if (words := _words(command))]


def _words(command: str) -> list[str]:
    words = shlex.split(_REDIRECTION.sub("", command))
    while words and (words[0] in _BEFORE_A_COMMAND or _ASSIGNMENT.match(words[0])):
        words.pop(0)
    if words[:3] == ["xargs", "-n", "1"]:
        return words[3:]
    return [] if words and words[0] in _NO_COMMAND else words


class Use(NamedTuple):
    variable: str
    line: str


def unassigned(name: str, known: frozenset[str] = frozenset({"HOME", "PATH", "RANDOM"})) -> Iterator[Use]:
    """Yield what a document's console blocks use before anything in it assigns it; `known` has what every shell has."""
    assigned = set(known)
    for line in lines_of(name):
        for event in _events(line):
            if event.startswith("$"):
                if event[1:] not in assigned:
                    yield Use(event[1:], line)
            else:
                assigned.add(event)


def _events(line: str) -> Iterator[str]:
    """Yield `$NAME` for each use and `NAME` for each lasting assignment, in the order in which the shell does them."""
    reader = _Reader(_FUNCTION.sub("", line))
    reader.read()
    # A substitution is read before the assignment that it stands in, as the shell does.
    for command in reader.commands:
        bare = re.sub(r"^(?:(?:do|then|else|while|until|if|\{|!|export) +)+", "", command)
        if looped := re.match(r"for (\w+) in (.*)", bare):
            yield from (f"${name}" for name in _uses(looped[2]))
            yield looped[1]
            continue
        words = _WORD.findall(bare)
        if words[:1] == ["read"]:
            yield from (word for word in words[1:] if not word.startswith("-"))
            continue
        lasting = all(_ASSIGNMENT.match(word) for word in words) or command.startswith("export ")
        for word in words:
            yield from (f"${name}" for name in _uses(word))
            found = _ASSIGNMENT.match(word)
            if found and lasting:
                yield found[1]


def _uses(text: str) -> list[str]:
    outside = re.sub(r"\"(?:\\.|[^\"])*\"|'[^']*'", lambda quoted: "" if quoted[0][0] == "'" else quoted[0], text)
    return [one or other for one, other in _VARIABLE.findall(outside)]
