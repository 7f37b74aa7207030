"""A desk with a table in memory, in the place of AWS."""

from collections.abc import Iterator

import pytest

from online_orders import clock
from online_orders.aws import table as table_module
from online_orders.telemetry import logger, metrics
from tests.functions.desk import Desk


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    desk = Desk()
    monkeypatch.setattr(table_module, "client", lambda name: desk.table)
    monkeypatch.setattr(table_module, "back_off", lambda attempt: None)
    monkeypatch.setattr(clock, "now", lambda: desk.now)
    monkeypatch.setattr(metrics, "add_metric", lambda *metric: desk.told.append(metric))
    monkeypatch.setenv("TABLE_NAME", "Table")
    yield desk
    logger.set_correlation_id(None)
