"""Addresses for replies: what they prove, and that nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.domain.reply_addresses import parse_reply_address, reply_address
from tests.domain.builders import ORDER_ID

KEY, OTHER = b"key", b"other key"
DOMAIN = "reply.vendor.example"
ADDRESS = reply_address(KEY, ORDER_ID, "Connie@acme.example", DOMAIN)


def test_an_address_fits_into_a_mail_and_is_in_lower_case() -> None:
    local_part, _, domain = ADDRESS.partition("@")
    assert (len(local_part), local_part.lower(), domain) == (64, local_part, DOMAIN)
    assert local_part.startswith(f"reply+{ORDER_ID.lower()}")
    assert "connie" not in local_part


@pytest.mark.parametrize("written", [ADDRESS, ADDRESS.upper()])
def test_it_proves_its_order_and_recipient_by_any_key_in_use(written: str) -> None:
    parsed = parse_reply_address(written, DOMAIN)
    assert parsed
    assert parsed.order_id == ORDER_ID
    assert parsed.is_of_order([OTHER, KEY])
    assert parsed.is_of_recipient([OTHER, KEY], "CONNIE@ACME.example")
    assert not parsed.is_of_order([OTHER])
    assert not parsed.is_of_order([])
    assert not parsed.is_of_recipient([OTHER], "connie@acme.example")
    assert not parsed.is_of_recipient([KEY], "eve@acme.example")
    assert not parsed.is_of_recipient([KEY], "")


def test_the_parts_of_two_addresses_prove_nothing_together() -> None:
    other_order = ORDER_ID[:-1] + "0"
    other = parse_reply_address(reply_address(KEY, other_order, "connie@acme.example", DOMAIN), DOMAIN)
    mine = parse_reply_address(ADDRESS, DOMAIN)
    assert other
    assert mine
    mixed = mine._replace(order_hash=other.order_hash, recipient_hash=other.recipient_hash)
    assert not mixed.is_of_order([KEY])
    assert not mixed.is_of_recipient([KEY], "connie@acme.example")
    swapped = mine._replace(order_hash=mine.recipient_hash, recipient_hash=mine.order_hash)
    assert not swapped.is_of_order([KEY])
    assert not swapped.is_of_recipient([KEY], "connie@acme.example")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "@",
        DOMAIN,
        f"info@{DOMAIN}",
        ADDRESS.replace(DOMAIN, "elsewhere.example"),
        ADDRESS.replace("@", "x@"),
        f"x{ADDRESS}",
        f"reply+{'8' * 26}{'a' * 32}@{DOMAIN}",
        f"reply+{ORDER_ID.lower()}{'1' * 32}@{DOMAIN}",
    ],
)
def test_what_is_no_such_address_is_none(address: str) -> None:
    assert parse_reply_address(address, DOMAIN) is None


@given(st.text(max_size=200))
def test_no_text_is_too_strange_to_be_read(address: str) -> None:
    parsed = parse_reply_address(address, DOMAIN)
    assert parsed is None or not parsed.is_of_order([KEY])
