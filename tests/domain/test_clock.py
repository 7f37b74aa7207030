"""The one clock of the product."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from online_orders import clock
from tests.domain.builders import NOW


@pytest.mark.parametrize(("microsecond", "kept"), [(0, 0), (999, 0), (1_000, 1_000), (999_999, 999_000)])
def test_now_is_in_utc_and_of_whole_milliseconds(monkeypatch: pytest.MonkeyPatch, microsecond: int, kept: int) -> None:
    class Still(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            assert tz is UTC
            return NOW.replace(microsecond=microsecond)

    monkeypatch.setattr(clock, "datetime", Still)
    assert clock.now() == NOW.replace(microsecond=kept)
