"""The price lists that Customer Success keeps, and the quotes that begin from them."""

import csv
import json
import os
import re
import shutil
import subprocess
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest

from online_orders.domain.catalog import shipped
from sandbox.seed import price_list
from tests.contract.in_process import InProcess
from tests.contract.live import Live
from tests.contract.orders import claimed, enroll, fresh, item, line, offer, place, place_for, quote, rows
from tests.contract.site import Json, Response, Site
from tests.local_run import PROJECT

CSV = "text/csv"


def price(**changes: object) -> Json:
    return {
        "kind": "ip_addresses",
        "variant": None,
        "description": "Public IPv4",
        "unit_price": "10.00",
        "recurrence": "monthly",
        **changes,
    }


def put(site: Site, currency: str, *prices: Json, **headers: str) -> Response:
    return site.put(f"/api/desk/price-lists/{currency}", site.people.cs, {"prices": list(prices)}, **headers)


def put_table(site: Site, currency: str, text: str | bytes) -> Response:
    path = f"/api/desk/price-lists/{currency}"
    return site.request(
        "PUT", path, user=site.people.cs, content=text, headers={"Content-Type": f"{CSV}; charset=utf-8"}
    )


def read(site: Site, currency: str) -> Response:
    return site.get(f"/api/desk/price-lists/{currency}", site.people.cs)


def test_a_list_is_stored_read_and_put_back_as_it_was_read(site: Site) -> None:
    read(site, "NOK").refused(404, "not_found")
    stored = put(site, "NOK", price(), price(kind="socket", variant="X1500", unit_price="4200", recurrence="once"))
    body = stored.ok()
    assert set(body) == {"currency", "version", "updated_at", "prices"}
    assert (body["currency"], body["version"]) == ("NOK", 1)
    assert [each["unit_price"] for each in body["prices"]] == ["10.00", "4200.00"]
    assert read(site, "NOK").ok() == body
    again = site.put("/api/desk/price-lists/NOK", site.people.cs, body)
    assert again.ok() == body
    assert read(site, "NOK").headers["etag"] == stored.headers["etag"] == again.headers["etag"] == '"1"'


def test_lists_are_listed_by_currency_with_how_many_prices_each_has(site: Site) -> None:
    for currency in ("SEK", "DKK"):
        put(site, currency, price()).ok()
    put(site, "SEK", price(), price(recurrence="once")).ok()
    listed = rows(site, "/api/desk/price-lists?limit=1", site.people.cs)
    assert [row["currency"] for row in listed] == sorted({row["currency"] for row in listed})
    found = {row.pop("currency"): row for row in listed}
    for currency, version, prices in (("DKK", 1, 1), ("SEK", 2, 2)):
        at = read(site, currency).ok()["updated_at"]
        assert found[currency] == {"version": version, "updated_at": at, "prices": prices}


def test_a_list_is_replaced_whole_and_on_the_version_that_was_read(site: Site) -> None:
    put(site, "PLN", price(), If_Match='"1"').refused(412, "version_mismatch")
    version = put(site, "PLN", price(), price(recurrence="once")).headers["etag"]
    assert put(site, "PLN", price(unit_price="9"), If_Match=version).ok()["version"] == 2
    put(site, "PLN", price(unit_price="8"), If_Match=version).refused(412, "version_mismatch")
    assert [each["unit_price"] for each in read(site, "PLN").ok()["prices"]] == ["9.00"]
    assert put(site, "PLN").ok()["prices"] == []


def test_the_second_who_begins_a_list_replaces_nothing(site: Site) -> None:
    assert put(site, "ISK", price(unit_price="9"), If_None_Match="*").ok()["version"] == 1
    put(site, "ISK", price(unit_price="8"), If_None_Match="*").refused(412, "version_mismatch")
    put(site, "ISK", price(unit_price="9"), If_None_Match="*").refused(412, "version_mismatch")
    table = "kind,variant,description,unit_price,recurrence\nip_addresses,,IPv4,7,monthly\n"
    headers = {"Content-Type": CSV, "If-None-Match": "*"}
    path = "/api/desk/price-lists/ISK"
    site.request("PUT", path, user=site.people.cs, content=table, headers=headers).refused(412, "version_mismatch")
    put(site, "CZK", price(), If_Match="*").refused(412, "version_mismatch")
    read(site, "CZK").refused(404, "not_found")
    assert [each["unit_price"] for each in read(site, "ISK").ok()["prices"]] == ["9"]
    assert put(site, "ISK", price(unit_price="6"), If_Match="*").ok()["version"] == 2


def test_only_a_currency_has_a_list(site: Site) -> None:
    for code in ("EURO", "eur", "ZZZ", "%20", "E%2FR"):
        read(site, code).refused(404, "not_found")
        put(site, code, price()).refused(404, "not_found")


def test_all_faults_of_a_list_come_at_once_and_it_stays_as_it_was(site: Site) -> None:
    before = put(site, "CZK", price()).ok()
    faults = put(
        site,
        "CZK",
        price(),
        price(unit_price="0.001"),
        price(kind="socket", variant="X1600", recurrence="weekly"),
        price(),
        price(kind="toaster"),
    ).faults()
    assert faults == {
        "/prices/1/unit_price": "too_many_decimals",
        "/prices/1": "duplicate_price",
        "/prices/2/variant": "unknown_variant",
        "/prices/2/recurrence": "not_allowed",
        "/prices/3": "duplicate_price",
        "/prices/4/kind": "not_allowed",
    }
    assert set(put(site, "CZK", *[price()] * 501).faults()) >= {"/prices"}
    assert read(site, "CZK").ok() == before


def test_a_price_list_is_exported_safely_and_imported_again(site: Site) -> None:
    put(
        site, "HUF", price(description="=1+1"), price(kind="sdp_users", variant="europe", description="SDP, Europe")
    ).ok()
    response = site.get("/api/desk/price-lists/HUF", site.people.cs, Accept=CSV)
    assert (response.status, response.headers["content-type"]) == (200, f"{CSV}; charset=utf-8")
    assert response.headers["etag"] == '"1"'
    header, *cells = csv.reader(StringIO(response.text, newline=""))
    assert header == ["kind", "variant", "description", "unit_price", "recurrence"]
    assert cells[0] == ["ip_addresses", "", "'=1+1", "10.00", "monthly"]
    assert put_table(site, "HUF", response.body).ok()["version"] == 1
    assert (
        put_table(site, "HUF", b"\xef\xbb\xbf" + response.body.replace(b"SDP, Europe", "Zugänge".encode())).ok()[
            "version"
        ]
        == 2
    )
    assert [each["description"] for each in read(site, "HUF").ok()["prices"]] == ["=1+1", "Zugänge"]


def test_the_faults_of_a_table_point_as_those_of_json_do_and_say_the_row(site: Site) -> None:
    header = "kind,variant,description,unit_price,recurrence"
    text = f"{header}\nsocket,X1500,Socket,420,once\n\nsocket,X1600,Socket,1.234,once\n"
    errors = put_table(site, "RON", text).refused(422, "invalid")["errors"]
    assert {error["pointer"]: error["code"] for error in errors} == {
        "/prices/1/variant": "unknown_variant",
        "/prices/1/unit_price": "too_many_decimals",
    }
    assert all(error["detail"].startswith("Row 4: ") for error in errors)
    put_table(site, "RON", "kind,price\n").refused(422, "invalid")
    put_table(site, "RON", 'kind,"price\n').refused(400, "invalid_csv")
    read(site, "RON").refused(404, "not_found")


def test_a_table_for_a_german_spreadsheet_is_written_and_read(site: Site) -> None:
    version = put(site, "THB", price(description="Fläche; groß", unit_price="1234.5")).ok()["version"]
    path = "/api/desk/price-lists/THB?spreadsheet="
    german = site.get(f"{path}de", site.people.cs, Accept=CSV).body
    assert german.decode().splitlines() == [
        "\ufeffkind;variant;description;unit_price;recurrence",
        'ip_addresses;;"Fläche; groß";1234,50;monthly',
    ]
    english = site.get(f"{path}en", site.people.cs, Accept=CSV).body
    plain = site.get("/api/desk/price-lists/THB", site.people.cs, Accept=CSV).body
    assert english == b"\xef\xbb\xbf" + plain
    for table in (german, english, plain):
        assert put_table(site, "THB", table).ok()["version"] == version
    site.get(f"{path}fr", site.people.cs, Accept=CSV).refused(400, "invalid_query")
    assert put_table(site, "THB", german.replace(b"1234,50", b"1.234,75")).ok()["prices"][0]["unit_price"] == "1234.75"


def test_a_table_in_another_encoding_or_without_rows_changes_nothing(site: Site) -> None:
    version = put(site, "ISK", price(description="Fläche", unit_price="95")).ok()["version"]
    table = site.get("/api/desk/price-lists/ISK", site.people.cs, Accept=CSV).text
    problem = put_table(site, "ISK", table.encode("cp1252")).refused(400, "invalid_csv")
    assert problem["detail"] == "Line 2 is not UTF-8; save it as CSV UTF-8."
    (fault,) = put_table(site, "ISK", table.partition("\n")[0]).refused(422, "invalid")["errors"]
    assert (fault["pointer"], fault["code"]) == ("/prices", "no_rows")
    (fault,) = put_table(site, "ISK", table.replace(",95,", ',"150,000",')).refused(422, "invalid")["errors"]
    assert (fault["pointer"], fault["code"]) == ("/prices/0/unit_price", "too_many_decimals")
    assert read(site, "ISK").ok()["version"] == version
    assert put(site, "ISK").ok()["prices"] == []


# -- lists of accounts and groups ---------------------------------------------------------------------------------


def put_of(site: Site, query: str, *prices: Json, **headers: str) -> Response:
    return site.put(f"/api/desk/price-lists/EUR?{query}", site.people.cs, {"prices": list(prices)}, **headers)


def test_an_account_has_a_list_of_its_own_beside_the_default_one(in_process: InProcess) -> None:
    site, cs = in_process, in_process.people.cs
    acme, sub = enroll(site)["account_id"], enroll(site)["account_id"]
    default = put(site, "EUR", price()).ok()
    where = f"/api/desk/price-lists/EUR?account_id={acme}"
    site.get(where, cs).refused(404, "not_found")
    stored = put_of(site, f"account_id={acme}", price(unit_price="9"), price(unit_price="8", from_quantity=10)).ok()
    assert {name: stored[name] for name in ("currency", "account_id", "version")} == {
        "currency": "EUR",
        "account_id": acme,
        "version": 1,
    }
    assert site.put(where, cs, stored, If_Match='"1"').ok() == site.get(where, cs).ok() == stored
    assert "from_quantity" not in stored["prices"][0]
    assert stored["prices"][1]["from_quantity"] == 10
    assert put_of(site, f"account_id={acme}", price(unit_price="7")).ok()["version"] == 2
    put_of(site, f"account_id={sub}", price(unit_price="6")).ok()
    versions = rows(site, f"/api/desk/price-lists/EUR/versions?account_id={acme}&limit=1", cs)
    assert [(row["version"], row["prices"]) for row in versions] == [(2, 1), (1, 2)]
    first = site.get(f"/api/desk/price-lists/EUR/versions/1?account_id={acme}", cs).ok()
    assert first["price_list"] == stored
    assert read(site, "EUR").ok() == default
    of_accounts = rows(site, "/api/desk/price-lists?scope=account&limit=1", cs)
    assert {(row["account_id"], row["currency"], row["version"]) for row in of_accounts} == {
        (acme, "EUR", 2),
        (sub, "EUR", 1),
    }
    (row,) = rows(site, f"/api/desk/price-lists?account_id={sub}", cs)
    assert (row["account_id"], row["prices"], set(row)) == (
        sub,
        1,
        {"currency", "account_id", "version", "updated_at", "prices"},
    )
    assert [row["currency"] for row in rows(site, "/api/desk/price-lists", cs)] == ["EUR"]
    audit = site.get(f"/api/desk/audit?account_id={acme}&subject=price_list", cs).ok()["items"]
    assert [(entry["subject_id"], entry["action"]) for entry in audit] == [
        (f"EUR?account_id={acme}", "changed"),
        (f"EUR?account_id={acme}", "created"),
    ]


def test_a_list_is_of_an_account_that_exists_or_of_a_group_of_the_catalog(in_process: InProcess) -> None:
    for query in (f"account_id={fresh('none')}", "account_id=a%23b", "group=a%23b", f"group={fresh('none')}"):
        put_of(in_process, query, price()).refused(404, "not_found")
        put_of(in_process, query, price(kind="toaster")).refused(404, "not_found")
        in_process.get(f"/api/desk/price-lists/EUR?{query}", in_process.people.cs).refused(404, "not_found")
    put_of(in_process, "account_id=a&group=b", price()).refused(400, "invalid_query")


def test_a_group_has_a_list_for_the_accounts_in_it(in_process: InProcess) -> None:
    site = in_process
    publish(site, "partners", "schools")
    account = enroll(site, groups=["schools", "partners"])
    put(site, "EUR", price()).ok()
    assert put_of(site, "group=partners", price(unit_price="9")).ok()["group"] == "partners"
    order = place_for(site, account)
    order.desk("claim").ok()
    of_group = {"item_id": "1", "list": "group", "group": "partners", "version": 1}
    assert draft(order.desk_path, site)["price_sources"] == [of_group]
    put_of(site, "group=schools", price(unit_price="8")).ok()
    body = draft(order.desk_path, site)
    assert (body["lines"][0]["unit_price"], body["price_sources"]) == ("8.00", [{**of_group, "group": "schools"}])
    of_groups = rows(site, "/api/desk/price-lists?scope=group&limit=1", site.people.cs)
    assert [(row["group"], row["currency"]) for row in of_groups] == [("partners", "EUR"), ("schools", "EUR")]
    enroll(site, account["account_id"])
    publish(site)
    assert put_of(site, "group=schools", price(unit_price="7")).ok()["version"] == 2, "although the group is gone"


def test_prices_follow_the_catalog_in_force_and_those_that_a_list_has_stay(in_process: InProcess) -> None:
    site = in_process
    model = {"name": "size", "type": "choice", "labels": {"en": "Size", "de": "Größe"}}
    large = {"value": "large", "labels": {"en": "Large", "de": "Groß"}}
    seventh = {
        "kind": "cabinet",
        "labels": {"en": "Cabinet", "de": "Schrank"},
        "summary": {"en": "Cabinet", "de": "Schrank"},
        "settings": [{**model, "choices": [large]}],
        "rules": [],
        "priced_by": "size",
    }
    cabinet = price(kind="cabinet", variant="large", description="Cabinet")
    assert put(site, "EUR", cabinet).faults() == {"/prices/0/kind": "not_allowed"}
    publish(site, kinds=[*shipped().document["kinds"], seventh])
    assert put(site, "EUR", cabinet, price(kind="cabinet", variant="small")).faults() == {
        "/prices/1/variant": "unknown_variant"
    }
    assert put(site, "EUR", {**cabinet, "from_quantity": 2}).faults() == {"/prices/0/from_quantity": "no_quantity"}
    stored = put(site, "EUR", cabinet).ok()
    users = {"kind": "cabinet", "size": "large", "start_date": site.day(45)}
    order = place(site, items=[users])
    order.desk("claim").ok()
    (made,) = draft(order.desk_path, site, "?currency=EUR")["lines"]
    assert (made["description"], made["unit_price"], made["quantity"]) == ("Cabinet", "10.00", 1)
    order.desk("decline", {"reason": "Sold out."}).ok()
    publish(site)
    assert site.put("/api/desk/price-lists/EUR", site.people.cs, stored).ok() == stored
    assert put(site, "EUR", {**cabinet, "unit_price": "11"}).ok()["version"] == 2
    assert put(site, "EUR", {**cabinet, "variant": None}).faults() == {"/prices/0/kind": "not_allowed"}


def test_the_catalog_shows_what_items_cost_the_account_only_where_it_says_so(in_process: InProcess) -> None:
    site, reseller = in_process, in_process.people.reseller
    account_id = enroll(site)["account_id"]
    put(site, "EUR", price(), price(kind="sdp_users", variant="europe", unit_price="5")).ok()
    tiers = [price(unit_price="8", from_quantity=16), price(unit_price="1", valid_from=site.day(30))]
    put_of(site, f"account_id={account_id}", price(unit_price="9"), *tiers).ok()
    where = f"/api/catalog?account_id={account_id}"
    assert {"prices", "currency"}.isdisjoint(site.get(where, reseller).ok())
    publish(site, show_prices=True)
    body = site.get(where, reseller).ok()
    row = {"kind": "ip_addresses", "variant": None, "recurrence": "monthly"}
    assert body["currency"] == "EUR"
    assert body["prices"] == [
        {**row, "unit_price": "9.00", "from_quantity": 1},
        {**row, "unit_price": "8.00", "from_quantity": 16},
        {**row, "kind": "sdp_users", "variant": "europe", "unit_price": "5.00", "from_quantity": 1},
    ]
    assert "prices" not in site.get("/api/catalog", site.people.cs).ok(), "which is of no account"


def publish(site: Site, *groups: str, **changes: object) -> None:
    """Publish the catalog that ships, with these groups and changes."""
    named = [{"group": group, "labels": {"en": group, "de": group}} for group in groups]
    body = {**shipped().document, "groups": named, **changes}
    site.put("/api/desk/catalog", site.people.cs, body).ok()


def test_all_errors_of_days_and_tiers_come_at_once(in_process: InProcess) -> None:
    faults = put(
        in_process,
        "EUR",
        price(valid_from="tomorrow"),
        price(from_quantity=1),
        price(kind="site_early_activation", from_quantity=2),
        price(valid_from="2027-01-01", from_quantity=5),
        price(valid_from="2027-01-01", from_quantity=5, unit_price="1"),
    ).faults()
    assert faults == {
        "/prices/0/valid_from": "invalid_date",
        "/prices/1/from_quantity": "too_small",
        "/prices/2/from_quantity": "no_quantity",
        "/prices/4": "duplicate_price",
    }


def test_a_table_with_days_and_tiers_is_exported_and_imported_again(in_process: InProcess) -> None:
    account_id = enroll(in_process)["account_id"]
    path = f"/api/desk/price-lists/EUR?account_id={account_id}"
    stored = put_of(
        in_process, f"account_id={account_id}", price(), price(valid_from="2027-03-01", from_quantity=5)
    ).ok()
    for spreadsheet in ("", "&spreadsheet=de"):
        table = in_process.get(path + spreadsheet, in_process.people.cs, Accept=CSV)
        assert table.headers["content-disposition"] == f'attachment; filename="prices-EUR-{account_id}.csv"'
        headers = {"Content-Type": CSV}
        again = in_process.request("PUT", path, user=in_process.people.cs, content=table.body, headers=headers)
        assert again.ok() == stored


def test_a_draft_says_from_which_list_each_price_is(in_process: InProcess) -> None:
    site = in_process
    account = enroll(site)
    put(site, "EUR", price(), price(kind="sdp_users", unit_price="5")).ok()
    tiers = [
        price(unit_price="9"),
        price(unit_price="8", from_quantity=4),
        price(unit_price="1", valid_from=site.day(30)),
    ]
    put_of(site, f"account_id={account['account_id']}", *tiers).ok()
    users = {"kind": "sdp_users", "region": "europe", "quantity": 5, "start_date": site.day(45)}
    order = place_for(site, account, items=[item(site, quantity=3), item(site, quantity=4), users])
    order.desk("claim").ok()
    body = draft(order.desk_path, site)
    assert [each["unit_price"] for each in body["lines"]] == ["9.00", "8.00", "5.00"]
    assert body["price_sources"] == [
        {"item_id": "1", "list": "account", "version": 1},
        {"item_id": "2", "list": "account", "version": 1, "from_quantity": 4},
        {"item_id": "3", "list": "default", "version": 1},
    ]
    sent = order.desk("quote", body).ok(202)["quote"]
    assert sent["totals"]["monthly"] == "84.00"
    assert "price_sources" not in draft(order.desk_path, site)
    again = draft(order.desk_path, site, "?currency=EUR")
    assert again["price_sources"] == body["price_sources"]


# -- drafts -------------------------------------------------------------------------------------------------------


def draft(order_path: str, site: Site, query: str = "") -> Json:
    body: Json = site.get(f"{order_path}/quote-draft{query}", site.people.cs).ok()
    return body


def test_a_quote_is_a_review_and_not_typing(site: Site) -> None:
    account = enroll(site, currency="ISK")
    put(
        site,
        "ISK",
        price(unit_price="1500"),
        price(kind="socket", variant="X1700", description="Socket X1700", unit_price="200000", recurrence="once"),
        price(kind="socket", variant="X1700", description="Care", unit_price="7000", recurrence="monthly"),
    ).ok()
    at = next(each for each in account["sites"] if each["address"])
    items = [
        {"kind": "socket", "site_id": at["site_id"], "model": "X1700", "quantity": 2, "start_date": site.day(45)},
        item(site),
    ]
    order = place_for(site, account, items=items)
    claim = order.desk("claim")
    found = site.get(f"{order.desk_path}/quote-draft", site.people.cs)
    assert found.headers["etag"] == claim.headers["etag"]
    body = found.ok()
    assert (body["currency"], body["unpriced"], body["message"], body["confirmed_start_dates"]) == ("ISK", [], None, {})
    assert body["terms"]
    assert [(each["item_id"], each["description"], each["quantity"], each["unit_price"]) for each in body["lines"]] == [
        ("1", f"Socket X1700, {at['name']}", 2, "200000"),
        ("1", f"Care, {at['name']}", 2, "7000"),
        ("2", "Public IPv4", 4, "1500"),
    ]
    sent = order.desk("quote", body, If_Match=found.headers["etag"]).ok(202)["quote"]
    assert sent["totals"] == {"once": "400000", "monthly": "20000", "yearly": "0"}
    assert (sent["valid_until"], sent["terms"]) == (body["valid_until"], body["terms"])
    order.quote_mail()


def test_a_draft_is_valid_for_the_installation_s_days_in_the_account_s_zone(site: Site) -> None:
    order = claimed(site)
    today = site.today(site.account_of(order.user))
    assert draft(order.desk_path, site)["valid_until"] == (today + timedelta(days=30)).isoformat()


def test_items_without_a_price_are_named_and_have_no_line(site: Site) -> None:
    account = enroll(site, currency="UGX")
    users = {"kind": "sdp_users", "region": "europe", "quantity": 5, "start_date": site.day(45)}
    order = place_for(site, account, items=[item(site), users])
    assert draft(order.desk_path, site)["unpriced"] == ["1", "2"]
    put(site, "UGX", price(kind="sdp_users", variant="china", unit_price="5"), price(unit_price="5")).ok()
    order.desk("claim").ok()
    body = draft(order.desk_path, site)
    assert ([each["item_id"] for each in body["lines"]], body["unpriced"]) == (["1"], ["2"])
    assert order.desk("quote", body).faults() == {"/lines": "item_without_line"}
    body["lines"].append(line(item_id="2", description="By hand", unit_price="7"))
    order.desk("quote", body).ok(202)


def test_another_list_is_chosen_by_its_currency(site: Site) -> None:
    put(site, "BHD", price(unit_price="3.75")).ok()
    order = claimed(site)
    body = draft(order.desk_path, site, "?currency=BHD")
    assert (body["currency"], body["lines"][0]["unit_price"]) == ("BHD", "3.750")
    assert order.desk("quote", body).ok(202)["quote"]["totals"]["monthly"] == "15.000"
    for query in ("currency=EURO", "currency=", "color=red"):
        site.get(f"{order.desk_path}/quote-draft?{query}", site.people.cs).refused(400, "invalid_query")


def test_the_draft_of_a_quoted_order_is_its_present_revision(site: Site) -> None:
    order = place(site)
    offer(order, message="As agreed.", terms="30 days net.", confirmed_start_dates={"1": site.day(50)})
    first = order.read()["quote"]
    body = draft(order.desk_path, site)
    assert body == {
        **{name: first[name] for name in ("currency", "valid_until", "message", "terms", "confirmed_start_dates")},
        "lines": [{name: value for name, value in first["lines"][0].items() if name != "amount"}],
        "unpriced": [],
    }
    body["lines"].append(line(item_id=None, description="Loyalty", quantity=1, unit_price="-5"))
    second = order.desk("quote", body).ok(202)["quote"]
    assert (second["revision"], second["totals"]["monthly"]) == (2, "35.00")
    assert draft(order.desk_path, site)["lines"] == [body["lines"][0], {**body["lines"][1], "unit_price": "-5.00"}]


def test_a_closed_order_has_no_draft_and_no_order_none_either(site: Site) -> None:
    order = place(site)
    order.ask("cancel").ok()
    response = site.get(f"{order.desk_path}/quote-draft", site.people.cs)
    assert response.refused(409, "conflict")["status"] == "canceled"
    site.get(f"/api/desk/orders/{fresh('none')}/quote-draft", site.people.cs).refused(404, "not_found")


def test_looking_at_a_draft_changes_nothing(site: Site) -> None:
    order = claimed(site)
    before, entries = order.read(), order.desk_timeline()
    draft(order.desk_path, site)
    assert (order.read(), order.desk_timeline()) == (before, entries)


def test_an_orders_quote_keeps_its_prices_when_the_list_changes(site: Site) -> None:
    account = enroll(site, currency="CLP")
    put(site, "CLP", price(unit_price="100")).ok()
    order = place_for(site, account)
    order.desk("claim").ok()
    order.desk("quote", draft(order.desk_path, site)).ok(202)
    put(site, "CLP", price(unit_price="900")).ok()
    order.quote_mail()
    assert order.read()["quote"]["totals"]["monthly"] == "400"
    assert draft(order.desk_path, site)["lines"][0]["unit_price"] == "100"
    assert draft(order.desk_path, site, "?currency=CLP")["lines"][0]["unit_price"] == "900"
    order.desk("quote", quote(site, currency="CLP", lines=[line(unit_price="900")])).ok(202)


@pytest.mark.live
def test_the_commands_of_the_page_about_prices_do_what_it_says(live: Live, tmp_path: Path) -> None:
    """Run in one shell, in a folder of its own that has the page's `docs`."""
    live.put("/api/desk/price-lists/EUR", live.people.cs, price_list("EUR")).ok()
    shutil.copytree(PROJECT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("images", "events", "openapi"))
    (tmp_path / "sandbox.json").write_text(json.dumps(live.description), "utf-8")
    page = (PROJECT / "docs" / "prices.md").read_text("utf-8")
    lines = "".join(re.findall(r"```console\n(.*?)```", page, re.DOTALL)).splitlines()
    commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    assert commands[0] == "SITE=http://localhost:8080"
    run = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", "\n".join([f"SITE={live.origin}", *commands[1:]])],
        cwd=tmp_path,
        env={**os.environ, "SANDBOX_DIR": str(tmp_path), "NO_PROXY": "*", "no_proxy": "*"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    # Other tests place orders of the same account.
    live.put(f"/api/desk/price-lists/EUR?account_id={live.people.customer.account_id}", live.people.cs, {"prices": []})
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines() == [line for line in lines if not line.startswith("$ ")]
