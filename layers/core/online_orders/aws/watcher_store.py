"""Store who watches an order, one item for each watcher; it has the user's id alone, and no version."""

from collections.abc import Sequence

from online_orders.aws.keys import PREFIX_END, WATCHER_PREFIX, mail_choices_key, order_pk, person_key, watcher_key
from online_orders.aws.mail_choice_store import chosen_of
from online_orders.aws.people_store import person_of
from online_orders.aws.table import call, get_all, put, query_range
from online_orders.domain.followers import MAX_WATCHERS, too_many_watchers
from online_orders.domain.mail_preferences import Chosen
from online_orders.domain.people import Person


def watcher_ids(order_id: str) -> list[str]:
    """Return the ids of the watchers of an order, whether or not they may still see it."""
    first, last = WATCHER_PREFIX, WATCHER_PREFIX + PREFIX_END
    # Two who come at once as the last one may both be let in; more than twice as many cannot be.
    items = query_range(order_pk(order_id), first, last, Limit=2 * MAX_WATCHERS)["Items"]
    return [item["sk"]["S"].removeprefix(WATCHER_PREFIX) for item in items]


def watch(order_id: str, user_id: str) -> None:
    """Add a watcher; one who watches already stays. Raises StateConflict `too_many_watchers`."""
    watching = watcher_ids(order_id)
    if user_id in watching:
        return
    if len(watching) >= MAX_WATCHERS:
        people, _ = people_with_choices(watching)
        gone = [each for each in watching if each not in people]
        if len(watching) - len(gone) >= MAX_WATCHERS:
            raise too_many_watchers()
        for each in gone:  # erased since
            unwatch(order_id, each)
    put(watcher_key(order_id, user_id))


def unwatch(order_id: str, user_id: str) -> None:
    """Remove a watcher; nothing happens for one who does not watch."""
    call("delete_item", Key=watcher_key(order_id, user_id))


def list_watchers(order_id: str) -> list[Person]:
    """Return the stored persons of the watchers of an order."""
    people, _ = people_with_choices(watcher_ids(order_id))
    return list(people.values())


def people_with_choices(user_ids: Sequence[str]) -> tuple[dict[str, Person], dict[str, Chosen]]:
    """Return the stored persons of up to 50 users, and the mails that each chose, by user id."""
    found = get_all([key_of(each) for each in user_ids for key_of in (person_key, mail_choices_key)])
    stored = {each: person_of(found.get(person_key(each))) for each in user_ids}
    people = {user_id: each.person for user_id, each in stored.items() if each}
    return people, {each: chosen_of(found.get(mail_choices_key(each))) for each in people}
