"""Settings of the HTTP modules."""

from collections.abc import Iterator

import pytest

from online_orders.http import messages


@pytest.fixture
def http_settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The module's SETTINGS in the environment, and everybody's full share before and after."""
    for name, value in request.module.SETTINGS.items():
        monkeypatch.setenv(name, value)
    messages.reset()
    yield
    messages.reset()
