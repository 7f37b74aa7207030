"""The system's own reasons, in the words of whoever reads them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from online_orders.domain import order_schedule
from online_orders.domain.languages import LOCALES
from online_orders.domain.mail_kinds import MailKind, Role
from online_orders.domain.system_reasons import SystemReason
from online_orders_rendering.i18n import translator
from online_orders_rendering.mails.compose import render_mail
from tests.domain.builders import NOW
from tests.local_run import PROJECT
from tests.rendering.samples import INSTALLATION, sending

SCREENS: dict[str, dict[str, Any]] = {
    language: json.loads((PROJECT / "web" / "locales" / f"{language}.json").read_text("utf-8")) for language in LOCALES
}


@pytest.mark.parametrize("reason", SystemReason)
def test_every_reason_has_words_in_each_language_on_screens_and_in_mails(reason: SystemReason) -> None:
    for language in LOCALES:
        text = translator(language).reason({"reason": reason.value, "code": reason.code})
        assert text == SCREENS[language][f"reason.{reason.code}"]
        assert (text == reason.value) is (language == "en")


def test_a_stored_system_reason_is_translated_and_a_persons_is_not() -> None:
    german = translator("de")
    assert german.reason({"reason": SystemReason.CONTACT_ERASED.value}) == SCREENS["de"]["reason.contact_erased"]
    assert german.reason({"reason": "Sold out."}) == "Sold out."
    assert german.reason({}) is None


def test_customer_success_reads_that_a_past_quote_was_not_mailed() -> None:
    change = order_schedule.expire_unmailed(sending().order, 14, NOW + timedelta(days=400))
    mail = render_mail(
        MailKind.EXPIRED, Role.CUSTOMER_SUCCESS, change.order, change.entries[-1], INSTALLATION, "Acme Ltd"
    )
    assert "its mail had not gone out by then" in mail.text
    assert "was not written to" in mail.text
    assert "will be canceled" not in mail.text
