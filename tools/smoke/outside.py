"""Check a stage's site, and the life of one order that ends withdrawn."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import httpx
from tenacity import RetryError, Retrying, retry_if_not_result, stop_after_delay, wait_fixed

from tools.smoke.stage import SIMULATOR, Json, NotApplicable, Stage, Wrong, code_of

ROOT = Path(__file__).parents[2]
DESCRIPTION = ROOT / "layers" / "core" / "online_orders" / "generated" / "openapi.json"
UNKNOWN_LINK = "/confirm/A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0U1v"
PAGE_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}
LOOK_EVERY_SECONDS = 1.0
REASON = "A test."
CLOSED = {"completed", "canceled"}

Seen = TypeVar("Seen")


def serves_this_version(stage: Stage) -> None:
    if stage.must(HTTPStatus.OK, "GET", "/api/openapi.json") != json.loads(DESCRIPTION.read_text("utf-8")):
        raise Wrong("/api/openapi.json is that of another version than this checkout.")


def closed_without_token(stage: Stage) -> None:
    for path in ("/api/orders", "/api/desk/orders"):
        _refused(stage.ask("GET", path), HTTPStatus.UNAUTHORIZED)


def closed_to_each_other(stage: Stage) -> None:
    _refused(stage.ask("GET", "/api/desk/orders", "customer"), HTTPStatus.FORBIDDEN, "forbidden")
    _refused(stage.ask("GET", "/api/orders", "desk"), HTTPStatus.FORBIDDEN, "forbidden")


def unknown_link_has_page(stage: Stage) -> None:
    reply = stage.ask("GET", UNKNOWN_LINK)
    _refused(reply, HTTPStatus.NOT_FOUND)
    if not reply.headers["content-type"].startswith("text/html"):
        raise Wrong(f"The answer is {reply.headers['content-type']}, no page.")
    for name, value in PAGE_HEADERS.items():
        if reply.headers.get(name) != value:
            raise Wrong(f"{name} is {reply.headers.get(name)}, not {value}.")
    if "unsafe-inline" in reply.headers["content-security-policy"]:
        raise Wrong("The page's policy lets scripts in.")


def screens_published(stage: Stage) -> None:
    config = stage.must(HTTPStatus.OK, "GET", "/config.json")
    if config.get("site") != stage.site:
        raise Wrong(f"config.json is of {config.get('site')}.")
    page = stage.ask("GET", "/")
    if page.status_code != HTTPStatus.OK or not page.headers["content-type"].startswith("text/html"):
        raise Wrong(f"/ was answered with {page.status_code} {page.headers.get('content-type')}.")


def refusals_not_cached(stage: Stage) -> str:
    """Request what is refused with 404 and 405 twice: a response that CloudFront caches has an age, or one request id
    twice.
    """
    requested = [("GET", f"/api/orders/{secrets.token_hex(8)}"), ("DELETE", "/api/orders")]
    for method, path in requested:
        first, second = (stage.ask(method, path, "customer") for _ in range(2))
        if "x-cache" not in first.headers:
            raise NotApplicable("There is no CloudFront before this site.")
        name = "apigw-requestid"
        repeated = name in first.headers and first.headers[name] == second.headers.get(name)
        if "age" in second.headers or second.headers["x-cache"].startswith("Hit") or repeated:
            raise Wrong(f"{method} {path} was answered with a {second.status_code} that CloudFront had kept.")
    return "404 and 405, twice each"


def api_itself_closed(stage: Stage) -> str:
    """Call the API past CloudFront."""
    stage.deployed("cloudformation")
    reply = stage.ask("GET", stage.outputs["ApiEndpoint"] + "/api/openapi.json")
    _refused(reply, HTTPStatus.FORBIDDEN)
    return stage.outputs["ApiEndpoint"]


# -- an order -------------------------------------------------------------------------------------------------------


def order_placed_once(stage: Stage) -> str:
    key = f"smoke-{secrets.token_hex(8)}"
    order = _place(stage, key)
    order_id = str(order["order_id"])
    if _place(stage, key) != order:
        raise Wrong("The same request with the same key was answered otherwise.")
    if stage.must(HTTPStatus.OK, "GET", f"/api/orders/{order_id}", "customer")["status"] != "submitted":
        raise Wrong("The order is not submitted.")
    listed = stage.must(HTTPStatus.OK, "GET", "/api/orders?limit=1", "customer")["items"]
    if [each["order_id"] for each in listed] != [order_id]:
        raise Wrong("The order is not the newest of its account.")
    if stage.must(HTTPStatus.OK, "GET", f"/api/desk/orders/{order_id}", "desk")["account_id"] != order["account_id"]:
        raise Wrong("The desk sees it in another account.")
    return order_id


def workflow_waits(stage: Stage) -> str:
    stage.client("stepfunctions")
    name = f"{_first(stage)['order_id']}-1"
    _until(stage, lambda: _status(stage, name) == "RUNNING", lambda: f"The execution {name} is {_status(stage, name)}")
    return name


def withdrawal_ends_workflow(stage: Stage) -> str:
    """Withdraw the order; its task token is completed at once, or only at the next tick, hours later."""
    path = f"/api/orders/{_first(stage)['order_id']}"
    order = stage.must(HTTPStatus.OK, "POST", f"{path}/cancel", "customer", {"reason": REASON})
    stage.orders[0] = order
    if order["status"] != "canceled":
        raise Wrong(f"The order is {order['status']}.")
    events = _events(stage, path, "customer")
    if events != ["order.submitted", "order.canceled"]:
        raise Wrong(f"The order's events are {', '.join(events)}.")
    if not stage.aws:
        return "canceled; whether the workflow ended only AWS can tell: name the stage"
    name = f"{order['order_id']}-1"
    _until(
        stage, lambda: _status(stage, name) == "SUCCEEDED", lambda: f"The execution {name} is {_status(stage, name)}"
    )
    return f"{name} has ended"


def quote_delivered(stage: Stage) -> str:
    """Quote another order to a contact at SES's simulator, and wait for SES's event about that mail."""
    account_id = _first(stage)["account_id"]
    account = stage.must(HTTPStatus.OK, "GET", f"/api/desk/accounts/{account_id}", "desk")
    if not account["enrollment"]["contact"]["email"].endswith(f"@{SIMULATOR}"):
        raise NotApplicable(f"The contact of {account_id} is a person, who gets no quote from here.")
    path = f"/api/desk/orders/{_place(stage, f'smoke-{secrets.token_hex(8)}')['order_id']}"
    line = {"item_id": "1", "description": "A test", "quantity": 1, "unit_price": "1", "recurrence": "once"}
    stage.must(HTTPStatus.OK, "POST", f"{path}/claim", "desk", {})
    stage.must(HTTPStatus.ACCEPTED, "POST", f"{path}/quote", "desk", {"valid_until": _day(10), "lines": [line]})

    def is_delivered() -> bool:
        events = _events(stage, path)
        if "quote.undeliverable" in events:
            raise Wrong("The quote is undeliverable.")
        return "quote.delivered" in events

    _until(stage, is_delivered, lambda: f"The order's events are {', '.join(_events(stage, path))}")
    return "quote.delivered"


def leave(stage: Stage) -> list[str]:
    """Withdraw or decline the open orders that were placed here, and return what is left on the stage."""
    for index, order in enumerate(stage.orders):
        for who, path in (
            ("customer", f"/api/orders/{order['order_id']}/cancel"),
            ("desk", f"/api/desk/orders/{order['order_id']}/decline"),
        ):
            if stage.orders[index]["status"] not in CLOSED:
                reply = stage.ask("POST", path, who, {"reason": REASON})
                stage.orders[index] = reply.json() if reply.is_success else order
    return [f"order {one['order_id']} ({one['status']}) of account {one['account_id']}" for one in stage.orders]


def _place(stage: Stage, key: str) -> Json:
    item = {"kind": "ip_addresses", "quantity": 1, "start_date": _day(20)}
    body, headers = {"items": [item], "note": "A test; ignore it."}, {"Idempotency-Key": key}
    order = stage.must(HTTPStatus.CREATED, "POST", "/api/orders", "customer", body, headers)
    if order["order_id"] not in [one["order_id"] for one in stage.orders]:
        stage.orders.append(order)
    return order


def _day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def _first(stage: Stage) -> Json:
    if not stage.orders:
        raise Wrong("No order could be placed.")
    return stage.orders[0]


def _events(stage: Stage, path: str, who: str = "desk") -> list[str]:
    return [entry["event"] for entry in stage.must(HTTPStatus.OK, "GET", f"{path}/timeline", who)["items"]]


def _status(stage: Stage, name: str) -> str:
    machine = stage.client("stepfunctions")
    arn = stage.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:")
    try:
        return str(machine.describe_execution(executionArn=f"{arn}:{name}")["status"])
    except machine.exceptions.ExecutionDoesNotExist:
        return "not there"


def _until(stage: Stage, look: Callable[[], bool], text: Callable[[], str]) -> None:
    again = Retrying(
        retry=retry_if_not_result(bool), wait=wait_fixed(LOOK_EVERY_SECONDS), stop=stop_after_delay(stage.patience)
    )
    try:
        again(look)
    except RetryError:
        raise Wrong(f"{text()} after {stage.patience:g} s.") from None


def _refused(reply: httpx.Response, status: int, code: str = "") -> None:
    seen: Any = (reply.status_code, code_of(reply) if code else "")
    if seen != (status, code):
        path = reply.request.url.path
        raise Wrong(
            f"{reply.request.method} {path} was answered with {reply.status_code} {code_of(reply)}, not {status}."
        )
