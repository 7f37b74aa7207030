"""Read the settings of `make run` from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox import SandboxError

REGION = "eu-central-1"
ACCESS_KEY = "sandbox"
SECRET_KEY = "sandbox"
MAX_UNDO_SECONDS = 900  # as in the template
MAX_TICK_SECONDS = 31_536_000  # Step Functions lets an execution run for a year


@dataclass(frozen=True)
class Settings:
    """The settings. `port` 0 is any free one. `tick`: seconds that replace the timeout of the workflow's waits, or
    None.
    """

    project: Path
    folder: Path
    port: int
    tick: int | None
    undo: int
    """Seconds of the undo window of a quote."""
    iam: bool = False
    """Whether the engine enforces the functions' roles; their credentials last an hour, so this is for tests."""
    catalog: Path | None = None
    """A catalog of one's own: its document, or the folder with its price lists; None is the one that ships."""

    @classmethod
    def of(cls, environment: Mapping[str, str], project: Path) -> "Settings":
        return cls(
            project=project,
            folder=Path(environment.get("SANDBOX_DIR") or project / ".sandbox"),
            port=_number(environment, "PORT", 8080, most=65_535),
            tick=_number(environment, "ORDER_TICK_SECONDS", 0, most=MAX_TICK_SECONDS) or None,
            undo=_number(environment, "QUOTE_UNDO_SECONDS", 0, most=MAX_UNDO_SECONDS),
            iam=_number(environment, "SANDBOX_IAM", 0, most=1) == 1,
            catalog=Path(given) if (given := environment.get("CATALOG")) else None,
        )


def _number(environment: Mapping[str, str], name: str, default: int, *, most: int) -> int:
    value = environment.get(name) or str(default)
    if not (value.isascii() and value.isdecimal()) or int(value) > most:
        raise SandboxError(f"{name} is to be a number up to {most}, not {value!r}")
    return int(value)
