"""A public generator makes a client of the document, and the client works."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from tests.contract.in_process import InProcess
from tools.compatibility import PRESENT, ROOT

GENERATOR = ROOT / ".venv-checks" / "bin" / "openapi-python-client"
EXAMPLE = ROOT / "examples" / "client"


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The client, importable as `online_orders_client`."""
    folder = tmp_path / "online_orders_client"
    config = EXAMPLE / "openapi-python-client.yml"
    text = subprocess.run(
        [GENERATOR, "generate", "--path", PRESENT, "--output-path", folder, "--meta", "none", "--config", config],
        capture_output=True,
        text=True,
        check=False,
    )
    assert text.returncode == 0, text.stdout + text.stderr
    assert "WARNING" not in text.stdout, text.stdout
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "online_orders_client"]:
        del sys.modules[name]


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("place_order_example", EXAMPLE / "place_order.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def over_httpx(site: InProcess) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        user = next(user for user in site.users if f"Bearer {user.username}" == request.headers["authorization"])
        kept = {name: value for name, value in request.headers.items() if name in {"content-type", "idempotency-key"}}
        path = request.url.raw_path.decode()
        response = site.request(request.method, path, user=user, content=request.content or None, headers=kept)
        return httpx.Response(response.status, headers=dict(response.headers), content=response.body)

    return httpx.MockTransport(answer)


def test_the_generated_client_places_an_order_and_reads_it(generated: Path) -> None:
    ours: Any = example()
    client_of = importlib.import_module("online_orders_client.client").AuthenticatedClient
    with InProcess.started() as site:
        token = site.people.customer.username
        client = client_of(base_url=site.origin, token=token, httpx_args={"transport": over_httpx(site)})
        order = ours.order_addresses(client, 4, date.fromisoformat(site.day(30)))
        assert (order.status, order.items[0].quantity) == ("submitted", 4)
        assert ours.my_orders(client) == [order.order_id]
        with pytest.raises(ours.Refused, match="too_small"):
            ours.order_addresses(client, 0, date.fromisoformat(site.day(30)))
