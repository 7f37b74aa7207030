"""Lists of orders: the customer's screen, newest first, and the desk, oldest first."""

import csv
import io
import re
from datetime import datetime, timedelta
from urllib.parse import quote as quoted
from zoneinfo import ZoneInfo

import pytest

from tests.contract.in_process import InProcess
from tests.contract.orders import Order, claimed, enroll, fresh, item, place, place_for, rows
from tests.contract.site import Json, Site, User


def ids(found: list[Json]) -> list[str]:
    return [row["order_id"] for row in found]


def wait_for(site: Site, path: str, user: User, expected: list[str]) -> None:
    """Until the list has these rows: the desk's own lists may be a moment behind."""
    site.eventually(lambda: ids(rows(site, path, user)) == expected)


def several(site: Site, account: Json, number: int) -> list[Order]:
    """Orders of one account, oldest first."""
    return [place_for(site, account, purchase_order_number=f"PO-{index}") for index in range(number)]


@pytest.mark.each_catalog
def test_a_list_is_newest_first_and_its_rows_are_whole_orders(site: Site) -> None:
    account = enroll(site)
    orders = several(site, account, 3)
    listed = rows(site, f"/api/orders?account_id={account['account_id']}", site.people.reseller)
    assert ids(listed) == [order.order_id for order in reversed(orders)]
    assert listed == [order.read() for order in reversed(orders)]


def test_a_customers_list_shows_the_orders_of_the_whole_account(site: Site) -> None:
    mine, colleagues = place(site, site.people.german), place(site, site.people.colleague)
    for user in (site.people.german, site.people.colleague):
        assert ids(rows(site, "/api/orders", user, most=2)) == [colleagues.order_id, mine.order_id]
    assert {row["account_id"] for row in rows(site, "/api/orders", site.people.german)} == {
        site.people.german.account_id
    }


def test_a_reseller_sees_the_own_orders_and_those_of_the_sub_accounts(site: Site) -> None:
    people = site.people
    placed = [place(site, people.subs[0]), place(site, people.reseller), place(site, people.subs[1])]
    listed = rows(site, "/api/orders?limit=3", people.reseller, most=3)
    assert ids(listed) == [order.order_id for order in reversed(placed)]
    for user, order in zip((people.subs[0], people.reseller, people.subs[1]), placed, strict=True):
        own = rows(site, f"/api/orders?account_id={user.account_id}", people.reseller)
        assert own[0]["order_id"] == order.order_id
        assert {row["account_id"] for row in own} == {user.account_id}
    assert {row["account_id"] for row in rows(site, "/api/orders", people.subs[0])} == {people.subs[0].account_id}


def test_a_list_of_a_foreign_account_is_not_found(site: Site) -> None:
    people = site.people
    for user, account_id in (
        (people.customer, people.other.account_id),
        (people.subs[0], people.reseller.account_id),
        (people.reseller, people.customer.account_id),
        (people.customer, "nobody"),
    ):
        site.get(f"/api/orders?account_id={account_id}", user).refused(404, "not_found")


def test_a_list_can_be_narrowed(site: Site) -> None:
    account = enroll(site)
    submitted, withdrawn, in_process, declined = several(site, account, 4)
    withdrawn.ask("cancel", {}).ok()
    in_process.desk("claim").ok()
    declined.desk("decline", {"reason": "No stock."}).ok()
    today = site.now().date().isoformat()
    expected = {
        "status=submitted": [submitted],
        "status=in_process": [in_process],
        "status=pending_confirmation": [],
        "status=canceled": [declined, withdrawn],
        "open=true": [in_process, submitted],
        "open=false": [declined, withdrawn],
        "open=true&status=canceled": [],
        "open=false&status=canceled": [declined, withdrawn],
        "purchase_order_number=PO-2": [in_process],
        "purchase_order_number=PO": [],
        "purchase_order_number=PO-2&status=submitted": [],
        f"from={today}": [declined, in_process, withdrawn, submitted],
        f"to={today}": [declined, in_process, withdrawn, submitted],
        f"from={today}&to={today}": [declined, in_process, withdrawn, submitted],
        f"from={site.day(1)}": [],
        f"to={site.day(-1)}": [],
    }
    for query, orders in expected.items():
        path = f"/api/orders?account_id={account['account_id']}&{query}"
        assert ids(rows(site, path, site.people.reseller)) == [order.order_id for order in orders], query


def test_the_same_filters_narrow_a_resellers_whole_list(site: Site) -> None:
    account = enroll(site)
    number = fresh("PO")
    order = place_for(site, account, purchase_order_number=number)
    reseller = site.people.reseller
    assert ids(rows(site, f"/api/orders?purchase_order_number={number}", reseller)) == [order.order_id]
    assert ids(rows(site, f"/api/orders?purchase_order_number={number}&status=canceled", reseller)) == []
    assert ids(rows(site, f"/api/orders?purchase_order_number={number}&open=true", reseller)) == [order.order_id]


@pytest.mark.parametrize("number", ["a/b & c=d?#%", "é“”", "0"])
def test_a_purchase_order_number_may_hold_any_character(site: Site, number: str) -> None:
    account = enroll(site)
    order = place_for(site, account, purchase_order_number=number)
    path = f"/api/orders?account_id={account['account_id']}&purchase_order_number={quoted(number, safe='')}"
    assert ids(rows(site, path, site.people.reseller)) == [order.order_id]


def test_placing_days_are_counted_in_utc(in_process: InProcess) -> None:
    account = enroll(in_process)
    orders = []
    for _ in range(3):
        orders.append(place_for(in_process, account))
        in_process.lab.advance(hours=12)
    first, second, third = orders
    day = in_process.day(-1)
    path = f"/api/orders?account_id={account['account_id']}"
    reseller = in_process.people.reseller
    assert [order.created.json["placed_at"][:10] for order in orders] == [day, day, in_process.day(0)]
    assert ids(rows(in_process, f"{path}&to={day}", reseller)) == [second.order_id, first.order_id]
    assert ids(rows(in_process, f"{path}&from={in_process.day(0)}", reseller)) == [third.order_id]


def test_placing_days_are_those_of_the_zone_that_is_named(in_process: InProcess) -> None:
    """In an account's own list and in a reseller's, where one zone is that of all accounts."""
    account = enroll(in_process)
    order = place_for(in_process, account)
    placed_at = datetime.fromisoformat(order.created.json["placed_at"])
    reseller = in_process.people.reseller
    for zone in ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata"):
        day = placed_at.astimezone(ZoneInfo(zone)).date()
        for path in (f"/api/orders?account_id={account['account_id']}", "/api/orders?open=true"):
            for first, last, is_in in ((0, 0, True), (-1, -1, False), (1, 1, False), (-1, 1, True)):
                days = f"from={day + timedelta(days=first)}&to={day + timedelta(days=last)}"
                found = ids(rows(in_process, f"{path}&{days}&time_zone={zone}", reseller))
                assert (order.order_id in found) is is_in, (zone, path, days)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=ten",
        "limit=1.5",
        "limit=",
        "limit=99999999999999999999",
        "status=lost",
        "status=",
        "open=maybe",
        "from=yesterday",
        "from=2026-02-30",
        "time_zone=Mars/Olympus_Mons",
        "time_zone=",
        "time_zone=posix/UTC",
        "to=2026-13-01",
        "to=20260101",
    ],
)
def test_a_bad_query_is_refused(site: Site, query: str) -> None:
    for path, user in (("/api/orders", site.people.customer), ("/api/desk/orders", site.people.cs)):
        if path == "/api/orders" or query.startswith(("limit", "status", "open")):
            response = site.get(f"{path}?{query}", user)
            assert response.status == 400, str(response)
            assert response.headers["content-type"].startswith("application/problem+json")


def test_a_list_goes_on_page_by_page(site: Site) -> None:
    account = enroll(site)
    orders = several(site, account, 5)
    reseller = site.people.reseller
    path = f"/api/orders?account_id={account['account_id']}"
    newest_first = [order.order_id for order in reversed(orders)]
    for limit in (1, 2, 3, 5, 100):
        assert ids(rows(site, f"{path}&limit={limit}", reseller)) == newest_first
    first = site.get(f"{path}&limit=2", reseller).ok()
    assert len(first["items"]) <= 2
    meanwhile = place_for(site, account)
    second = site.get(f"{path}&limit=2&cursor={first['next_cursor']}", reseller).ok()
    assert ids(first["items"] + second["items"]) == newest_first[: len(first["items"]) + len(second["items"])]
    assert meanwhile.order_id not in ids(second["items"])


def test_the_whole_list_of_a_reseller_goes_on_page_by_page(site: Site) -> None:
    reseller = site.people.reseller
    several(site, enroll(site), 2)
    place(site, reseller)
    several(site, enroll(site), 2)
    newest = ids(rows(site, "/api/orders?limit=100", reseller, most=5))
    assert len(set(newest)) == 5
    for limit in (1, 2, 3):
        assert ids(rows(site, f"/api/orders?limit={limit}", reseller, most=5)) == newest


def test_a_page_has_25_rows_when_nobody_says_otherwise(site: Site) -> None:
    account = enroll(site)
    several(site, account, 27)
    page = site.get(f"/api/orders?account_id={account['account_id']}", site.people.reseller).ok()
    assert len(page["items"]) == 25
    assert page["next_cursor"]


def test_a_cursor_is_good_for_its_caller_and_query_only(site: Site) -> None:
    people = site.people
    sub = people.subs[0]
    place(site, sub)
    place(site, sub)
    own = f"/api/orders?account_id={sub.account_id}&limit=1"
    cursor = site.get(own, sub).ok()["next_cursor"]
    site.get(f"{own}&cursor={cursor}", sub).ok()
    for user, path in (
        (people.reseller, own),
        (sub, "/api/orders?limit=1"),
        (sub, f"{own}&status=submitted"),
        (sub, f"{own}&open=true"),
        (sub, f"/api/orders/{place(site, sub).order_id}/timeline?limit=1"),
        (people.cs, f"/api/desk/orders?account_id={sub.account_id}&limit=1"),
    ):
        site.get(f"{path}&cursor={cursor}", user).refused(400, "invalid_cursor")


def test_a_cursor_that_was_tampered_with_is_refused(site: Site) -> None:
    account = enroll(site)
    several(site, account, 2)
    path = f"/api/orders?account_id={account['account_id']}&limit=1"
    cursor = site.get(path, site.people.reseller).ok()["next_cursor"]
    middle = len(cursor) // 2
    other = "A" if cursor[middle] != "A" else "B"
    forged = [
        cursor[:middle] + other + cursor[middle + 1 :],
        cursor[:-1],
        cursor + "A",
        cursor[::-1],
        "",
        "null",
        "AAAA",
        "%00",
        "%F0%9F%A6%8A",
        "A" * 3_000,
    ]
    for each in forged:
        site.get(f"{path}&cursor={each}", site.people.reseller).refused(400, "invalid_cursor")


def test_a_page_comes_as_csv_too(site: Site) -> None:
    account = enroll(site)
    site_id = next(each["site_id"] for each in account["sites"] if each["address"])
    socket = item(site, kind="socket", site_id=site_id, model="X1500", quantity=2)
    noted = place_for(site, account, items=[item(site), socket], note='Say "hello",\nplease', purchase_order_number="7")
    path = f"/api/orders?account_id={account['account_id']}"
    response = site.get(path, site.people.reseller, Accept="text/csv")
    assert response.status == 200
    assert response.headers["content-type"].startswith("text/csv")
    assert "link" not in response.headers
    read = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert {row["order_id"] for row in read} == {noted.order_id}
    assert {row["status"] for row in read} == {"submitted"}
    assert {row["note"] for row in read} == {'Say "hello",\nplease'}
    assert [(row["kind"], row["quantity"]) for row in read] == [("ip_addresses", "4"), ("socket", "2")]


def test_the_next_page_of_a_csv_is_in_the_link(site: Site) -> None:
    account = enroll(site)
    orders = several(site, account, 3)
    path = f"/api/orders?account_id={account['account_id']}&limit=2&open=true"
    seen: list[str] = []
    while path:
        response = site.get(path, site.people.reseller, Accept="text/csv")
        page = list(csv.DictReader(io.StringIO(response.text)))
        seen += [row["order_id"] for row in page]
        link = re.fullmatch(r'<([^>]+)>; rel="?next"?', response.headers.get("link", ""))
        path = link[1].removeprefix(site.origin) if link else ""
    assert seen == [order.order_id for order in reversed(orders)]


def test_an_empty_csv_still_has_its_header(site: Site) -> None:
    account = enroll(site)
    response = site.get(f"/api/orders?account_id={account['account_id']}", site.people.reseller, Accept="text/csv")
    (header,) = csv.reader(io.StringIO(response.text))
    assert "order_id" in header


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_no_cell_of_a_csv_is_a_formula(site: Site, start: str) -> None:
    account = enroll(site)
    place_for(site, account, note=f"x{start}", purchase_order_number=f"{start}cmd|calc".strip())
    response = site.get(f"/api/orders?account_id={account['account_id']}", site.people.reseller, Accept="text/csv")
    cells = [cell for row in csv.reader(io.StringIO(response.text)) for cell in row]
    assert any("cmd|calc" in cell for cell in cells)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in cells)


@pytest.mark.parametrize("text", ["x;=cmd|'/c calc'!A0;y", "x\n=2+2", "x\r\n@SUM(1)", "x\t+1", 'x;"=1"'])
def test_no_cell_of_a_csv_is_a_formula_however_it_is_parted(site: Site, text: str) -> None:
    account = enroll(site)
    place_for(site, account, note=text)
    path = f"/api/orders?account_id={account['account_id']}"
    for requested in (path, f"{path}&spreadsheet=en", f"{path}&spreadsheet=de"):
        response = site.get(requested, site.people.reseller, Accept="text/csv").body.decode("utf-8-sig")
        for delimiter in ",;\t|":
            read = [csv.reader([line], delimiter=delimiter) for line in response.splitlines()]
            read.append(csv.reader(io.StringIO(response, newline=""), delimiter=delimiter))
            for cell in (cell for reader in read for row in reader for cell in row):
                assert not cell.strip().startswith(("=", "+", "-", "@")), (requested, delimiter, cell)


def test_a_page_for_a_german_spreadsheet_has_a_mark_and_semicolons(site: Site) -> None:
    account = enroll(site)
    several(site, account, 3)
    path: str = f"/api/orders?account_id={account['account_id']}&limit=2&spreadsheet=de"
    seen = 0
    while path:
        response = site.get(path, site.people.reseller, Accept="text/csv")
        assert response.body.startswith(b"\xef\xbb\xbforder_id;account_id;")
        seen += len(list(csv.DictReader(io.StringIO(response.body.decode("utf-8-sig")), delimiter=";")))
        link = re.fullmatch(r'<([^>]+)>; rel="?next"?', response.headers.get("link", ""))
        path = link[1].removeprefix(site.origin) if link else ""
    assert seen == 3
    site.get("/api/orders?spreadsheet=xx", site.people.reseller).refused(400, "invalid_query")


@pytest.mark.each_catalog
def test_the_desk_lists_the_oldest_first_and_says_how_old(site: Site) -> None:
    account = enroll(site)
    orders = several(site, account, 3)
    path = f"/api/desk/orders?account_id={account['account_id']}"
    wait_for(site, path, site.people.cs, [order.order_id for order in orders])
    whole = rows(site, path, site.people.cs)
    assert all(isinstance(row["age_seconds"], int) and row["age_seconds"] >= 0 for row in whole)
    for limit in (1, 2):
        assert ids(rows(site, f"{path}&limit={limit}", site.people.cs)) == ids(whole)


def test_the_desk_list_grows_old(in_process: InProcess) -> None:
    account = enroll(in_process)
    place_for(in_process, account)
    in_process.lab.advance(hours=1)
    (row,) = rows(in_process, f"/api/desk/orders?account_id={account['account_id']}", in_process.people.cs)
    assert 3_600 <= row["age_seconds"] < 3_610


def test_the_whole_desk_is_in_order_page_by_page(site: Site) -> None:
    mine = [claimed(site).order_id, place(site).order_id, place(site, site.people.german).order_id]
    path = "/api/desk/orders?open=true"
    site.eventually(lambda: set(mine) <= set(ids(rows(site, f"{path}&limit=100", site.people.cs))))
    whole = rows(site, f"{path}&limit=100", site.people.cs)
    assert [row["placed_at"] for row in whole] == sorted(row["placed_at"] for row in whole)
    assert {row["status"] for row in whole} <= {"submitted", "in_process", "pending_confirmation"}
    in_turn = ids(rows(site, f"{path}&limit=40", site.people.cs))
    assert [each for each in in_turn if each in mine] == mine
    assert len(in_turn) == len(set(in_turn))


def test_the_desk_list_can_be_narrowed(site: Site) -> None:
    account = enroll(site)
    submitted, mine, others, declined = several(site, account, 4)
    people = site.people
    mine.desk("claim").ok()
    others.desk("claim", user=people.cs2).ok()
    declined.desk("decline", {"reason": "No stock."}).ok()
    other_id = others.read()["assignee"]["user_id"]
    expected = {
        "": [submitted, mine, others, declined],
        "&status=submitted": [submitted],
        "&status=in_process": [mine, others],
        "&open=true": [submitted, mine, others],
        "&open=false": [declined],
        "&assignee=me": [mine],
        f"&assignee={other_id}": [others],
        "&assignee=me&status=canceled": [],
        "&assignee=nobody": [],
    }
    for query, orders in expected.items():
        path = f"/api/desk/orders?account_id={account['account_id']}{query}"
        wait_for(site, path, people.cs, [order.order_id for order in orders])


def test_the_desk_filters_by_assignee_and_status_over_all_accounts(site: Site) -> None:
    people = site.people
    first, second = claimed(site), claimed(site, people.german)
    second.desk("claim", user=people.cs2).ok()
    mine = "/api/desk/orders?limit=100&assignee=me"
    site.eventually(lambda: first.order_id in ids(rows(site, mine, people.cs)))
    site.eventually(lambda: second.order_id in ids(rows(site, mine, people.cs2)))
    for query in ("assignee=me", "assignee=me&open=true", "assignee=me&status=in_process"):
        assert second.order_id not in ids(rows(site, f"/api/desk/orders?limit=100&{query}", people.cs))
        assert first.order_id in ids(rows(site, f"/api/desk/orders?limit=100&{query}", people.cs))
    listed = rows(site, "/api/desk/orders?limit=100&status=in_process", people.cs)
    assert {row["status"] for row in listed} == {"in_process"}
