"""The keys of the table: what an earlier release has stored under a key must always be found under it."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from online_orders.aws import keys
from online_orders.aws.keys import Key, OrderKey, account_key, key

AT = datetime(2026, 3, 5, 7, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("made", "pk", "sk"),
    [
        (lambda: account_key("acme"), "ACCOUNT#acme", "ACCOUNT"),
        (lambda: keys.version_key(account_key("acme"), 12), "ACCOUNT#acme", "VERSION#00000012"),
        (lambda: keys.directory_key("acme"), "ACCOUNTS", "acme"),
        (lambda: keys.subaccount_key("relay", "acme"), "ACCOUNT#relay", "SUBACCOUNT#acme"),
        (lambda: keys.order_key(OrderKey("acme", "O", "online")), "ACCOUNT#acme", "ORDER#O"),
        (lambda: keys.order_key(OrderKey("acme", "O", "direct")), "ACCOUNT#acme", "DIRECT#O"),
        (lambda: keys.suborder_key("relay", "O"), "ACCOUNT#relay", "SUBORDER#O"),
        (lambda: keys.report_key("acme", "R"), "ACCOUNT#acme", "CONTACTREPORT#R"),
        (lambda: keys.change_key("acme", 3), "ACCOUNT#acme", "CHANGE#00000003"),
        (lambda: keys.placed_key("acme", AT), "ACCOUNT#acme", "PLACED#2026-03-05T07"),
        (lambda: keys.idempotency_key("acme", "direct", "hash"), "ACCOUNT#acme", "IDEMPOTENCY#direct#hash"),
        (lambda: keys.entry_key("O", 7), "ORDER#O", "ENTRY#000007"),
        (lambda: keys.quote_key("O", 2), "ORDER#O", "QUOTE#0002"),
        (lambda: keys.evidence_key("O", 7), "ORDER#O", "EVIDENCE#000007"),
        (lambda: keys.workflow_key("O"), "ORDER#O", "WORKFLOW"),
        (lambda: keys.parked_key("O"), "ORDER#O", "PARKED"),
        (lambda: keys.mail_key("O", 7, "customer"), "ORDER#O", "MAIL#000007#customer"),
        (lambda: keys.counted_key("O"), "ORDER#O", "COUNTED"),
        (lambda: keys.later_key("O", "STATISTICS"), "ORDER#O", "STATISTICS"),
        (lambda: keys.number_key("K7M-439-QXR"), "NUMBER#K7M-439-QXR", "NUMBER"),
        (lambda: keys.order_words_key("O"), "ORDER#O", "WORDS"),
        (lambda: keys.account_words_key("acme"), "ACCOUNT#acme", "WORDS"),
        (lambda: keys.key(keys.find_pk("clara"), "clara#O"), "FIND#cla", "clara#O"),
        (lambda: keys.key(keys.customer_find_pk("acme"), "clara#O"), "FIND#ACCOUNT#acme", "clara#O"),
        (lambda: keys.key(keys.find_account_pk("ac"), "ac#acme"), "FINDACCOUNT#ac", "ac#acme"),
        (lambda: keys.certificate_key("O", 7), "ORDER#O", "CERTIFICATE#000007"),
        (lambda: keys.public_key_key("thumb"), "CERTIFICATEKEYS", "thumb"),
        (lambda: keys.figures_marker_key("O"), "ORDER#O", "FIGURES"),
        (lambda: keys.figures_key("2026-11", "kind#socket", 3), "FIGURES#2026-11#kind#1", "kind#socket#3"),
        (lambda: keys.history_key("socket", 0), "HISTORY", "socket"),
        (lambda: keys.history_key("socket", 7), "HISTORY#7", "socket"),
        (lambda: keys.link_key("f00"), "LINK#f00", "LINK"),
        (lambda: keys.prices_key("EUR"), "PRICES#EUR", "PRICES"),
        (lambda: keys.version_key(keys.prices_key("EUR"), 1), "PRICES#EUR", "VERSION#00000001"),
        (lambda: keys.prices_directory_key("EUR"), "PRICES", "EUR"),
        (keys.catalog_key, "CATALOG", "CATALOG"),
        (keys.newest_catalog_key, "CATALOG", "NEWEST"),
        (keys.catalog_draft_key, "CATALOG", "DRAFT"),
        (lambda: keys.version_key(keys.catalog_key(), 1), "CATALOG", "VERSION#00000001"),
        (lambda: keys.group_member_key("partners", "acme"), "GROUP#partners", "acme"),
        (lambda: keys.prices_key("EUR", "acme"), "PRICES#EUR#ACCOUNT#acme", "PRICES"),
        (lambda: keys.prices_key("EUR", group="acme"), "PRICES#EUR#GROUP#acme", "PRICES"),
        (lambda: keys.prices_directory_key("EUR", "acme"), "ACCOUNTPRICES", "acme#EUR"),
        (lambda: keys.prices_directory_key("EUR", group="acme"), "GROUPPRICES", "acme#EUR"),
        (lambda: keys.person_key("u-1"), "PERSON#u-1", "PERSON"),
        (lambda: keys.member_key("acme", "u-1"), "ACCOUNT#acme", "PERSON#u-1"),
        (lambda: keys.member_key("", "u-1"), "STAFF", "PERSON#u-1"),
        (lambda: keys.managers_key("acme"), "ACCOUNT#acme", "MANAGERS"),
        (lambda: keys.managers_key(""), "STAFF", "MANAGERS"),
        (lambda: keys.person_change_key("u-1", 3), "PERSON#u-1", "PERSONCHANGE#00000003"),
        (lambda: keys.terms_key("de"), "TERMS#de", "TERMS"),
        (lambda: keys.terms_key("de", "partners"), "TERMS#de#GROUP#partners", "TERMS"),
        (lambda: keys.terms_directory_key("de", "partners"), "GROUPTERMS", "partners#de"),
        (keys.mail_pause_key, "MAILHOLD", "MAILHOLD"),
        (keys.mail_resume_key, "MAILHOLD", "RELEASED"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_item_lies_under_the_key_that_the_table_says(made: Callable[[], Key], pk: str, sk: str) -> None:
    assert made() == key(pk, sk) == {"pk": {"S": pk}, "sk": {"S": sk}}


def test_marks_and_counts_are_spread_by_the_last_character_of_an_id() -> None:
    assert [keys.pending_shard(f"ab{last}") for last in "0178AZ"] == ["0", "1", "7", "0", "1", "2"]
    assert [keys.history_shard("ab7", attempt) for attempt in (0, 1, 2)] == [7, 0, 1]
    assert {keys.pending_shard(last) for last in "0123456789ABCDEFGHJKMNPQRSTVWXYZ"} == set("01234567")
