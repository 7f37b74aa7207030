"""Calls to AWS that nothing is behind."""

import sys
from collections.abc import Iterator

import pytest

from online_orders import http
from online_orders.aws import dynamodb, signing_keys
from tests.aws.service import Largest, Service

NAMES = ("dynamodb", "events", "s3", "secretsmanager", "sesv2", "sqs", "ssm", "stepfunctions")
"""The SDK's, of the services that the product calls."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    """In the place of every service, for all modules of the product."""
    found = Service()
    clients = dict.fromkeys(NAMES, found)
    for name, module in list(sys.modules.items()):
        if name.startswith("online_orders.aws.") and "client" in vars(module) and not name.endswith(".clients"):
            monkeypatch.setattr(module, "client", clients.__getitem__)
    for timed in (dynamodb, signing_keys):
        monkeypatch.setattr(timed, "monotonic", lambda: found.now)
    monkeypatch.setattr(dynamodb, "sleep", found.sleep)
    monkeypatch.setattr(dynamodb, "SystemRandom", Largest)
    monkeypatch.setenv("TABLE_NAME", "Table")
    monkeypatch.setenv("SIGNING_KEYS_SECRET", "keys")
    signing_keys.reset()
    return found


@pytest.fixture
def http_settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The module's SETTINGS in the environment, and everybody's full share before and after."""
    for name, value in request.module.SETTINGS.items():
        monkeypatch.setenv(name, value)
    http.reset()
    yield
    http.reset()
