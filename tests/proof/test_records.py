"""The judge of the records: which mails may stay away, and which must have come although the order has moved on."""

from collections import Counter

import pytest

from tests.proof.records import CONTACT, DESK, ExpectedMail, told_while_so

UNDELIVERABLE, FRESH = ("undeliverable", DESK), ("fresh quote asked for", DESK)
EXPIRED_TO_CONTACT, EXPIRED_TO_DESK = ("expired", CONTACT), ("expired", DESK)


@pytest.mark.parametrize(
    ("event", "later", "must_come", "may_stay_away"),
    [
        ("quote.undeliverable", "order.canceled", {UNDELIVERABLE}, set()),
        ("quote.undeliverable", "quote.delivered", set(), {UNDELIVERABLE}),
        ("quote.undeliverable", "quote.prepared", set(), {UNDELIVERABLE}),
        ("quote.expired", "order.canceled", {EXPIRED_TO_DESK}, {EXPIRED_TO_CONTACT}),
        ("quote.expired", "quote.delivered", {EXPIRED_TO_DESK, EXPIRED_TO_CONTACT}, set()),
        ("quote.expired", "quote.prepared", set(), {EXPIRED_TO_DESK, EXPIRED_TO_CONTACT}),
        ("quote.fresh_asked", "order.canceled", {FRESH}, set()),
        ("quote.fresh_asked", "quote.delivered", {FRESH}, set()),
        ("quote.fresh_asked", "quote.prepared", set(), {FRESH}),
    ],
)
def test_a_mail_may_stay_away_once_its_own_news_is_over(
    event: str, later: str, must_come: set[ExpectedMail], may_stay_away: set[ExpectedMail]
) -> None:
    assert told_while_so([{"event": event}, {"event": later}]) == (Counter(must_come), Counter(may_stay_away))
    alone, _ = told_while_so([{"event": later}, {"event": event}])
    assert alone == Counter(must_come | may_stay_away)
