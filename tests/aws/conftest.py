"""Calls to AWS that nothing is behind."""

import sys

import pytest

from online_orders.aws import catalog_store, signing_keys, table
from online_orders.telemetry import logger
from tests.aws.service import Largest, Service

NAMES = ("cognito-idp", "dynamodb", "events", "s3", "secretsmanager", "sesv2", "sqs", "ssm", "stepfunctions")
"""The SDK's, of the services that the product calls."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    """In the place of every service, for all modules of the product."""
    found = Service()
    clients = dict.fromkeys(NAMES, found)
    for name, module in list(sys.modules.items()):
        if name.startswith("online_orders.aws.") and "client" in vars(module) and not name.endswith(".clients"):
            monkeypatch.setattr(module, "client", clients.__getitem__)
    for timed in (table, signing_keys):
        monkeypatch.setattr(timed, "monotonic", lambda: found.now)
    monkeypatch.setattr(table, "sleep", found.sleep)
    monkeypatch.setattr(table, "SystemRandom", Largest)
    monkeypatch.setenv("TABLE_NAME", "Table")
    monkeypatch.setenv("SIGNING_KEYS_SECRET", "keys")
    signing_keys.reset()
    catalog_store.reset()
    logger.set_correlation_id(None)  # which a test of a whole request may have left in this process
    return found
