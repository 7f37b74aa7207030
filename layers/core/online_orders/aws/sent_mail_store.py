"""Read and complete what is stored of each mail about an order: the claim by which it was sent once.

Beside `state` and `until`, which are the claim's own (see `mail`), an item has

| attribute                | what                                                  | since           |
|--------------------------|-------------------------------------------------------|-----------------|
| kind, recipient          | of the mail                                           | it was claimed  |
| claimed_at, sent_at      | when it was claimed, and when SES had accepted it     |                 |
| news, news_at, news_rank | the event that counts (see `domain.sent_mails`)       | the first event |

An item that an earlier release stored has none of these.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from online_orders.aws.keys import MAIL_PREFIX, PREFIX_END, Item, Key, mail_key, order_pk
from online_orders.aws.table import get, query_pages, query_range, text, update
from online_orders.domain.accounts import ERASED_EMAIL
from online_orders.domain.sent_mails import MailNews, SentMail, kind_of
from online_orders.domain.values import instant_text

if TYPE_CHECKING:
    from online_orders.domain.erasure import Person

_NAMES = {"#kind": "kind", "#news": "news", "#rank": "news_rank"}
_SET_NEWS = "#news = :news, news_at = :news_at, #rank = :rank"
_IS_NEWS = "(attribute_not_exists(#rank) OR #rank < :rank)"


class SentMailPage(NamedTuple):
    """Mails, newest first, and the position after which the next page begins (None: this was the last)."""

    mails: list[SentMail]
    position: str | None


def list_mails(order_id: str, limit: int, after: str | None) -> SentMailPage:
    """Return the mails about an order, by the entries that caused them, the newest first."""
    pk = order_pk(order_id)
    start = {"ExclusiveStartKey": {"pk": text(pk), "sk": text(MAIL_PREFIX + after)}} if after else {}
    response = query_range(pk, MAIL_PREFIX, MAIL_PREFIX + PREFIX_END, ScanIndexForward=False, Limit=limit, **start)
    last = response.get("LastEvaluatedKey")
    position = last["sk"]["S"].removeprefix(MAIL_PREFIX) if last else None
    return SentMailPage([_mail_from_item(item) for item in response["Items"]], position)


def _mail_from_item(item: Item) -> SentMail:
    sequence, _, name = item["sk"]["S"].removeprefix(MAIL_PREFIX).partition("#")
    found = {key: value.get("S") for key, value in item.items()}
    is_claimed = found.get("state") == "claimed"
    return SentMail.model_validate(
        {
            "kind": found.get("kind") or kind_of(name),
            "recipient": found.get("recipient"),
            "sent_at": found.get("sent_at"),
            "state": found.get("news") or ("claimed" if is_claimed else "sent"),
            "state_at": found.get("news_at") or found.get("claimed_at" if is_claimed else "sent_at"),
            "sequence": int(sequence),
        }
    )


def recipient_of(order_id: str, sequence: int, name: str) -> str | None:
    """Return the recipient of a mail; None where nothing, or no recipient, is stored of it."""
    item = get(mail_key(order_id, sequence, name))
    return item["recipient"]["S"] if item and "recipient" in item else None


def record_news(order_id: str, sequence: int, name: str, news: MailNews) -> None:
    """Record what became of a stored mail, unless what is known of it counts as much or more."""
    update(
        mail_key(order_id, sequence, name),
        f"SET {_SET_NEWS}",
        _news_values(news),
        ConditionExpression=f"attribute_exists(pk) AND {_IS_NEWS}",
        ExpressionAttributeNames={name: _NAMES[name] for name in ("#news", "#rank")},
    )


def record_quote_mail(
    order_id: str, sequence: int, name: str, recipient: str, sent_at: datetime | None, news: MailNews | None = None
) -> None:
    """Record a mail of the workflow, which SES accepted at `sent_at` (None: it never did), or what became of it.

    What is stored of the mail already stays; the news count as in `record_news`.
    """
    sets = {"#state": "state", "#kind": "kind", "#recipient": "recipient"}
    values = {":state": text("sent"), ":kind": text(kind_of(name)), ":recipient": text(recipient)}
    if sent_at:
        sets["#sent_at"] = "sent_at"
        values[":sent_at"] = text(instant_text(sent_at))
    kept = ", ".join(f"{each} = if_not_exists({each}, :{each[1:]})" for each in sets)
    names = sets | ({name: _NAMES[name] for name in ("#news", "#rank")} if news else {})
    update(
        mail_key(order_id, sequence, name),
        f"SET {kept}{', ' + _SET_NEWS if news else ''}",
        values | (_news_values(news) if news else {}),
        ExpressionAttributeNames=names,
        **({"ConditionExpression": _IS_NEWS} if news else {}),
    )


def _news_values(news: MailNews) -> Item:
    return {":news": text(news.state), ":news_at": text(instant_text(news.at)), ":rank": text(news.rank)}


def erase_recipient(order_id: str, person: Person) -> int:
    """Erase the person as the recipient of mails about an order; return of how many."""
    pages = query_pages(order_pk(order_id), MAIL_PREFIX, MAIL_PREFIX + PREFIX_END, Limit=100)
    named = [
        item for page in pages for item in page if "recipient" in item and person.has_email(item["recipient"]["S"])
    ]
    for item in named:
        key: Key = {"pk": item["pk"], "sk": item["sk"]}
        update(key, "SET recipient = :erased", {":erased": text(ERASED_EMAIL)})
    return len(named)
