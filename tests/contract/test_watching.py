"""Who watches an order and what each is told of it, and which mails somebody chose, as it is seen from outside."""

import pytest

from online_orders.aws.keys import watcher_key
from online_orders.aws.table import put
from tests.contract.in_process import InProcess, adopted
from tests.contract.orders import Order, claimed, fresh, offer, offered, place, place_direct
from tests.contract.site import Json, User
from tests.lab import User as LabUser

MINE = "/api/me/notifications"


@pytest.fixture
def site(in_process: InProcess) -> InProcess:
    people = in_process.people
    with in_process.lab.as_operator():
        known = {item["pk"] for item in in_process.lab.items if item["sk"] == "PERSON"}
    for user in (people.german, people.colleague, people.cs, people.cs2, people.reseller):
        if f"PERSON#{LabUser(user.username, None).user_id}" not in known:
            adopted(in_process, user)
    return in_process


def choose(site: InProcess, user: User, **wanted: bool) -> Json:
    """Choose as a watcher or, with a name such as `assignee_comment`, as somebody else."""
    rows = []
    for name, value in wanted.items():
        as_ = next((each for each in ("placed_by", "assignee") if name.startswith(f"{each}_")), "watcher")
        rows.append({"event": name.removeprefix(f"{as_}_"), "as": as_, "wanted": value})
    body: Json = site.put(MINE, user, {"notifications": rows}).ok()
    return {f"{each['as']}_{each['event']}": each["wanted"] for each in body["notifications"]}


def about(order: Order, user: User, word: str) -> int:
    return sum(word in mail.text for mail in order.mails_to(user.email))


def test_a_colleague_who_watches_is_told_and_one_who_stopped_is_not(site: InProcess) -> None:
    german, colleague = site.people.german, site.people.colleague
    order = place(site, german)
    before = order.read()
    assert order.ask("watch", {}, user=colleague).ok() == before
    assert order.ask("watch", user=colleague).ok() == before
    (row,) = site.get(f"{order.path}/watchers", german).ok()["items"]
    assert (row["email"], row["side"]) == (colleague.email, "account")
    order.desk("claim").ok()
    order.desk("comment", {"text": "Alles gut.", "internal": False}).ok()
    site.eventually(lambda: about(order, colleague, "Alles gut."))
    assert about(order, german, "Alles gut.") == about(order, colleague, "Alles gut.") == 1
    (mail,) = order.mails_to(colleague.email)
    assert f"{site.origin}/notifications" in mail.text
    assert "beobachten" in mail.text
    order.ask("unwatch", {}, user=colleague).ok()
    order.desk("comment", {"text": "Noch etwas.", "internal": False}).ok()
    site.eventually(lambda: about(order, german, "Noch etwas."))
    assert about(order, colleague, "Noch etwas.") == 0
    assert site.get(f"{order.path}/watchers", german).ok() == {"items": []}


def test_an_internal_comment_is_told_to_the_desks_own_people_alone(site: InProcess) -> None:
    german, colleague, cs, cs2 = site.people.german, site.people.colleague, site.people.cs, site.people.cs2
    order = claimed(site, german)
    order.ask("watch", {}, user=colleague).ok()
    order.desk("watch", {}, user=cs2).ok()
    order.desk("comment", {"text": "Watch their budget.", "internal": True}, user=cs2).ok()
    site.eventually(lambda: about(order, cs, "Watch their budget."))
    told = {address for mail in site.mails(about=order.order_id) for address in mail.to if "budget" in mail.text}
    assert told == {cs.email}
    rows = site.get(f"{order.desk_path}/watchers", cs).ok()["items"]
    assert {row["side"] for row in rows} == {"account", "desk"}
    assert {row["side"] for row in site.get(f"{order.path}/watchers", german).ok()["items"]} == {"account"}


def test_a_watcher_hears_of_the_quote_and_its_end_without_a_link(site: InProcess) -> None:
    german, colleague = site.people.german, site.people.colleague
    order = claimed(site, german)
    order.ask("watch", {}, user=colleague).ok()
    mail = offer(order)
    quoted = order.mail_to(colleague.email)
    assert not quoted.has_link
    assert "Code: " not in quoted.text
    site.decide(mail, "approve").page()
    approved = order.mail_to(colleague.email, 2)
    assert not approved.has_link
    assert order.order_id in approved.text
    assert [each.read() for each in approved.attachments] == [mail.attachments[0].read()]


def test_what_somebody_switched_off_is_not_mailed(site: InProcess) -> None:
    german, colleague, cs = site.people.german, site.people.colleague, site.people.cs
    try:
        assert choose(site, colleague, comment=False)["watcher_comment"] is False
        assert choose(site, german, placed_by_comment=False, placed_by_quoted=True)["placed_by_quoted"] is True
        assert choose(site, cs, assignee_comment=False)["assignee_comment"] is False
        order = claimed(site, german)
        order.ask("watch", {}, user=colleague).ok()
        order.desk("comment", {"text": "Nobody hears.", "internal": False}, user=site.people.cs2).ok()
        order.ask("comment", {"text": "The desk hears."}).ok()
        offer(order)
        site.eventually(lambda: len(order.mails_to(german.email)) >= 2)
        assert [about(order, each, "Nobody hears.") for each in (german, colleague)] == [0, 0]
        assert about(order, cs, "The desk hears.") == 0
        assert any("The desk hears." in mail.text for mail in order.mails_to(site.cs_mailbox))
    finally:
        choose(site, colleague, comment=True)
        choose(site, german, placed_by_comment=True, placed_by_quoted=False)
        choose(site, cs, assignee_comment=True)


def test_choices_are_checked_all_at_once_and_kept(site: InProcess) -> None:
    user = site.people.german
    default = site.get(MINE, user).ok()
    assert {row["as"] for row in default["notifications"]} == {"placed_by", "watcher"}
    assert all(row["wanted"] is row["default"] for row in default["notifications"])
    bad = [
        {"event": "reminder", "as": "watcher", "wanted": False},
        {"event": "comment", "as": "assignee", "wanted": False},
        {"event": "quoted", "as": "watcher", "wanted": "no"},
    ]
    assert set(site.put(MINE, user, {"notifications": bad}).faults()) == {
        "/notifications/0/event",
        "/notifications/1/event",
        "/notifications/2/wanted",
    }
    assert site.get(MINE, user).ok() == default
    assert site.put(MINE, user, default).ok() == default


def test_nobody_watches_what_he_may_not_see(site: InProcess) -> None:
    german, customer = site.people.german, site.people.customer
    order = place(site, german)
    for action in ("watch", "unwatch"):
        order.ask(action, {}, user=customer).refused(404, "not_found")
        site.post(f"{order.path}/{action}", site.people.cs, {}).refused(403, "forbidden")
    site.get(f"{order.path}/watchers", customer).refused(404, "not_found")
    direct = place_direct(site, str(german.account_id))
    site.post(f"/api/orders/{direct.order_id}/watch", german, {}).refused(404, "not_found")


def test_a_watcher_whose_account_lost_its_reseller_is_told_nothing(site: InProcess) -> None:
    reseller, sub = site.people.reseller, site.people.subs[0]
    order = claimed(site, sub)
    order.ask("watch", {}, user=reseller).ok()
    with site.lab.as_operator():
        order_id = order.order_id
        put(watcher_key(order_id, "somebody-of-old"))
    assert len(site.get(f"{order.path}/watchers", sub).ok()["items"]) == 1
    order.desk("comment", {"text": "For both.", "internal": False}).ok()
    site.eventually(lambda: about(order, reseller, "For both."))
    enrolled = site.account_of(sub)
    path = f"/api/desk/accounts/{sub.account_id}"
    site.put(path, site.people.cs, {**enrolled, "parent_account_id": None}).ok()
    try:
        order.desk("comment", {"text": "For one.", "internal": False}).ok()
        site.eventually(lambda: about(order, sub, "For one."))
        assert about(order, reseller, "For one.") == 0
        assert site.get(f"{order.path}/watchers", sub).ok() == {"items": []}
    finally:
        site.put(path, site.people.cs, enrolled).ok()


def test_more_than_twenty_do_not_watch_an_order_unless_some_were_erased(site: InProcess) -> None:
    german, colleague = site.people.german, site.people.colleague
    order, _ = offered(site, german)
    with site.lab.as_operator():
        for n in range(20):
            put(watcher_key(order.order_id, f"erased-{n:02}"))
    order.ask("watch", {}, user=colleague).ok()
    assert len(site.get(f"{order.path}/watchers", german).ok()["items"]) == 1
    watchers = [
        adopted(site, User(fresh("w"), f"{fresh('w')}@x.example", "customer", german.account_id)) for _ in range(19)
    ]
    with site.lab.as_operator():
        for each in watchers:
            put(watcher_key(order.order_id, each))
    order.ask("watch", {}, user=german).refused(409, "too_many_watchers")
    order.ask("watch", {}, user=colleague).ok()
