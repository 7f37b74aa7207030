"""The system's own reasons: a code, for which readers see a text in their language, and an English sentence."""

from __future__ import annotations

from enum import StrEnum


class SystemReason(StrEnum):
    """The English sentence; its name in lower case is the code, which is the key of its text in the locales."""

    ADDRESS_DOES_NOT_WORK = "The mail was returned: the address does not work."
    MAILBOX_DID_NOT_TAKE_IT = "The mail was returned: the mailbox did not take it."
    MAIL_REJECTED = "The mail system rejected the mail."
    ADDRESS_REFUSED = "The mail system refused the address."
    NOT_HANDED_OVER = "The mail could not be handed over in several tries."
    CONTACT_ERASED = "The contact person was erased."
    NOT_MAILED_IN_TIME = "The quote's last day was over before its mail could go."

    @property
    def code(self) -> str:
        return self.name.lower()


def system_reason(text: object) -> SystemReason | None:
    """Return the system's reason with this English text; None for a text that a person wrote."""
    return next((reason for reason in SystemReason if reason.value == text), None)
