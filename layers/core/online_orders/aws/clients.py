"""The SDK's clients, of the services that hardly a request waits for, made when first needed and kept from then on.

What requests do wait for is called without a client: see `json_services`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from online_orders.aws import deadlines
from online_orders.aws.signature import Credentials

if TYPE_CHECKING:
    from botocore.session import Session


@cache
def _session() -> Session:
    from botocore.session import Session  # half of a cold start, for those who need no client

    return Session()


@cache
def client(service: str) -> Any:
    """The botocore client of a service, by its SDK name (`sqs`, `sesv2`)."""
    from botocore.config import Config

    # All attempts together end before any function does: one that Lambda ends can neither answer nor say why. SES is
    # given longer and asked less often: a mail of which it does not tell in time goes again, and may be there already.
    connect, read, attempts = (1, 10, 2) if service == "sesv2" else (1, 4, 3)
    config = Config(
        connect_timeout=connect,
        read_timeout=read,
        retries={"mode": "standard", "total_max_attempts": attempts},
        # Made anew for each call otherwise, and each call looked through: a third of what the SDK does for it. The
        # tests do look through their calls (tests/lab), and the service looks through all.
        user_agent="online-orders",
        parameter_validation=False,
    )
    made = _session().create_client(service, config=config)
    made.meta.events.register("before-send", lambda **_: deadlines.must_have(connect + read))  # of each attempt
    return made


def credentials() -> Credentials:
    """Where no variables say who we are; the session refreshes them in time."""
    found = _session().get_credentials()
    if found is None:
        from botocore.exceptions import NoCredentialsError

        raise NoCredentialsError
    frozen = found.get_frozen_credentials()
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


def prepare_credentials() -> None:
    """Import what finds credentials, without looking for any."""
    _session().get_component("credential_provider")


def reset() -> None:
    """Forget the clients; for tests, where each has its own AWS."""
    client.cache_clear()
