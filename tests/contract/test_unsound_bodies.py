"""Whatever is sent, the response is a refusal that names an error, and never a failure of the product."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.orders import claimed, fresh, item, quote
from tests.contract.site import Json, Response, Site

NO_JSON: dict[str, bytes] = {
    "nothing": b"",
    "white space": b" \n ",
    "an open brace": b"{",
    "an open string": b'{"items": "',
    "a trailing comma": b'{"items": [],}',
    "two values": b"{} {}",
    "single quotes": b"{'items': []}",
    "a comment": b"{} // done",
    "NaN": b'{"items": NaN}',
    "infinity": b'{"items": -Infinity}',
    "a form": b"items=1&note=2",
    "XML": b"<items/>",
    "bytes of no encoding": b"\xff\xfe\xfa",
    "half a character": b'{"note": "\xc3"}',
    "UTF-16": '{"items": []}'.encode("utf-16"),
    "a null byte": b"\x00",
    "an unescaped line break": b'{"note": "a\nb"}',
    "a number without end": b'{"items": ' + b"9" * 5_000 + b"x}",
    "a tower": b"[" * 100_000,
}

JSON: dict[str, bytes] = {
    "null": b"null",
    "a list": b"[]",
    "a number": b"5",
    "a word": b'"items"',
    "true": b"true",
    "an empty object": b"{}",
    "a closed tower": b"[" * 400 + b"]" * 400,
    "a tower of objects": b'{"items":' * 400 + b"1" + b"}" * 400,
    "a very long number": b'{"items": ' + b"9" * 4_000 + b"}",
    "a huge exponent": b'{"items": [{"kind": "ip_addresses", "quantity": 1e999999, "start_date": "2027-01-01"}]}',
    "an integer beyond all limits": b'{"items": [{"kind": "ip_addresses", "quantity": '
    + b"9" * 5_000
    + b', "start_date": "2027-01-01"}]}',
}


UNSOUND_IN_AN_ITEM: dict[str, list[Any]] = {
    "kind": [None, 1, {}, [], "", "IP_ADDRESSES", "__class__", "ip_addresses\x00", "x" * 10_000],
    "quantity": [None, "4", True, 0, -1, 4.5, [4], {}, 10**30, -(10**30), 2**63],
    "start_date": [
        *(None, [], {}, True, 20270105, 1e300),
        *("", "tomorrow", "2027-02-30", "0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01"),
        *("2027-1-5", "2027-01-05T00:00:00Z", "2027-W01-1", " 2027-01-05 ", "\uff12\uff10\uff12\uff17-01-05"),
    ],
    "unknown": ["setting"],
}
UNSOUND_SITES: list[Any] = [None, 5, {}, [], "", "../..", "\x00", "x" * 10_000, "\U0001f98a", "constructor"]
UNSOUND_IN_AN_ORDER: dict[str, list[Any]] = {
    "items": [None, {}, "ip_addresses", 1, [None], [[]], ["ip_addresses"], [{}] * 5_000],
    "note": [5, {}, [], True, "x" * 2_001, "a\x00b", "\ud800"],
    "purchase_order_number": [7, {}, "x" * 65, "a\nb", "\x00", "\udfff"],
    "account_id": [5, {}, [], True],
    "unknown": [1],
}


def unsound_orders(site: Site) -> Iterator[tuple[str, Json]]:
    """Where the fault is, and a body in which everything else is sound."""
    for member, values in UNSOUND_IN_AN_ITEM.items():
        for value in values:
            yield "/items/0", {"items": [item(site, **{member: value})]}
    for site_id in UNSOUND_SITES:
        yield "/items/0", {"items": [item(site, kind="socket", site_id=site_id, model="X1500", quantity=1)]}
    for member, values in UNSOUND_IN_AN_ORDER.items():
        for value in values:
            yield f"/{member}", {"items": [item(site)], member: value}


def send(site: Site, content: bytes | str, content_type: str = "application/json") -> Response:
    return site.request(
        "POST",
        "/api/orders",
        user=site.people.customer,
        content=content,
        headers={"Idempotency-Key": fresh("unsound"), "Content-Type": content_type},
    )


def test_what_is_no_json_is_a_bad_request(site: Site) -> None:
    for name, content in NO_JSON.items():
        response = send(site, content)
        assert response.status == 400, (name, str(response))
        assert response.headers["content-type"].startswith("application/problem+json"), name
        assert response.json["code"], name


def test_json_that_is_no_order_is_invalid(site: Site) -> None:
    for name, content in JSON.items():
        response = send(site, content)
        assert response.status in {400, 422}, (name, str(response)[:300])
        assert response.headers["content-type"].startswith("application/problem+json"), name


def test_an_order_with_one_fault_is_invalid_there_and_not_placed(site: Site) -> None:
    newest = "/api/orders?limit=1"
    before = site.get(newest, site.people.customer).ok()["items"]
    for pointer, body in unsound_orders(site):
        content = json.dumps(body)
        response = send(site, content)
        assert response.status == 422, (content[:200], str(response)[:300])
        assert all(found.startswith(pointer) for found in response.faults()), (content[:200], response.faults())
    assert site.get(newest, site.people.customer).ok()["items"] == before


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/octet-stream"]
)
def test_an_order_is_read_whatever_its_content_type_says(site: Site, content_type: str) -> None:
    response = send(site, json.dumps({"items": [item(site)]}), content_type)
    assert response.status in {201, 415}, str(response)


def test_a_body_that_is_too_large_is_refused(site: Site) -> None:
    """From some size on it is the gateway that refuses; it has a body of its own for that."""
    for size in (2_000_000, 11_000_000):
        note = "x" * size
        assert send(site, json.dumps({"items": [item(site)], "note": note})).status == 413
    send(site, json.dumps({"items": [item(site)], "note": "x" * 2_000_000})).refused(413, "too_large")


def bodies(site: Site) -> Iterator[Any]:
    """What may come instead of any body."""
    yield from ([], None, 5, "text", True, {"": 0}, {"unknown": 1}, {"__proto__": {}}, {"text": {"$ne": 1}})
    yield {"text": 1, "reason": [], "internal": 1, "contact": {"name": {}, "email": []}, "valid_until": {}, "lines": {}}
    yield {**quote(site), "lines": [[], None, {"item_id": {}, "unit_price": [], "quantity": {}}]}
    yield {**quote(site), "confirmed_start_dates": {"1": {}, "\x00": "2027-01-01", "x" * 1_000: None}}
    yield {"text": "\ud800", "reason": "\ud800", "contact": {"name": "\ud800", "email": "\ud800@x.example"}}
    yield {
        "text": "\x00",
        "reason": "\x00",
        "contact": {"name": "a\r\nBcc: x@y.example", "email": "a@b.example\r\nX: y"},
    }


def test_no_body_makes_any_other_route_fail(site: Site) -> None:
    order = claimed(site)
    account_path = f"/api/desk/accounts/{fresh('unsound')}"
    routes = [
        ("POST", f"{order.desk_path}/quote", site.people.cs),
        ("POST", f"{order.desk_path}/quote/preview", site.people.cs),
        ("POST", f"{order.desk_path}/decline", site.people.cs),
        ("POST", f"{order.desk_path}/resend", site.people.cs),
        ("POST", f"{order.desk_path}/answer", site.people.cs),
        ("POST", f"{order.desk_path}/hand-over", site.people.cs),
        ("POST", f"{order.desk_path}/claim", site.people.cs),
        ("POST", f"{order.desk_path}/comment", site.people.cs),
        ("POST", f"{order.path}/cancel", order.user),
        ("POST", f"{order.path}/comment", order.user),
        ("POST", "/api/desk/orders", site.people.cs),
        ("POST", "/api/account/contact-report", order.user),
        ("PUT", account_path, site.people.cs),
    ]
    contents = [json.dumps(body) for body in bodies(site)] + ["{", "[" * 50_000, "\x00"]
    for method, path, user in routes:
        for content in contents:
            headers = {"Idempotency-Key": fresh("unsound"), "Content-Type": "application/json"}
            response = site.request(method, path, user=user, content=content, headers=headers)
            assert 400 <= response.status < 500, (path, content[:80], str(response)[:300])
            assert response.headers["content-type"].startswith("application/problem+json"), path
    assert order.status == "in_process"
    site.get(account_path, site.people.cs).refused(404, "not_found")


UNSOUND_VALUES: list[Any] = [5, [5], {"x": {}}, "\x00", "\ud800", True]
UNSOUND_IN_A_SITE: list[Json] = [
    {"license": {"bandwidth_mbps": 10**30, "starts_on": "2027-01-01"}},
    {"license": {"bandwidth_mbps": 10, "starts_on": "9999-99-99"}},
    {"sockets": [{"model": "X1500", "quantity": 10**40}]},
    {"site_id": "a b"},
    {"country": "\u00df"},
]


def unsound_accounts(account: Json) -> Iterator[Json]:
    members = account.keys() - {"account_id"}
    yield from ({**account, member: value} for member in sorted(members) for value in UNSOUND_VALUES)
    yield from ({**account, "sites": [{**account["sites"][0], **change}]} for change in UNSOUND_IN_A_SITE)


def test_no_account_makes_the_desk_fail(site: Site) -> None:
    account = site.account_of(site.people.subs[0])
    for body in unsound_accounts(account):
        response = site.put(f"/api/desk/accounts/{fresh('unsound')}", site.people.cs, body)
        assert response.status < 500, str(body)[:300]
        assert response.status in {200, 422}, str(response)[:300]


def test_no_query_makes_a_list_fail(site: Site) -> None:
    for query in (
        "limit=1&limit=2",
        "cursor",
        "=",
        "&&&",
        "%",
        "status=%00",
        "from=%FF",
        "account_id=%00",
        "x=" + "y" * 4_000,
    ):
        for path, user in (("/api/orders", site.people.customer), ("/api/desk/orders", site.people.cs)):
            assert site.get(f"{path}?{query}", user).status < 500, (path, query)
