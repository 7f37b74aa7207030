"""Finding orders and accounts by words: whose, by which, in what order, and after what has changed."""

from typing import Any
from urllib.parse import quote as quoted

import pytest

from online_orders.aws import search_index
from online_orders.aws.keys import OrderKey
from tests.contract.in_process import InProcess
from tests.contract.orders import Order, enroll, fresh, offer, place, place_direct, place_for, quote, rows
from tests.contract.site import Json, User

DESK = "/api/desk/orders"


@pytest.fixture
def site(in_process: InProcess) -> InProcess:
    return in_process


def found(site: InProcess, text: str, user: User | None = None, *, more: str = "", most: int = 100) -> list[str]:
    """The ids of the orders that are found, at the desk unless another user asks."""
    site.settle()
    path = "/api/orders" if user else DESK
    listed = rows(site, f"{path}?search={quoted(text, safe='')}{more}", user or site.people.cs, most=most)
    return [row["order_id"] for row in listed]


def account_of(site: InProcess, name: str, **changes: Any) -> Json:
    contact = {"name": "Zoë Łuczak-Größ", "email": f"{fresh('zoe')}@kontor.example"}
    enrollment = {"letter_received_on": site.day(-9), "contact": contact, "state": "active"}
    return enroll(site, fresh("kontor"), name=name, enrollment=enrollment, **changes)


def ids(*orders: Order) -> list[str]:
    return [order.order_id for order in orders]


@pytest.mark.each_catalog
def test_an_order_is_found_by_each_of_its_words(site: InProcess) -> None:
    account = account_of(site, "Müller-Lüdenscheidt & Søn GmbH")
    order = place_for(site, account, purchase_order_number="PO-2026/0815")
    body = order.read()
    contact = account["enrollment"]["contact"]
    for text in (
        body["number"],
        body["number"].lower().replace("-", " "),
        body["number"].replace("-", ""),
        order.order_id,
        order.order_id.lower()[:20],
        "po-2026/0815",
        "PO20260815",
        "0815",
        account["account_id"],
        "muller ludenscheidt",
        "MÜLLER SON",
        "Zoe Luczak",
        "grÖss",
        contact["email"],
        contact["email"][:12],
        body["placed_by"]["email"],
    ):
        assert order.order_id in found(site, text), text
        assert order.order_id in found(site, text, site.people.reseller), text
    for text in (f"{account['account_id']} nobody", "uller", "!!!", f"{order.order_id}X"):
        assert order.order_id not in found(site, text), text
    assert found(site, "  ", more="&limit=1", most=1), "blanks search for nothing"


def test_sites_are_found_by_their_names_as_ordered(site: InProcess) -> None:
    account = account_of(site, "Orderer")
    site_id, name = fresh("annex"), f"Außenstelle {fresh('x')}"
    model = next(each for each in account["sites"] if each["address"])
    account = enroll(site, account["account_id"], sites=[{**model, "site_id": site_id, "name": name}])
    items = [{"kind": "socket", "site_id": site_id, "model": "X1500", "quantity": 1, "start_date": site.day(45)}]
    order = place_for(site, account, items=items)
    assert found(site, f"aussenstelle {name.split()[1]}") == ids(order)


def test_scripts_without_blanks_are_found_by_two_characters(site: InProcess) -> None:
    account = account_of(site, "東京データ通信株式会社")
    order = place_for(site, account)
    mixed = f"通信 {account['account_id']}"
    assert (found(site, mixed), found(site, "東京データ")) == (ids(order), ids(order))
    assert found(site, "京東") == []


def test_customers_find_what_they_may_read_and_nothing_else(site: InProcess) -> None:
    people, number = site.people, fresh("po")
    own = place(site, people.customer, purchase_order_number=number)
    direct = place_direct(site, str(people.customer.account_id), purchase_order_number=number)
    of_sub = place(site, people.subs[0], purchase_order_number=number)
    of_other_sub = place(site, people.subs[1], purchase_order_number=number)
    foreign = place(site, people.other, purchase_order_number=number)
    assert found(site, number, people.customer) == ids(own)
    assert found(site, number, people.other) == ids(foreign)
    assert found(site, number, people.subs[0]) == ids(of_sub)
    assert found(site, number, people.reseller) == ids(of_other_sub, of_sub)
    one = f"&account_id={people.subs[0].account_id}"
    assert found(site, number, people.reseller, more=one) == ids(of_sub)
    own_of_reseller = place(site, people.reseller, purchase_order_number=number)
    one = f"&account_id={people.reseller.account_id}"
    assert found(site, number, people.reseller, more=one) == ids(own_of_reseller)
    path = f"/api/orders?search={number}&account_id={people.other.account_id}"
    site.get(path, people.customer).refused(404, "not_found")
    assert found(site, number) == ids(own_of_reseller, foreign, of_other_sub, of_sub, direct, own)


def test_a_sub_account_that_leaves_takes_its_orders_along(site: InProcess) -> None:
    account = account_of(site, "Leaver")
    order, reseller = place_for(site, account), site.people.reseller
    assert found(site, account["account_id"], reseller) == ids(order)
    enroll(site, account["account_id"], parent_account_id=None)
    assert found(site, account["account_id"], reseller) == []
    assert found(site, account["account_id"]) == ids(order)
    enroll(site, account["account_id"], parent_account_id=reseller.account_id)
    assert found(site, account["account_id"], reseller) == ids(order)


def test_what_was_named_exactly_comes_first_then_whole_words_then_the_newest(site: InProcess) -> None:
    word = fresh("q").replace("-", "")
    account = account_of(site, "Ranked")
    longer = place_for(site, account, purchase_order_number=f"{word}xyz")
    within = place_for(site, account, purchase_order_number=f"{word} 2")
    named = place_for(site, account, purchase_order_number=word)
    again = place_for(site, account, purchase_order_number=f"{word} 3")
    assert found(site, word) == ids(named, again, within, longer)


def test_a_search_goes_together_with_every_filter(site: InProcess) -> None:
    account = account_of(site, "Filtered")
    word = account["account_id"]
    first, claimed, quoted_order = (place_for(site, account) for _ in range(3))
    claimed.desk("claim").ok()
    offer(quoted_order)
    me = site.get("/api/me", site.people.cs).ok()["user_id"]
    today = site.now().date().isoformat()
    kind = first.read()["items"][0]["kind"]
    expected = {
        "&status=submitted": [first],
        "&open=false": [],
        "&assignee=me": [quoted_order, claimed],
        f"&assignee={me}": [quoted_order, claimed],
        f"&account_id={word}&status=in_process": [claimed],
        "&account_id=nobody": [],
        f"&kind={kind}": [quoted_order, claimed, first],
        "&kind=nothing": [],
        "&amount_from=0.01": [quoted_order],
        "&amount_to=0": [],
        "&currency=EUR": [quoted_order],
        "&currency=JPY": [],
        f"&from={today}&to={today}": [quoted_order, claimed, first],
        f"&from={site.day(2)}": [],
        f"&to={site.day(-2)}": [],
        "&group=nobody": [],
    }
    for more, orders in expected.items():
        assert found(site, word, more=more) == ids(*orders), more
    at_customer = {
        "&status=submitted": [first],
        "&open=true": [quoted_order, claimed, first],
        f"&to={site.day(-2)}": [],
    }
    for more, orders in at_customer.items():
        assert found(site, word, site.people.reseller, more=more) == ids(*orders), more


def test_pages_show_each_order_once_while_orders_change(site: InProcess) -> None:
    word = fresh("p").replace("-", "")
    account = account_of(site, f"{word}a {word}b {word}c")
    orders = [place_for(site, account) for _ in range(7)]
    path = f"{DESK}?search={word}&limit=3"
    site.settle()
    first = site.get(path, site.people.cs).ok()
    place_for(site, account)
    orders[3].desk("claim").ok()
    seen, page = [row["order_id"] for row in first["items"]], first
    while page["next_cursor"]:
        page = site.get(f"{path}&cursor={quoted(page['next_cursor'], safe='')}", site.people.cs).ok()
        seen += [row["order_id"] for row in page["items"]]
    assert seen == list(reversed(ids(*orders)))
    cursor = quoted(first["next_cursor"], safe="")
    site.get(f"{DESK}?search={word}x&limit=3&cursor={cursor}", site.people.cs).refused(400, "invalid_cursor")


def test_another_contact_person_is_found_and_the_former_one_no_longer(site: InProcess) -> None:
    account = account_of(site, "Contacts")
    order = place_for(site, account)
    offer(order)
    was, name = account["enrollment"]["contact"]["email"], fresh("newcomer")
    order.desk("resend", {"contact": {"name": name, "email": f"{name}@kontor.example"}}).ok(202)
    assert (found(site, name), found(site, was)) == (ids(order), [])


def test_a_renamed_account_is_found_by_its_new_name_with_all_its_orders(site: InProcess) -> None:
    old, new = fresh("oldname"), fresh("newname")
    account = account_of(site, old)
    order, direct = place_for(site, account), place_direct(site, account["account_id"])
    order.desk("decline", {"reason": "No stock."}).ok()
    site.settle()  # else mails to the contact of before wait until the order is synced
    enroll(site, account["account_id"], name=new)
    assert found(site, new) == ids(direct, order)
    assert found(site, old) == ids(direct, order), "as it was called when they were placed"
    assert accounts(site, new) == [account["account_id"]]
    assert accounts(site, old) == []


def accounts(site: InProcess, text: str, more: str = "") -> list[str]:
    site.settle()
    listed = rows(site, f"/api/desk/accounts?search={quoted(text, safe='')}{more}", site.people.cs)
    return [row["account_id"] for row in listed]


def test_accounts_are_found_by_id_name_contact_and_sites(site: InProcess) -> None:
    name = fresh("Überseehandel")
    account = account_of(site, name)
    contact, (first, *_) = account["enrollment"]["contact"], account["sites"]
    for text in (account["account_id"], name.upper(), contact["email"], f"{first['name']} {account['account_id']}"):
        assert accounts(site, text) == [account["account_id"]], text
    assert accounts(site, name, "&group=nobody") == []
    whole = site.get(f"/api/desk/accounts/{account['account_id']}", site.people.cs).ok()
    assert rows(site, f"/api/desk/accounts?search={quoted(name)}", site.people.cs) == [whole]
    enroll(site, account["account_id"], sites=[{**first, "name": "Elsewhere"}])
    assert accounts(site, f"{first['name']} {account['account_id']}") == []
    assert accounts(site, f"elsewhere {account['account_id']}") == [account["account_id"]]


def test_an_outdated_posting_shows_nothing(site: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    account, name = account_of(site, "Stale"), fresh("gone")
    order = place_for(site, account)
    site.settle()
    with monkeypatch.context() as context, site.lab.as_operator():
        context.setattr(search_index, "order_words", lambda *_: (name.replace("-", ""),))
        search_index.index_order(OrderKey(account["account_id"], order.order_id, "online"))
    assert found(site, name.replace("-", "")) == []


def test_a_short_query_takes_whole_words_only(site: InProcess) -> None:
    account = account_of(site, "Ox")
    order = place_for(site, account)
    assert order.order_id in found(site, "ox")
    assert order.order_id not in found(site, "o")
    assert found(site, f"o {account['account_id']}") == ids(order), "beside a longer word it begins others"


def test_a_search_that_is_too_long_is_refused(site: InProcess) -> None:
    for path, user in (("/api/orders", site.people.customer), (DESK, site.people.cs)):
        site.get(f"{path}?search={'x' * 201}", user).refused(400, "invalid_query")
        site.get(f"{path}?search={'x' * 200}", user).ok()
    site.get(f"{DESK}?amount_from=-1", site.people.cs).refused(400, "invalid_query")
    site.get(f"{DESK}?amount_from=1e3", site.people.cs).refused(400, "invalid_query")


def test_the_queue_is_narrowed_by_what_is_in_the_orders(site: InProcess) -> None:
    account = account_of(site, "Queue")
    first, second = place_for(site, account), place_for(site, account)
    second.desk("claim").ok()
    second.desk("quote", quote(site)).ok(202)
    amount = second.read()["quote"]["totals"]
    value = float(amount["once"]) + 12 * float(amount["monthly"]) + float(amount["yearly"])
    own = f"&account_id={account['account_id']}"
    for more, orders in {
        f"amount_from={value:.2f}&amount_to={value:.2f}": [second],
        f"amount_from={value + 1:.2f}": [],
        "currency=EUR": [second],
        f"kind={first.read()['items'][0]['kind']}": [first, second],
        f"from={site.now().date().isoformat()}": [first, second],
        f"to={site.day(-3)}": [],
    }.items():
        listed = rows(site, f"{DESK}?{more}{own}", site.people.cs)
        assert [row["order_id"] for row in listed] == ids(*orders), more
    today = site.now().date().isoformat()
    everywhere = rows(site, f"{DESK}?open=true&from={today}&limit=100", site.people.cs, most=100)
    assert {*ids(first, second)} <= {row["order_id"] for row in everywhere}


def test_the_index_leaves_no_words_of_what_has_changed(site: InProcess) -> None:
    account = account_of(site, "Tidy")
    order = place_for(site, account)
    offer(order)
    email = f"{fresh('tidy')}@kontor.example"
    was = account["enrollment"]["contact"]["email"]
    order.desk("resend", {"contact": {"name": "New", "email": email}}).ok(202)
    site.settle()
    word = was.partition("@")[0].rpartition("-")[2]
    assert word not in str([item for item in site.lab.items if str(item["pk"]).startswith("FIND#")])
    assert email.partition("-")[2].partition("@")[0] in str(site.lab.items)
