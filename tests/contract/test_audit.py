"""The audit trail at the desk: what was changed, by whom, and what it was."""

import csv
import io
from datetime import timedelta

from online_orders.aws import erasure_job, terms_store
from tests.contract.in_process import InProcess
from tests.contract.orders import rows
from tests.contract.site import Json

AUDIT = "/api/desk/audit"
PRICE = {"kind": "ip_addresses", "description": "IPv4", "unit_price": "1.00", "recurrence": "monthly"}


def trail(site: InProcess, **query: str) -> list[Json]:
    return rows(site, f"{AUDIT}?" + "&".join(f"{name}={value}" for name, value in query.items()), site.people.cs)


def changed_account(site: InProcess, **changes: object) -> Json:
    path = f"/api/desk/accounts/{site.people.customer.account_id}"
    account: Json = site.get(path, site.people.cs).ok()
    site.put(path, site.people.cs, {**account, **changes}).ok()
    return account


def test_the_seeded_accounts_are_in_the_trail_as_created(in_process: InProcess) -> None:
    entries = trail(in_process)
    assert {entry["account_id"] for entry in entries} == set(in_process.accounts)
    assert {entry["action"] for entry in entries} == {"created"}
    assert [entry["at"] for entry in entries] == sorted((entry["at"] for entry in entries), reverse=True)


def test_a_change_of_an_account_says_who_when_and_what(in_process: InProcess) -> None:
    before = changed_account(in_process, name="After")
    entry = trail(in_process)[0]
    assert entry == {
        "audit_id": entry["audit_id"],
        "at": entry["at"],
        "by": {"user_id": entry["by"]["user_id"], "email": in_process.people.cs.email},
        "subject": "account",
        "subject_id": before["account_id"],
        "account_id": before["account_id"],
        "action": "changed",
        "changes": [{"pointer": "/name", "was": before["name"], "is": "After"}],
    }


def test_what_changes_nothing_is_no_entry(in_process: InProcess) -> None:
    before = len(trail(in_process))
    changed_account(in_process)
    assert len(trail(in_process)) == before


def test_prices_and_terms_are_in_the_trail(in_process: InProcess) -> None:
    lists = "/api/desk/price-lists/EUR"
    in_process.put(lists, in_process.people.cs, {"prices": [PRICE]}).ok()
    in_process.put(lists, in_process.people.cs, {"prices": [{**PRICE, "unit_price": "2.00"}]}).ok()
    at = in_process.now() + timedelta(seconds=1)
    with in_process.lab.as_operator():
        stored = terms_store.store_terms("de", "Netto.", None, at)
        assert stored
        assert terms_store.remove_terms("de", at + timedelta(seconds=1))
    removed, set_, changed, created = trail(in_process)[:4]
    assert (created["subject"], created["subject_id"], created["action"]) == ("price_list", "EUR", "created")
    assert changed["changes"] == [{"pointer": "/prices/0/unit_price", "was": "1.00", "is": "2.00"}]
    operator = {"user_id": "operator", "email": "operator"}
    assert (set_["by"], set_["subject"], set_["subject_id"]) == (operator, "terms", "de")
    assert set_["changes"] == [{"pointer": "/text", "was": None, "is": "Netto."}]
    assert (removed["action"], removed["account_id"]) == ("removed", None)


def test_the_trail_is_filtered(in_process: InProcess) -> None:
    in_process.put("/api/desk/price-lists/EUR", in_process.people.cs2, {"prices": [PRICE]}).ok()
    changed_account(in_process, name="After")
    newest = trail(in_process)[0]
    assert {entry["subject"] for entry in trail(in_process, subject="price_list")} == {"price_list"}
    of_account = trail(in_process, account_id=newest["account_id"])
    assert [entry["action"] for entry in of_account] == ["changed", "created"]
    (by_other,) = [entry for entry in trail(in_process) if entry["by"]["email"] == in_process.people.cs2.email]
    assert trail(in_process, user_id=by_other["by"]["user_id"]) == [by_other]
    today = in_process.now().date()
    assert len(trail(in_process, **{"from": str(today), "to": str(today)})) == len(trail(in_process))
    assert trail(in_process, to=str(today - timedelta(days=1))) == []
    assert trail(in_process, **{"from": str(today + timedelta(days=1))}) == []
    for query in ("subject=order", "from=soon", "account_id=a&account_id=b", "of=1"):
        in_process.get(f"{AUDIT}?{query}", in_process.people.cs).refused(400, "invalid_query")


def test_the_trail_comes_in_pages_across_months(in_process: InProcess) -> None:
    in_process.lab.advance(days=40)
    changed_account(in_process, name="After")
    whole = trail(in_process)
    found: list[Json] = []
    path = f"{AUDIT}?limit=3"
    cursor: str | None = ""
    while cursor is not None:
        page = in_process.get(path + (f"&cursor={cursor}" if cursor else ""), in_process.people.cs).ok()
        assert len(page["items"]) <= 3
        found += page["items"]
        cursor = page["next_cursor"]
    assert found == whole
    assert len({entry["at"][:7] for entry in found}) == 2


def test_the_trail_comes_as_a_table_whose_header_leads_on(in_process: InProcess) -> None:
    before = changed_account(in_process, name="=After")
    path = f"{AUDIT}?subject=account&limit=1"
    first = in_process.get(path, in_process.people.cs, Accept="text/csv")
    assert first.headers["content-type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(first.text))
    assert (row["by"], row["pointer"], row["was"], row["is"]) == (
        in_process.people.cs.email,
        "/name",
        before["name"],
        "'=After",
    )
    link = first.headers["link"].partition(">")[0].removeprefix("<")
    assert link.startswith(f"{AUDIT}?subject=account&limit=1&cursor=")
    second = in_process.get(link, in_process.people.cs, Accept="text/csv")
    assert {row["action"] for row in csv.DictReader(io.StringIO(second.text))} == {"created"}


def test_an_erased_person_is_not_in_the_trail_and_what_was_changed_is(in_process: InProcess) -> None:
    changed_account(in_process, name="After")
    before = trail(in_process)
    with in_process.lab.as_operator():
        for _ in erasure_job.erase_person(in_process.people.cs.email):
            pass
    after = trail(in_process)
    nobody = {"user_id": "erased", "email": "erased@erased.invalid"}
    assert [{**entry, "by": nobody} for entry in before] == after
