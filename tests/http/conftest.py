"""Settings of the HTTP modules."""

from collections.abc import Iterator

import pytest

from online_orders.http import rate_limit


@pytest.fixture
def http_settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The module's SETTINGS in the environment, and everybody's full share before and after."""
    for name, value in request.module.SETTINGS.items():
        monkeypatch.setenv(name, value)
    rate_limit.reset()
    yield
    rate_limit.reset()
