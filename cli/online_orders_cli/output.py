"""What a command says: for people, or with --json for programs; progress on a terminal only, and on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Output:
    as_json: bool

    def say(self, sentence: str, **facts: Any) -> None:
        """A line: the sentence for people, the facts as one JSON object for programs."""
        if self.as_json:
            self.line(facts)
        else:
            Console(highlight=False, soft_wrap=True).print(sentence, markup=False)

    def line(self, value: Any) -> None:
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def complain(self, sentence: str, **facts: Any) -> None:
        """What went wrong, on stderr; with --json as an object there."""
        text = json.dumps({"error": sentence, **facts}, ensure_ascii=False) if self.as_json else sentence
        sys.stderr.write(text + "\n")

    def counted(self, things: Iterable[Thing], what: str, total: int | None = None) -> Iterator[Thing]:
        """The same things, with a bar on stderr as they are taken, where that is a terminal."""
        console = Console(stderr=True)
        with Progress(console=console, disable=not console.is_terminal or self.as_json, transient=True) as progress:
            yield from progress.track(things, total=total, description=what)

    def waiting(self, what: str) -> AbstractContextManager[Any]:
        """Says on stderr that something is under way and for how long, where that is a terminal."""
        console = Console(stderr=True)
        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        shown = Progress(*columns, console=console, disable=not console.is_terminal or self.as_json, transient=True)
        shown.add_task(what, total=None)
        return shown

    @contextmanager
    def accounted(self, sentence: str, counts: Mapping[str, Any]) -> Iterator[None]:
        """Where what is done inside is stopped or fails, says on stderr how far it came, if it came anywhere."""
        try:
            yield
        except BaseException:
            if any(counts.values()):
                self.complain(f"So far: {sentence.format(**counts)}", code="so_far", **counts)
            raise
