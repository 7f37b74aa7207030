"""Store which mails a person chose, beside the person: only what differs from the default."""

import json

from online_orders.aws.keys import Item, mail_choices_key
from online_orders.aws.table import get, put, text
from online_orders.domain.mail_preferences import Choice, Chosen


def chosen_of(item: Item | None) -> dict[Choice, bool]:
    """Return the choices that an item holds; none for no item."""
    return {(event, as_): wanted for event, as_, wanted in json.loads(item["document"]["S"])} if item else {}


def find_choices(user_id: str) -> dict[Choice, bool]:
    """Return what a person chose."""
    return chosen_of(get(mail_choices_key(user_id)))


def store_choices(user_id: str, chosen: Chosen) -> None:
    """Store what a person chose, in place of what was chosen before: the person alone changes it."""
    rows = [[event, as_, wanted] for (event, as_), wanted in sorted(chosen.items())]
    put({**mail_choices_key(user_id), "document": text(json.dumps(rows))})
