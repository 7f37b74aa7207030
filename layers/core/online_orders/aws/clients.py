"""Create the SDK's clients, by which all of AWS is called: each when it is first needed, and kept from then on."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from online_orders import deadlines

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from botocore.session import Session

CONNECT_SECONDS = 1


def error_code(error: ClientError) -> str:
    """Return the code of a refusal by AWS, such as `ConditionalCheckFailedException`."""
    return str(error.response["Error"]["Code"])


class Timeouts(NamedTuple):
    """How long a client waits for a response, and how many attempts a call has."""

    read_seconds: int
    attempts: int


_DEFAULT = Timeouts(read_seconds=4, attempts=3)
_BY_SERVICE = {"sesv2": Timeouts(read_seconds=10, attempts=2)}
"""SES gets more time and fewer attempts: a mail that it does not confirm is sent again, and may go twice."""


def timeouts(service: str) -> Timeouts:
    return _BY_SERVICE.get(service, _DEFAULT)


def max_call_seconds(service: str) -> float:
    """Return the seconds that a call takes at most: all attempts, and the SDK's pauses between them.

    Calls must end before their function does, because a function that Lambda ends can neither respond nor log why.
    """
    read_seconds, attempts = timeouts(service)
    pauses = sum(1 << attempt for attempt in range(attempts - 1))
    return attempts * (CONNECT_SECONDS + read_seconds) + pauses


@cache
def _session(service: str) -> Session:
    """Return a session with those of the SDK's hooks that are for every service or for this one, and with one of ours.

    Registering all of them, with the documents that they write, takes a twentieth of a cold start. Some headers are
    left out too, because every call writes, copies, encodes and signs them: those that tell the service which attempt
    this is, which no service uses, and what libraries add to the user agent.
    """
    from botocore import handlers
    from botocore.hooks import EventAliaser, HierarchicalEmitter
    from botocore.session import Session

    session = Session(include_builtin_handlers=False)
    name = session.get_service_model(service).service_id.hyphenize()
    emitter = EventAliaser(HierarchicalEmitter())
    session.register_component("event_emitter", emitter)
    register = {None: emitter.register, handlers.REGISTER_FIRST: emitter.register_first}
    register[handlers.REGISTER_LAST] = emitter.register_last
    for event, handler, *when in handlers.BUILTIN_HANDLERS:
        _, _, whose = event.partition(".")
        if handler is handlers.add_retry_headers:
            continue
        if not whose or whose.partition(".")[0] == name:
            register[when[0] if when else None](event, handler)
    longest = CONNECT_SECONDS + timeouts(service).read_seconds
    emitter.register_first("before-send", lambda **_: deadlines.require_seconds(longest))  # for each attempt
    return session


def _keys() -> dict[str, str | None]:
    """Return Lambda's credentials, which are valid for as long as the process lives; none where the environment has
    none.

    Without them, as in a process that starts from a snapshot, the SDK searches for credentials; setting up that search
    takes time.
    """
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    return {name: os.environ.get(name.upper()) or None for name in names}


def _create_client(service: str) -> Any:
    from botocore.config import Config

    read_seconds, attempts = timeouts(service)
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        # Otherwise it is made anew for each call, and each call is validated: a third of what the SDK does for it. The
        # tests validate their calls (tests/lab), and the service validates all.
        user_agent="online-orders",
        parameter_validation=False,
    )
    return _session(service).create_client(service, config=config, **_keys())


_factories: list[Callable[[str], Any]] = [_create_client]
"""Factories of clients; the last one is used."""


@cache
def client(service: str) -> Any:
    """Return the client of a service, by its SDK name (`dynamodb`, `sesv2`), as `boto3.client` would.

    Calls raise `botocore.exceptions.ClientError` where the service refuses, another `BotoCoreError` where it does not
    respond, and Unavailable when the request has no time left for the call.
    """
    return _factories[-1](service)


def use_factory(make: Callable[[str], Any]) -> None:
    """Replace the factory of clients, for example by one with the profile and region of the command-line
    tool's user.
    """
    _factories.append(make)
    client.cache_clear()


def reset() -> None:
    """Forget the clients and their factories; for tests, where each has its own AWS."""
    del _factories[1:]
    client.cache_clear()
    _session.cache_clear()


def _prewarm() -> None:
    """Load what a first call would load, for a snapshot of this process; nothing that is secret, unique or expires."""
    import botocore.httpsession  # noqa: F401 - it stays in the snapshot

    _session("dynamodb").get_component("credential_provider")


if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
    _prewarm()
