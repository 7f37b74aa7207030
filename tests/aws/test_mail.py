"""The head of a mail: whom it comes from, and where replies go."""

from email import message_from_bytes, message_from_string
from email.header import decode_header, make_header
from email.policy import default
from email.utils import getaddresses
from typing import Any

import pytest

from online_orders.aws.mail import Letter, _mime, sender
from online_orders.clock import now

ADDRESS = "orders@vendor.example"
BRANDS = [
    "Northwind Networks",
    'Acme, Inc. "Orders" <a@b.example>',
    "Müller & Söhne (Zürich)",
    "山" * 60,
    "Ünlü " * 12,
]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDER_ADDRESS", ADDRESS)
    monkeypatch.setenv("REPLY_ADDRESS", "success@vendor.example")


def head(brand: str, subject: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Any]:
    """Return the head as it is written, and as a mail program reads it."""
    monkeypatch.setenv("BRAND_NAME", brand)
    mime = _mime(Letter("connie@acme.example", subject, "Hello", "<p>Hello</p>"), now())
    return mime.partition(b"\r\n\r\n")[0].decode("ascii"), message_from_bytes(mime, policy=default)


@pytest.mark.parametrize("subject", ["Quote for order 7", "Angebot für Bestellung 7", "x" * 300])
@pytest.mark.parametrize("brand", BRANDS)
def test_a_mail_names_the_brand_before_its_address(brand: str, subject: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written, message = head(brand, subject, monkeypatch)
    # As it is written: Python's reader of addresses sets a blank between two encoded words.
    ((name, address),) = getaddresses([message_from_string(written)["From"]])
    assert str(make_header(decode_header(name))) == brand.strip()
    assert address == ADDRESS
    assert (str(message["Subject"]), str(message["Reply-To"])) == (subject, "success@vendor.example")
    assert not message.defects
    from_lines = written.partition("Reply-To:")[0].splitlines()
    assert all(len(line) <= 78 or "=?" not in line for line in from_lines)


@pytest.mark.parametrize("brand", BRANDS)
def test_the_call_names_the_sender_in_ascii_and_one_line(brand: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SES reads it strictly, and writes it in the place of the message's own."""
    monkeypatch.setenv("BRAND_NAME", brand)
    assert sender().isascii()
    assert sender().isprintable()
    assert [address for _, address in getaddresses([sender()])] == [ADDRESS]
    assert all(len(word) <= 75 for word in sender().split() if word.startswith("=?"))


def test_a_line_end_in_the_brand_adds_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    written, message = head("North\r\nBcc: all@evil.example", "Hello", monkeypatch)
    assert message["Bcc"] is None
    assert "\nBcc" not in written
