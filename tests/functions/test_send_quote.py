"""The step that sends a quote, call by call: what is sent, what is recorded, and where the workflow goes."""

from collections.abc import Callable
from typing import Any

import pytest

import give_up_quote
import send_quote
from online_orders.aws import letterhead_store, link_store, mail, mail_pause, pdf_store, sent_mail_store
from online_orders.aws.letterhead_store import StoredLetterhead
from online_orders.aws.mail import Attachment, MailRefused, OutgoingMail
from online_orders.aws.workflow import Step
from online_orders.domain.approval_links import ConfirmLink, Link
from online_orders.domain.erasure import ERASED_CONTACT
from online_orders.domain.errors import InProgress, Unavailable
from online_orders.domain.letterheads import Letterhead, parse_letterhead
from online_orders.domain.orders import Change, Order
from online_orders.domain.sent_mails import SentMail
from online_orders.telemetry import MetricUnit
from tests.aws.desk import AT, Desk
from tests.aws.service import error_of
from tests.domain.builders import (
    CARLA,
    CLARA,
    CONNIE,
    DAY,
    HOLD,
    HOUR,
    NOW,
    ORDER_ID,
    account_of,
    held,
    offered,
    quote_for,
    sending,
)
from tests.domain.test_letterheads import LEAST
from tests.functions.invocation import STEP, Context

Json = dict[str, Any]

LINK = Link(
    purpose="quote", account_id="acme", order_id=ORDER_ID, source="online", revision=1, number=1, key_id="key-1"
)
NOTED: Json = {"link_number": None, "key_id": None, "correlation_id": None, "pause": 1}
"""In every route but one."""
COUNTED = ("QuotesMailed", MetricUnit.Count, 1)
SENDING = sending()


class Post:
    """SES and the bucket of PDFs; `refusal` is raised in the place of sending."""

    def __init__(self) -> None:
        self.refusal: Exception | None = None
        self.paused = False
        self.done: list[Any] = []
        self.letterheads: list[Letterhead | None] = []

    def send(self, outgoing: OutgoingMail, tags: Json, at: Any) -> None:
        if self.refusal:
            raise self.refusal
        self.done.append(("send", outgoing, tags, at))


@pytest.fixture
def post(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post()

    def issue_link(order: Order, purpose: str) -> tuple[Link, ConfirmLink]:
        assert purpose == "quote"
        return LINK.model_copy(update={"number": order.internals.quote_link}), ConfirmLink("url", "code")

    def find_or_store(order_id: str, revision: int, make: Callable[[], bytes]) -> bytes:
        post.done.append(("find_or_store", order_id, revision))
        return make()

    def render_pdf(order: Order, quote: Any, account: Any, installation: Any, letterhead: Any) -> bytes:
        post.letterheads.append(letterhead)
        assert (quote, account.name, installation) == (order.quote, "Acme Ltd", ("Brand", "https://orders.example"))
        return b"paper"

    def render_mail(order: Order, account: Any, confirm: ConfirmLink, installation: Any, at: Any) -> tuple[str, ...]:
        assert (account.name, confirm, at) == ("Acme Ltd", ConfirmLink("url", "code"), desk.now)
        assert (order.quote, installation) == (desk.order.quote, ("Brand", "https://orders.example"))
        return "subject", "text", "html"

    monkeypatch.setattr(mail, "send", post.send)
    monkeypatch.setattr(mail, "lift_suppression", lambda address: post.done.append(("lift", address)))
    monkeypatch.setattr(mail_pause, "current_pause", lambda: post.paused)
    monkeypatch.setattr(link_store, "issue_link", issue_link)
    monkeypatch.setattr(pdf_store, "find_or_store", find_or_store)
    monkeypatch.setattr(send_quote, "render_quote_pdf", render_pdf)
    monkeypatch.setattr(send_quote, "render_quote_mail", render_mail)
    monkeypatch.setattr(send_quote, "route_after_failure", lambda key: {"failed": key})
    settings = {"BRAND_NAME": "Brand", "SITE_URL": "https://orders.example"}
    for name, value in {**settings, "GRACE_DAYS": "10", "PAUSED_MAIL_RETRY_SECONDS": "300"}.items():
        monkeypatch.setenv(name, value)
    return post


def mail_to(address: str, order: Order, number: int = 1) -> list[Any]:
    """What is done to mail a quote; `order` is as it was then."""
    attached = (Attachment(f"quote-{ORDER_ID}-1.pdf", b"paper"),)
    tags = mail.tags_of(LINK.model_copy(update={"number": number}), order.internals.sequence)
    sent = OutgoingMail(address, "subject", "text", "html", attached)
    return [("find_or_store", ORDER_ID, 1), ("send", sent, tags, NOW)]


def send(**more: Any) -> Json:
    route: Json = send_quote.handler({**STEP, **more}, Context())
    return route


def test_a_quote_is_sent_with_its_paper_and_that_is_recorded(desk: Desk, post: Post) -> None:
    desk.store(SENDING, account_of())
    assert send() == {**NOTED, "next": Step.CONTACT}
    assert post.done == mail_to(CONNIE.email, SENDING)
    assert (desk.events, desk.order.status, desk.told) == (["order.quoted"], "pending_confirmation", [COUNTED])
    assert (desk.entries()[0].at, desk.order.internals.quote_link_key_id) == (NOW, "key-1")
    assert mails() == [
        SentMail(
            kind="quote_to_confirm",
            recipient=CONNIE.email,
            sent_at=NOW,
            state="sent",
            state_at=NOW,
            sequence=SENDING.internals.sequence,
        )
    ]


def mails() -> list[SentMail]:
    return sent_mail_store.list_mails(ORDER_ID, 10, None).mails


def test_a_quote_whose_mail_cannot_be_kept_for_the_list_goes_all_the_same(desk: Desk, post: Post) -> None:
    desk.store(SENDING, account_of())

    def fail() -> None:
        raise error_of("ProvisionedThroughputExceededException")

    desk.before_next("update_item", fail)
    assert send()["next"] is Step.CONTACT
    assert (desk.events, mails()) == (["order.quoted"], [])


def test_the_paper_has_the_letterhead_that_the_quote_names(
    desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = StoredLetterhead(parse_letterhead(LEAST), 3, "2026-11-22T10:00:00.000Z", CLARA.email)
    monkeypatch.setattr(letterhead_store, "get_version", {3: stored}.__getitem__)
    quote = SENDING.quote
    assert quote
    named = quote.model_copy(update={"letterhead_version": 3})
    for order in (SENDING, SENDING.model_copy(update={"quote": named})):
        desk.store(order, account_of())
        send()
    assert post.letterheads == [None, stored.letterhead]


def test_whoever_is_sent_a_quote_again_is_not_suppressed_any_more(desk: Desk, post: Post) -> None:
    order = offered().resend(CLARA, None, NOW).order
    desk.store(order, account_of())
    assert send()["next"] is Step.CONTACT
    assert post.done == [("lift", CONNIE.email), *mail_to(CONNIE.email, order, 2)]
    assert desk.events == ["quote.mailed"]


@pytest.mark.parametrize(
    ("order", "step"),
    [
        (SENDING.decline(CLARA, "Over.", NOW).order, Step.DONE),
        (offered(), Step.CONTACT),
    ],
    ids=["a closed order", "one that has gone"],
)
def test_what_is_not_to_be_sent_is_not_sent(desk: Desk, post: Post, order: Order, step: Step) -> None:
    desk.store(order, account_of())
    assert send() == {**NOTED, "next": step}
    assert (post.done, desk.events, desk.told) == ([], [], [])


def test_a_quote_waits_until_it_cannot_be_undone(desk: Desk, post: Post) -> None:
    desk.store(held(), account_of())
    assert send() == {**NOTED, "next": Step.UNDO_WINDOW, "pause": 60}
    assert (post.done, desk.events) == ([], [])


def test_a_quote_is_let_go_before_it_is_sent(desk: Desk, post: Post) -> None:
    desk.store(held(), account_of())
    desk.now = NOW + HOLD
    post.refusal = error_of("ThrottlingException")
    assert send() == {"failed": AT}
    assert (desk.events, desk.entries()[0].at) == (["quote.mailing"], desk.now)
    assert desk.order.undo_until is None


def undone(order: Order) -> Change:
    return order.undo_quote(CLARA, NOW)


def test_a_quote_that_is_undone_at_the_last_moment_is_not_sent(desk: Desk, post: Post) -> None:
    desk.store(held(), account_of())
    desk.now = NOW + HOLD
    desk.before_next("get_item", lambda: desk.follow(undone))
    assert send() == {**NOTED, "next": Step.REVIEW}
    assert (post.done, desk.events) == ([], ["quote.undone"])


def test_a_quote_in_place_of_an_undone_one_waits_for_its_own_time(desk: Desk, post: Post) -> None:
    desk.store(held(), account_of())
    desk.now = NOW + HOLD

    def quote_anew() -> None:
        desk.follow(undone)
        desk.follow(lambda order: order.offer(quote_for(order), CLARA, desk.now, HOLD))

    desk.before_next("get_item", quote_anew)
    assert send() == {**NOTED, "next": Step.UNDO_WINDOW, "pause": 60}
    assert post.done == []


def test_an_order_follows_its_account_before_its_quote_is_sent(desk: Desk, post: Post) -> None:
    enrollment = account_of().model_dump(mode="json")["enrollment"]
    account = account_of(enrollment={**enrollment, "contact": CARLA.model_dump()})
    desk.store(SENDING, account)
    send()
    assert post.done == mail_to(CARLA.email, SENDING.sync_with_account(account, None, NOW).order, 2)
    changed, quoted = desk.entries()
    assert (changed.event, changed.actor.kind, changed.at) == ("order.contact_changed", "system", NOW)
    assert quoted.event == "order.quoted"


@pytest.mark.parametrize(
    ("order", "step", "until"),
    [
        (sending(valid_until="2026-11-22"), Step.REVIEW, None),
        (offered(valid_until="2026-11-22").resend(CLARA, None, NOW).order, Step.CONTACT, "2026-12-02"),
    ],
    ids=["never sent", "sent before"],
)
def test_a_quote_past_its_last_day_expires_instead(
    desk: Desk, post: Post, order: Order, step: Step, until: str | None
) -> None:
    desk.store(order, account_of())
    desk.now = NOW + DAY
    assert send() == {**NOTED, "next": step}
    (expired,) = desk.entries()
    assert (expired.event, expired.at, expired.data.get("open_until")) == ("quote.expired", desk.now, until)
    assert post.done == []


def test_nothing_is_sent_to_a_contact_who_was_erased(desk: Desk, post: Post) -> None:
    post.paused = True
    desk.store(SENDING.erased({"contact": ERASED_CONTACT}, NOW).order.model_copy(update={"contact": ERASED_CONTACT}))
    own = desk.order.model_copy(update={"internals": desk.order.internals.model_copy(update={"has_own_contact": True})})
    desk.store(own, account_of())
    assert send() == {**NOTED, "next": Step.REVIEW}
    (entry,) = desk.entries()
    assert (entry.event, entry.data["code"]) == ("quote.undeliverable", "contact_erased")
    assert post.done == []


def test_while_mail_is_paused_the_quote_waits(desk: Desk, post: Post) -> None:
    post.paused = True
    desk.store(held(), account_of())
    desk.now = NOW + HOLD
    assert send() == {**NOTED, "next": Step.MAIL_PAUSED, "pause": 300}
    assert (post.done, desk.events) == ([], [])


def test_an_address_that_ses_will_never_accept_is_told_to_the_desk(desk: Desk, post: Post) -> None:
    post.refusal = MailRefused("BadRequestException")
    desk.store(SENDING, account_of())
    assert send() == {**NOTED, "next": Step.REVIEW}
    (entry,) = desk.entries()
    assert (entry.event, entry.data["code"], entry.at) == ("quote.undeliverable", "address_refused", NOW)
    assert (desk.order.internals.quote_link_mailed, desk.told) == (1, [])
    (kept,) = mails()
    assert (kept.recipient, kept.sent_at, kept.state, kept.state_at) == (CONNIE.email, None, "rejected", NOW)


@pytest.mark.parametrize(
    "refusal", [error_of("ThrottlingException"), InProgress("Others write."), Unavailable("Busy.")], ids=repr
)
def test_a_mail_that_cannot_go_yet_is_tried_again(desk: Desk, post: Post, refusal: Exception) -> None:
    post.refusal = refusal
    desk.store(SENDING, account_of())
    assert send() == {"failed": AT}
    assert (desk.events, desk.told, mails()) == ([], [], [])


def test_that_a_mail_went_out_is_recorded_later_rather_than_sent_again(desk: Desk, post: Post) -> None:
    desk.store(SENDING, account_of())

    def fail() -> None:
        raise error_of("ProvisionedThroughputExceededException")

    desk.before_next("transact_write_items", fail)
    assert send() == {**NOTED, "next": Step.NOTE, "link_number": 1, "key_id": "key-1"}
    assert (desk.events, desk.told, len(post.done)) == ([], [COUNTED], 2)
    desk.now = NOW + HOUR
    assert send(link_number=1, key_id="key-1") == {**NOTED, "next": Step.CONTACT}
    assert (desk.events, desk.entries()[0].at, len(post.done)) == (["order.quoted"], desk.now, 2)
    assert desk.order.internals.quote_link_key_id == "key-1"


def test_an_order_without_a_quote_has_no_mail(desk: Desk, post: Post) -> None:
    with pytest.raises(ValueError, match=ORDER_ID):
        send_quote._compose(SENDING.model_copy(update={"quote": None}))


def test_a_step_that_crashed_goes_on_as_after_any_failure(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(give_up_quote, "route_after_failure", lambda key: {"failed": key})
    assert give_up_quote.handler(STEP, Context()) == {"failed": AT}
