"""Compute when to retry what the installation could not do, by the rule of `backoff`."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from random import SystemRandom

from online_orders.domain.backoff import retry_delay
from online_orders.environment import environment


def random_fraction() -> float:
    """Return a random number from 0 to 1; its source shares no seed among processes of one snapshot."""
    return SystemRandom().random()


def next_delay_seconds(waited: timedelta) -> int:
    """Return the whole seconds, at least one, until the next attempt, after having `waited` in vain.

    At most MAX_RETRY_DELAY_SECONDS, which the template gives to each function that waits.
    """
    maximum = timedelta(seconds=int(environment("MAX_RETRY_DELAY_SECONDS")))
    return ceil(retry_delay(waited, maximum, random_fraction()).total_seconds())
