"""The lab's hold on the product: what time it reads, and what a process of it remembers."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import online_orders.clock
from tests.lab.clock import Clock

_now = online_orders.clock.now
_clocks: list[Clock] = []
_patched: set[ModuleType] = set()


def now() -> datetime:
    return _clocks[-1].now() if _clocks else _now()


def monotonic() -> float:
    return _clocks[-1].timestamp() if _clocks else time.monotonic()


def sleep(seconds: float) -> None:
    if _clocks:
        _clocks[-1].move_to(_clocks[-1].now() + timedelta(seconds=seconds))
    else:
        time.sleep(seconds)


_STAND_INS: dict[Callable[..., Any], Callable[..., Any]] = {_now: now, time.monotonic: monotonic, time.sleep: sleep}


@contextmanager
def on_clock(clock: Clock) -> Iterator[None]:
    """The product's time is that of `clock`."""
    _clocks.append(clock)
    try:
        yield
    finally:
        _clocks.pop()


def patch_modules(of: Iterable[str]) -> None:
    """Put the stand-ins where the product, or one of these modules, has imported a function by its name.

    They stay there for good: a module may be imported while a lab runs, and used after it.
    """
    for module in _modules(of):
        if module in _patched:
            continue
        _patched.add(module)
        for name, value in list(vars(module).items()):
            if callable(value) and getattr(value, "__hash__", None) and value in _STAND_INS:
                setattr(module, name, _STAND_INS[value])


def reset_caches() -> None:
    """What a new process would not know."""
    for module in _modules(()):
        reset = getattr(module, "reset", None)
        if callable(reset):
            reset()


def _modules(more: Iterable[str]) -> list[ModuleType]:
    packages = ("online_orders", "online_orders_rendering", *more)
    # One look at the start of each name, of which there are thousands, passes over most.
    found = [name for name in list(sys.modules) if name.startswith(packages)]
    return [sys.modules[name] for name in found if name.partition(".")[0] in packages]
