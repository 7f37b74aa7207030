"""How the tests wait for what follows from what they did."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryError, Retrying, retry_if_not_result, stop_after_delay, wait_fixed

Seen = TypeVar("Seen")


def until(look: Callable[[], Seen], seconds: float, every: float = 0.2) -> Seen:
    """Return the first thing true that `look` gives; AssertionError with the last thing false when the time is over."""
    again = Retrying(retry=retry_if_not_result(bool), wait=wait_fixed(every), stop=stop_after_delay(seconds))
    try:
        return again(look)
    except RetryError as error:
        raise AssertionError(f"not so within {seconds:g} s: {error.last_attempt.result()!r}") from None
