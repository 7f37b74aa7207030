"""Print what a command reports: for people, or as JSON with --json; progress only on a terminal, and on stderr."""

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
        """Print the sentence for people, or the facts as one JSON object for programs."""
        if self.as_json:
            self.line(facts)
        else:
            Console(highlight=False, soft_wrap=True).print(sentence, markup=False)

    def line(self, value: Any) -> None:
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def complain(self, sentence: str, **facts: Any) -> None:
        """Print an error on stderr; with --json as an object."""
        text = json.dumps({"error": sentence, **facts}, ensure_ascii=False) if self.as_json else sentence
        sys.stderr.write(text + "\n")

    def counted(self, things: Iterable[Thing], what: str, total: int | None = None) -> Iterator[Thing]:
        """Yield the same things, with a progress bar on stderr where that is a terminal."""
        console = Console(stderr=True)
        with Progress(console=console, disable=not console.is_terminal or self.as_json, transient=True) as progress:
            yield from progress.track(things, total=total, description=what)

    def waiting(self, what: str) -> AbstractContextManager[Any]:
        """Show on stderr what is under way and for how long, where that is a terminal."""
        console = Console(stderr=True)
        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        shown = Progress(*columns, console=console, disable=not console.is_terminal or self.as_json, transient=True)
        shown.add_task(what, total=None)
        return shown

    @contextmanager
    def accounted(self, sentence: str, counts: Mapping[str, Any]) -> Iterator[None]:
        """Print on stderr how far the work inside came, if it is stopped or fails after any progress."""
        try:
            yield
        except BaseException:
            if any(counts.values()):
                self.complain(f"So far: {sentence.format(**counts)}", code="so_far", **counts)
            raise
