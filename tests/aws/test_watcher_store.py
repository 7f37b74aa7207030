"""The watchers of an order and the mails that a person chose, call by call."""

from collections.abc import Iterator

import pytest

from online_orders.aws import mail_choice_store, watcher_store
from online_orders.aws.keys import mail_choices_key, person_key, watcher_key
from online_orders.aws.people_store import person_item
from online_orders.domain.errors import StateConflict
from online_orders.domain.followers import MAX_WATCHERS
from online_orders.domain.order_parts import User
from online_orders.domain.people import Membership, Person, PersonState
from online_orders.domain.roles import DESK, Group, Role
from tests.aws.desk import Desk, in_place_of_aws, text_of
from tests.domain.builders import ORDER_ID


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    desk = Desk()
    with in_place_of_aws(desk, monkeypatch):
        yield desk


def store_person(desk: Desk, user_id: str) -> Person:
    membership = Membership(role=Role.VIEWER, state=PersonState.ACTIVE)
    email, name = f"{user_id}@acme.example", user_id.title()
    person = Person(user_id=user_id, email=email, name=name, group="customers", memberships={"acme": membership})
    return stored(desk, person)


def store_agent(desk: Desk, user: User) -> Person:
    agent = {DESK: Membership(role=Role.AGENT, state=PersonState.ACTIVE)}
    group: Group = "customer-success"
    return stored(desk, Person(user_id=user.user_id, email=user.email, name="Agent", group=group, memberships=agent))


def stored(desk: Desk, person: Person) -> Person:
    desk.table.items[text_of(person_key(person.user_id))] = person_item(person, 1)
    return person


def test_watchers_come_and_go_and_nobody_twice(desk: Desk) -> None:
    ann = store_person(desk, "ann")
    for user_id in ("bob", "ann", "ann"):
        watcher_store.watch(ORDER_ID, user_id)
    assert watcher_store.watcher_ids(ORDER_ID) == ["ann", "bob"]
    assert watcher_store.list_watchers(ORDER_ID) == [ann]
    assert desk.table.items[text_of(watcher_key(ORDER_ID, "ann"))] == watcher_key(ORDER_ID, "ann")
    watcher_store.unwatch(ORDER_ID, "ann")
    watcher_store.unwatch(ORDER_ID, "nobody")
    assert watcher_store.watcher_ids(ORDER_ID) == ["bob"]


def test_the_erased_make_room_and_others_do_not(desk: Desk) -> None:
    ids = [f"w{n:02}" for n in range(MAX_WATCHERS)]
    for each in ids:
        watcher_store.watch(ORDER_ID, each)
    for each in ids[1:]:
        store_person(desk, each)
    watcher_store.watch(ORDER_ID, "last")
    assert watcher_store.watcher_ids(ORDER_ID) == ["last", *ids[1:]]
    store_person(desk, "last")
    with pytest.raises(StateConflict) as refused:
        watcher_store.watch(ORDER_ID, "one-more")
    assert refused.value.code == "too_many_watchers"
    watcher_store.watch(ORDER_ID, "last")
    assert len(watcher_store.watcher_ids(ORDER_ID)) == MAX_WATCHERS


def test_choices_are_kept_beside_the_person(desk: Desk) -> None:
    assert mail_choice_store.find_choices("ann") == {}
    chosen = {("quoted", "watcher"): False, ("comment", "placed_by"): True}
    mail_choice_store.store_choices("ann", chosen)
    assert mail_choice_store.find_choices("ann") == chosen
    ann = store_person(desk, "ann")
    assert watcher_store.people_with_choices(["ann", "gone"]) == ({"ann": ann}, {"ann": chosen})
    assert text_of(mail_choices_key("ann")) in desk.table.items
