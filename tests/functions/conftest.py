"""A desk with a table in memory, in the place of AWS."""

from collections.abc import Iterator

import pytest

from tests.aws.desk import Desk, in_place_of_aws


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    desk = Desk()
    with in_place_of_aws(desk, monkeypatch):
        yield desk
