"""AWS clients and the environment of a function, read when first needed and kept for as long as the process lives."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import Session

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=8,
    retries={"mode": "standard", "total_max_attempts": 4},
    # Made anew for each call otherwise, and each call looked through: a third of what the SDK does for it. The tests do
    # look through their calls (tests/lab), and the service looks through all.
    user_agent="online-orders",
    parameter_validation=False,
)


def environment(name: str) -> str:
    """A variable that the template sets; KeyError when it does not: there is no silent default."""
    return os.environ[name]


@cache
def _session() -> Session:
    return Session()


@cache
def client(service: str) -> Any:
    """The botocore client of a service, by its SDK name (`dynamodb`, `sesv2`)."""
    return _session().create_client(service, config=_CONFIG)


def reset() -> None:
    """Forget the clients and the session; for tests, where each has its own AWS."""
    client.cache_clear()
    _session.cache_clear()
