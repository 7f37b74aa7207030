"""The figures at the desk: the same numbers as JSON and as a table, for whoever may read them."""

import csv
import io

import pytest

from tests.contract.in_process import InProcess
from tests.contract.orders import place

FIGURES = "/api/desk/figures"
MONTH = "?from=2026-11&to=2026-12"


def test_a_month_without_orders_has_no_row(in_process: InProcess) -> None:
    found = in_process.get(f"{FIGURES}?from=2025-12&to=2026-01", in_process.people.cs).ok()
    assert found == {"months": ["2025-12", "2026-01"], "by": "all", "rows": []}


def test_orders_of_all_accounts_are_counted_by_month_and_told_apart(in_process: InProcess) -> None:
    site = in_process
    month = site.now().date().isoformat()[:7]
    before = sum(row["orders"] for row in site.get(f"{FIGURES}?by=all", site.people.cs).ok()["rows"])
    first, second = place(site), place(site, site.people.other)
    first.desk("claim").ok()
    second.desk("claim").ok()
    second.desk("decline", {"reason": "We have none."}).ok()
    site.settle()
    body = site.get(FIGURES, site.people.cs).ok()
    assert len(body["months"]) == 12
    assert body["months"][-1] == month
    (row,) = [row for row in body["rows"] if row["month"] == month]
    assert row["orders"] == before + 2
    assert row["lost"] == 1
    assert row["hours_to_claim"]["count"] == 2
    people = site.get(f"{FIGURES}?by=person", site.people.cs).ok()["rows"]
    assert [each["orders"] for each in people if each["key"] == first.read()["assignee"]["user_id"]] == [2]
    (kind,) = site.get(f"{FIGURES}?by=kind", site.people.cs).ok()["rows"]
    assert (kind["key"], kind["label"]) == ("ip_addresses", "IP Addresses")
    assert site.get(f"{FIGURES}?by=group", site.people.cs).ok()["rows"] == []


def test_a_table_has_a_row_a_month_and_key(in_process: InProcess) -> None:
    place(in_process)
    in_process.settle()
    response = in_process.get(f"{FIGURES}?by=kind&spreadsheet=de", in_process.people.cs, Accept="text/csv")
    assert response.headers["content-disposition"] == 'attachment; filename="figures-kind.csv"'
    (row,) = csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff")), delimiter=";")
    assert (row["key"], row["orders"], row["open"], row["hours_to_quote_count"]) == ("ip_addresses", "1", "1", "0")


@pytest.mark.parametrize(
    "query",
    ["from=2026-12&to=2026-11", "from=2020-01&to=2026-11", "from=2026-13", "by=account", "to=11-2026", "limit=1"],
)
def test_months_that_cannot_be_are_refused(in_process: InProcess, query: str) -> None:
    in_process.get(f"{FIGURES}?{query}", in_process.people.cs).refused(400, "invalid_query")


def test_agents_and_customers_do_not_read_them(in_process: InProcess) -> None:
    in_process.get(FIGURES, in_process.people.customer).refused(403, "forbidden")
