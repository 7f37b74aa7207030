"""An order and the actions that people take on it; see `order_delivery` and `order_schedule` for what mail and time do.

Every action takes the order as it was and answers a Change: the order as it is then, and the timeline entries that
say so. What the status does not allow is a Conflict. Nothing here reads a clock, a table or a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import ConfigDict, Field

from online_orders.clock import day_in
from online_orders.domain.accounts import Account, Contact
from online_orders.domain.catalog import Item, shipped, shipped_words, site_id_of, word_keys, words_among
from online_orders.domain.duplicates import Duplicate
from online_orders.domain.errors import Conflict, TooLarge, TooManyRequests, VersionMismatch
from online_orders.domain.order_parts import (
    Closed,
    Delivery,
    HourlyComments,
    OrderedSite,
    OrderInternals,
    Snapshot,
    User,
)
from online_orders.domain.order_status import (
    ALLOWED_STATUSES,
    CUSTOMER_ACTIONS,
    DESK_ACTIONS,
    OPEN_STATUSES,
    STATUS_LABELS,
    Status,
)
from online_orders.domain.quotes import DECIDABLE, QuoteState
from online_orders.domain.system_reasons import system_reason
from online_orders.domain.timeline import SYSTEM, Actor, Entry, Event
from online_orders.domain.values import Entity, Instant, is_none, later_part

if TYPE_CHECKING:
    from online_orders.domain.later_parts import ContactRequests, Handling, HandOver, Question, QuoteCosts
    from online_orders.domain.proposals import Proposal
    from online_orders.domain.quote_requests import QuoteFrame
    from online_orders.domain.quotes import Quote
else:
    Handling = later_part("Handling")
    Quote = later_part("Quote", "quotes")  # whose validator an order without one need not wait for

MAX_STORED_BYTES = 380 * 1024
"""Bytes of an order with its quote. DynamoDB takes 400 KB; the rest is for keys, and for what is yet to be written."""
QUOTE_MAIL_DEADLINE = timedelta(hours=24)
"""For how long the mail of a quote is tried again while the installation cannot send it."""
_DECISIONS = {Event.COMPLETED, Event.CANCELED, Event.CHANGE_REQUESTED}


class Order(Entity):
    model_config = ConfigDict(serialize_by_alias=True)

    order_id: str
    account_id: str
    source: Literal["online", "direct"]
    status: Status
    version: int
    """Rises with every decision of a person and every move of the status; the ETag."""
    placed_at: Instant
    updated_at: Instant
    placed_by: User
    assignee: User | None
    contact: Contact
    purchase_order_number: str | None
    note: str | None
    closed: Closed | None
    items: tuple[Item, ...]
    """As they were asked for; an item's id is its place, from "1"."""
    quote: Quote | None
    snapshot: Annotated[Snapshot | None, Field(exclude_if=is_none)] = None
    """None in an order that was placed before snapshots were kept."""
    duplicates: Annotated[tuple[Duplicate, ...], Field(exclude_if=lambda found: not found)] = ()
    """Of its upgrades, as they were found when it was placed and when it was first claimed."""
    handling: Annotated[Handling | None, Field(exclude_if=is_none)] = None
    """None until Customer Success has set anything of it."""
    internals: Annotated[OrderInternals, Field(alias="marks")]
    """Stored under the name that earlier releases gave it."""

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def item_kinds(self) -> list[str]:
        return [item.kind for item in self.items]

    @property
    def is_contact_removed(self) -> bool:
        """Return whether the account has parted with the contact: nothing is sent to him any more, open order or
        closed.
        """
        return self.internals.contact_removed_since is not None

    @property
    def lacks_contact(self) -> bool:
        """Return whether the order waits for a contact: the one it had was removed or erased."""
        return self.is_open and (self.is_contact_removed or self.contact.is_erased)

    def is_follow_up_due(self, at: datetime) -> bool:
        """Return whether the day has come on which Customer Success wants to look at the open order again."""
        day = self.handling.follow_up_on if self.handling else None
        return self.is_open and day is not None and day <= self.today(at)

    @property
    def mail_is_pending(self) -> bool:
        """Return whether a quote mail is still to be sent for the current link."""
        undecided = self.quote is not None and self.quote.state in DECIDABLE | {QuoteState.SENDING}
        is_behind = self.internals.quote_link > self.internals.quote_link_mailed
        return self.is_open and undecided and is_behind and not self.is_contact_removed

    def quote_mail_waiting_time(self, at: datetime, released_at: datetime | None) -> timedelta:
        """Return for how long the outstanding quote mail could have gone; never negative.

        It counts from when the mail was asked for, or from when the operator last let all mail go (`released_at`, None
        for never), whichever is later: mail that was held has not been tried.
        """
        due_at = self.internals.quote_mail_due_at or self.updated_at
        return max(at - max(due_at, released_at or due_at), timedelta(0))

    def is_quote_mail_overdue(self, at: datetime, released_at: datetime | None) -> bool:
        """Return whether the outstanding quote mail has been tried for as long as it is tried at all."""
        return self.mail_is_pending and self.quote_mail_waiting_time(at, released_at) >= QUOTE_MAIL_DEADLINE

    @property
    def confirmed_start_dates(self) -> Mapping[str, date]:
        """Return by item id what Customer Success has confirmed; nothing by an undone quote, which is the superseded
        one.
        """
        if self.quote is None or self.quote.state is QuoteState.SUPERSEDED:
            return {}
        return self.quote.confirmed_start_dates

    @property
    def approved_quote(self) -> Quote | None:
        """Return the revision that the contact person has approved; None before that."""
        return self.quote if self.quote and self.quote.state is QuoteState.APPROVED else None

    @property
    def undo_until(self) -> datetime | None:
        """Return the end of the time for undoing the current revision; None when its mail is not held, or no longer."""
        is_first_mail = self.quote is not None and self.quote.state is QuoteState.SENDING
        return self.internals.quote_held_until if self.mail_is_pending and is_first_mail else None

    @property
    def delivery(self) -> Delivery | None:
        """Of the current revision; None while no mail with its newest link has gone out."""
        news = self.internals.quote_mail
        if self.quote is None or news is None or news.link != self.internals.quote_link:
            return None
        return Delivery(state=news.state, recipient=self.contact.email, at=news.at)

    @property
    def requests(self) -> ContactRequests:
        """Return what contact persons have asked for, which may be nothing."""
        if self.internals.requests:
            return self.internals.requests
        from online_orders.domain.later_parts import ContactRequests

        return ContactRequests()

    @property
    def open_questions(self) -> tuple[Question, ...]:
        """Return the questions that wait for an answer, oldest first; they end when the order leaves its status."""
        requests = self.internals.requests
        if requests is None or self.status is not Status.PENDING_CONFIRMATION:
            return ()
        return tuple(question for question in requests.questions if question.answer is None)

    @property
    def pending_hand_over(self) -> HandOver | None:
        """Return the hand-over that waits for Customer Success; it ends when the quote is no longer on offer."""
        requests, quote = self.internals.requests, self.quote
        is_on_offer = self.status is Status.PENDING_CONFIRMATION and quote is not None and quote.state in DECIDABLE
        return requests.hand_over if requests and is_on_offer else None

    @property
    def proposal(self) -> Proposal | None:
        """Return the quote whose discount waits for approval; a closed order has none."""
        return self.internals.proposal

    @property
    def contact_waits_since(self) -> datetime | None:
        """Return since when the contact person waits for Customer Success: for an answer, or for a hand-over."""
        asked = [question.at for question in self.open_questions]
        hand_over = self.pending_hand_over
        return min([*asked, *([hand_over.at] if hand_over else [])], default=None)

    def today(self, at: datetime) -> date:
        """Return the account's calendar day."""
        return day_in(self.internals.time_zone, at)

    @property
    def placed_on(self) -> date:
        """Return the account's calendar day on which the order was placed, in the zone that it had then."""
        return day_in(self.internals.placed_time_zone or self.internals.time_zone, self.placed_at)

    def quote_day(self, at: datetime) -> date:
        """Return the day by which the current revision runs out: in the zone that the account had when it was
        offered.
        """
        return day_in(self.internals.quote_time_zone or self.internals.time_zone, at)

    def is_quote_past(self, at: datetime) -> bool:
        """Return whether the last day of the current revision is over."""
        return self.quote is not None and self.quote.is_past(self.quote_day(at))

    def site_of(self, item: Item) -> OrderedSite | None:
        """Return the site of an item as it was ordered; None without one, and where no snapshot was kept."""
        site_id = site_id_of(item)
        return self.snapshot.sites.get(site_id) if self.snapshot and site_id is not None else None

    def account_name(self, present: str) -> str:
        """Return what the account was called when the order was placed; `present` where that was not kept."""
        return (self.snapshot and self.snapshot.account_name) or present

    def ordered_words(self, item: Item, language: str) -> dict[str, str]:
        """Return what an item and its settings were called when it was ordered, as far as that was kept: `kind`,
        `summary`, and each setting by its name.
        """
        words = self.snapshot.words.get(language, {}) if self.snapshot else {}
        return words_among(words, word_keys(item))

    def words(self, item: Item, language: str) -> dict[str, str]:
        """Return what an item and its settings were called when it was ordered, or where that was not kept are in the
        catalog that ships.
        """
        return {**shipped_words(item, language), **self.ordered_words(item, language)}

    def is_delivered(self, item: Item) -> bool:
        """Return whether an item goes to its site's address."""
        if self.snapshot and self.snapshot.delivered is not None:
            return item.kind in self.snapshot.delivered
        kind = shipped().kinds.get(item.kind)
        return kind is not None and kind.is_delivered

    def passed_starts(self, at: datetime) -> frozenset[str]:
        """Return ids of the items whose start day, confirmed or else asked for, is over.

        Of an approved order: was over on the day of the approval. A canceled one has none.
        """
        if self.status is Status.CANCELED:
            return frozenset()
        if self.status is Status.COMPLETED and self.closed:
            at = self.closed.at
        today, confirmed = self.today(at), self.confirmed_start_dates
        starts = {str(index): item.start_date for index, item in enumerate(self.items, start=1)}
        return frozenset(item_id for item_id, requested in starts.items() if confirmed.get(item_id, requested) < today)

    def with_earlier_state(self, status: Status, quote: Quote | None) -> Order:
        """Return the order with the status and the revision of an earlier day, for what is said of that day."""
        return self.model_copy(
            update={"status": status, "quote": quote, "closed": None if status in OPEN_STATUSES else self.closed}
        )

    def check_version(self, if_match: frozenset[int] | None) -> None:
        """Raise VersionMismatch unless the version is one that the caller's If-Match names (None: any)."""
        if if_match is not None and self.version not in if_match:
            raise VersionMismatch(f"The order is at version {self.version}.")

    def require_allowed(self, action: str) -> None:
        """Raise Conflict unless the status allows the action."""
        self._raise_conflict(self._status_refusal(action))

    def require_on_offer(self, action: str, at: datetime) -> None:
        """Raise Conflict unless the status allows the action, and the quote can be decided on."""
        self.require_allowed(action)
        if self.quote is None or self.quote.state not in DECIDABLE or self.is_quote_past(at):
            raise Conflict("The quote is no longer on offer.", self.status)

    def require_open_question(self) -> Question:
        """Return the oldest question that waits for an answer; raise Conflict where there is none."""
        self.require_allowed(DESK_ACTIONS["answer"])
        if not self.open_questions:
            raise Conflict("No question of the contact person is open.", self.status)
        return self.open_questions[0]

    def require_pending_hand_over(self) -> HandOver:
        """Return the hand-over that waits for Customer Success; raise Conflict where there is none."""
        self.require_allowed(DESK_ACTIONS["hand_over"])
        if (pending := self.pending_hand_over) is None:
            raise Conflict("No hand-over waits for Customer Success.", self.status)
        return pending

    def require_proposal(self) -> Proposal:
        """Return the quote whose discount waits for approval; raise Conflict where there is none."""
        self.require_allowed(DESK_ACTIONS["approve_discount"])
        if (waiting := self.proposal) is None:
            raise Conflict("No discount waits for approval.", self.status)
        return waiting

    def _status_refusal(self, action: str) -> str | None:
        """Return why the status does not allow an action; None if it does. Likewise the next two, of all conditions."""
        if self.status in ALLOWED_STATUSES[action]:
            return None
        return f'Nobody can {action} an order that is "{STATUS_LABELS[self.status].lower()}".'

    def _undo_refusal(self) -> str | None:
        if refusal := self._status_refusal(DESK_ACTIONS["undo_quote"]):
            return refusal
        return "The quote's mail is no longer held; nothing can be undone." if self.undo_until is None else None

    def _resend_refusal(self, at: datetime) -> str | None:
        refusal = self._status_refusal(DESK_ACTIONS["resend"])
        if refusal and not (self.is_first_quote_undeliverable or self._is_unsent_for_want_of_contact):
            return refusal
        if self.quote is None or self.quote.state not in DECIDABLE | {QuoteState.SENDING}:
            return "The quote is no longer on offer; quote anew."
        return "The quote's last day is over; quote anew." if self.is_quote_past(at) else None

    def _raise_conflict(self, refusal: str | None) -> None:
        if refusal:
            raise Conflict(refusal, self.status)

    def actions(self, at: datetime, *, at_desk: bool) -> list[str]:
        """Return what Customer Success (`at_desk`) or else a customer may do with the order now, by the action table.

        An action that is not named would be a Conflict. One that is named may change nothing: claiming one's own again.
        """
        names = DESK_ACTIONS if at_desk else CUSTOMER_ACTIONS
        return [name for name, action in names.items() if self._is_allowed(action, at)]

    def _is_allowed(self, action: str, at: datetime) -> bool:
        if action == DESK_ACTIONS["resend"]:
            return self._resend_refusal(at) is None
        if action == DESK_ACTIONS["undo_quote"]:
            return self._undo_refusal() is None
        if action == DESK_ACTIONS["answer"]:
            return bool(self.open_questions)
        if action == DESK_ACTIONS["hand_over"]:
            return self.pending_hand_over is not None
        if action == DESK_ACTIONS["approve_discount"] and self.proposal is None:
            return False
        return self._status_refusal(action) is None

    def with_entry(
        self,
        at: datetime,
        actor: Actor,
        event: Event,
        data: Mapping[str, Any] | None = None,
        *,
        internal: bool = False,
        decision: bool = True,
        internals: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> Change:
        """Return the order with `changes`, one timeline entry further, and one version further if it is a decision.

        The entry is never earlier than the one before it: clocks of two hosts differ, and a slow call decided late.
        """
        at = max(at, self.internals.last_entry_at or self.updated_at)
        sequence = self.internals.sequence + 1
        new_internals: dict[str, Any] = {"sequence": sequence, "last_entry_at": at, **(internals or {})}
        if (status := changes.get("status")) and status != self.status:
            new_internals["since"] = {**self.internals.since, status: at}
            if status not in OPEN_STATUSES and self.proposal:
                new_internals["proposal"] = None
        if actor.kind == "contact" and event in _DECISIONS:
            new_internals["decision_sequence"] = sequence
        is_changed = any(getattr(self, name) != value for name, value in changes.items())
        order = self.model_copy(
            update={
                **changes,
                "version": self.version + (1 if decision else 0),
                "updated_at": at if decision or is_changed else self.updated_at,
                "internals": self.internals.model_copy(update=new_internals),
            }
        )
        entry = Entry(sequence=sequence, at=at, actor=actor, event=event, data=dict(data or {}), internal=internal)
        return Change(order, (entry,))

    def quote_in(self, state: QuoteState, at: datetime | None = None) -> Quote | None:
        """Return the current revision in another state, decided at `at` if that is given; None without a revision."""
        if self.quote is None:
            return None
        decided = {"decided_at": at} if at else {}
        return self.quote.model_copy(update={"state": state, **decided})

    # -- Customer Success -------------------------------------------------------------------------------------------

    def claim(self, by: User, at: datetime, duplicates: tuple[Duplicate, ...] | None = None) -> Change:
        """Take the order on, or over; claiming one's own again changes nothing.

        `duplicates` are those of its upgrades by now, if they were looked for.
        """
        self.require_allowed("claim")
        if self.status is Status.IN_PROCESS and self.assignee and self.assignee.user_id == by.user_id:
            return Change(self, ())
        return self.with_entry(
            at,
            staff_actor(by),
            Event.CLAIMED,
            {"assignee": by.user_id},
            status=Status.IN_PROCESS,
            assignee=by,
            duplicates=self.duplicates if duplicates is None else duplicates,
        )

    def release(self, by: User, at: datetime) -> Change:
        """Put the order back for anyone to claim; it stays in process."""
        self.require_allowed("release")
        if self.assignee is None:
            return Change(self, ())
        return self.with_entry(at, staff_actor(by), Event.RELEASED, internal=True, assignee=None)

    def next_revision(
        self, body: Any, currency: str, terms: str, at: datetime, frame: QuoteFrame | None = None
    ) -> Quote:
        """Return the revision that `body` asks for; raise Invalid with every fault of it.

        `currency` is the account's, `terms` the installation's, and `frame` what it says of both besides.
        """
        # imported here for the sake of cold starts
        from online_orders.domain.quote_requests import QuoteFrame, parse_quote

        before = self.quote
        if before and before.terms_version and isinstance(body, dict) and body.get("terms") == before.terms != terms:
            # A draft repeats the terms of the revision before, which are the same version still.
            terms = before.terms
            frame = (frame or QuoteFrame())._replace(terms_version=before.terms_version)
        return parse_quote(
            body,
            order_id=self.order_id,
            account_id=self.account_id,
            revision=before.revision + 1 if before else 1,
            items=len(self.items),
            currency=currency,
            terms=terms,
            today=self.today(at),
            frame=frame,
        )

    def offer(
        self,
        quote: Quote,
        by: User,
        at: datetime,
        undo_window: timedelta = timedelta(0),
        discount: Mapping[str, Any] | None = None,
        costs: QuoteCosts | None = None,
    ) -> Change:
        """Make `quote` the current revision; the one before it and its link are dead from now on, and no other waits
        for approval.

        Its mail waits for `undo_window`, in which it can be undone. `discount` has what the entry says of one that
        others would have needed approval for, and `costs` what its lines cost.
        """
        self.require_allowed("quote")
        replaced = self.quote
        if replaced and replaced.state in DECIDABLE | {QuoteState.SENDING}:
            replaced = replaced.model_copy(update={"state": QuoteState.SUPERSEDED})
        change = self.with_entry(
            at,
            staff_actor(by),
            Event.QUOTE_PREPARED,
            {"revision": quote.revision, **(discount or {})},
            internal=True,
            quote=quote,
            internals={
                "quote_link": self.internals.quote_link + 1,
                "quote_held_until": at + undo_window if undo_window else None,
                "quote_mail_due_at": at + undo_window,
                "quote_time_zone": None,
                "proposal": None,
                "quote_costs": costs,
                "last_reminder_on": None,
                "fresh_mails_at": (),
                "coded_mails_at": (),
                **self._kept_requests("handed_over"),
            },
        )
        change.order.check_size()
        return Change(change.order, change.entries, replaced)

    def check_size(self) -> None:
        """Raise TooLarge unless the order can be stored with its quotes."""
        if len(self.model_dump_json().encode()) > MAX_STORED_BYTES:
            raise TooLarge("The order is too large together with this quote; shorten the quote's texts.")

    def undo_quote(self, by: User, at: datetime) -> Change:
        """Take back a revision whose mail is still held: the order is at the desk again, and nobody was written to.

        The revision keeps its number; the one before it stays superseded.
        """
        self._raise_conflict(self._undo_refusal())
        return self.with_entry(
            at,
            staff_actor(by),
            Event.QUOTE_UNDONE,
            self.revision_data(),
            internal=True,
            status=Status.IN_PROCESS,
            quote=self.quote_in(QuoteState.SUPERSEDED),
            internals={"quote_held_until": None},
        )

    def decline(self, by: User, reason: str, at: datetime) -> Change:
        self.require_allowed("decline")
        return self.canceled(at, staff_actor(by), "customer_success", reason)

    def resend(self, by: User, contact: Contact | None, at: datetime) -> Change:
        """Order a fresh link to the same revision, to `contact` if one is given; older links are dead from now on.

        Also of a first revision that could not be sent at all, or was quoted while the order had no contact: the order
        is then still in process.
        """
        self._raise_conflict(self._resend_refusal(at))
        if contact is None and self.lacks_contact:
            what = "erased" if self.contact.is_erased else "removed"
            raise Conflict(f"The contact person was {what}; name another.", self.status)
        is_changed = contact is not None and not self.contact.has_mailbox(contact.email)
        # Whoever is dropped is told, and the order knows him no more; one who was parted with before has been told.
        former = {"former_recipient": self.contact.email} if is_changed and not self.lacks_contact else {}
        return self.with_entry(
            at,
            staff_actor(by),
            Event.QUOTE_RESENT,
            {"contact_changed": is_changed, **recipient_data(contact or self.contact), **former},
            contact=contact or self.contact,
            internals={
                **self.resent_internals(at, has_given_contact=contact is not None),
                **(self._kept_requests("questions", "hand_overs") if is_changed else {}),
            },
        )

    def resent_internals(self, at: datetime, *, has_given_contact: bool) -> dict[str, Any]:
        """Return the internals by which the same quote goes out anew, to a contact of the order's own if one is given;
        older links are dead then.
        """
        return {
            "quote_link": self.internals.quote_link + 1,
            "quote_mail_due_at": at,
            "order_link": self.internals.order_link + has_given_contact,
            "has_own_contact": self.internals.has_own_contact or has_given_contact,
            "fresh_mails_at": (),
            "coded_mails_at": (),
            "contact_removed_since": None,
            **self._reminder_reset(at),
        }

    def _kept_requests(self, *names: str) -> dict[str, Any]:
        """Return the internals by which the contact's requests end, but for those that are named."""
        if self.internals.requests is None:
            return {}
        from online_orders.domain.later_parts import ContactRequests

        kept = ContactRequests(**{name: getattr(self.internals.requests, name) for name in names})
        return {"requests": None if kept == ContactRequests() else kept}

    def _reminder_reset(self, at: datetime) -> dict[str, Any]:
        """Return the internals by which a mail with the present quote takes the place of the reminders that were due
        by now.
        """
        was_offered = self.quote is not None and self.quote.offered_at is not None
        return {"last_reminder_on": self.today(at)} if was_offered else {}

    @property
    def is_first_quote_undeliverable(self) -> bool:
        """Return whether no mail of the current revision has gone out, and the last one was refused or given up."""
        state = self.quote.state if self.quote else None
        return self.status is Status.IN_PROCESS and state is QuoteState.UNDELIVERABLE

    @property
    def _is_unsent_for_want_of_contact(self) -> bool:
        state = self.quote.state if self.quote else None
        return self.status is Status.IN_PROCESS and state is QuoteState.SENDING and self.is_contact_removed

    def sync_with_account(self, account: Account, by: str | None, at: datetime) -> Change:
        """Take over what an open order goes by of its account: contact person, whether it may still order, language
        and time zone.

        `by` is the member of Customer Success who changed the account; None when time did.
        """
        contact = account.contact_on(day_in(account.time_zone, at))
        change = self._without_lost_voucher(account).sync_contact(contact, by, at)
        change = change.then(lambda order: order.sync_enrollment(account.is_enrolled, by, at))
        return change.then(lambda order: order.sync_settings(account.locale, account.time_zone, by, at))

    def has_stale_contact(self, account: Account) -> bool:
        """Return whether the account has parted with the order's contact person, and the order is yet to be synced."""
        if not self.is_open:
            return False
        if self.internals.has_own_contact:
            return self._has_lost_voucher(account)
        if account.enrollment is None or account.enrollment.contact is None:
            return not self.lacks_contact
        return not account.enrollment.names(self.contact)

    def _has_lost_voucher(self, account: Account) -> bool:
        """Return whether the account names neither the contact, to whom the decision was handed over, nor the person
        who vouched for it.
        """
        handed = self.requests.handed_over
        if handed is None or handed.voucher is None:
            return False
        return not any(map(account.names_mailbox, (handed.voucher, self.contact.email)))

    def _without_lost_voucher(self, account: Account) -> Order:
        """Return the order as one that goes by its account again, if nobody vouches for its own contact any more."""
        if not self._has_lost_voucher(account):
            return self
        internals = self.internals.model_copy(update={"has_own_contact": False})
        return self.model_copy(update={"internals": internals})

    def sync_enrollment(self, is_enrolled: bool, by: str | None, at: datetime) -> Change:
        """Flag or unflag a suspended enrollment; the order goes on, and Customer Success decides."""
        if not self.is_open or is_enrolled == (self.internals.suspended_since is None):
            return Change(self, ())
        event = Event.ENROLLMENT_RESUMED if is_enrolled else Event.ENROLLMENT_SUSPENDED
        internals = {"suspended_since": None if is_enrolled else at}
        return self.with_entry(at, _staff_or_time(by), event, internal=True, decision=False, internals=internals)

    def sync_settings(self, locale: str, time_zone: str, by: str | None, at: datetime) -> Change:
        """Take over the account's language and time zone; promises that were made keep theirs.

        So the order keeps the zone in which it was placed, and a revision the one in which it was offered.
        """
        internals = self.internals
        if not self.is_open or (locale, time_zone) == (internals.locale, internals.time_zone):
            return Change(self, ())
        changed: dict[str, Any] = {"locale": locale, "time_zone": time_zone}
        if time_zone != internals.time_zone:
            changed["placed_time_zone"] = internals.placed_time_zone or internals.time_zone
            changed["quote_time_zone"] = (internals.quote_time_zone or internals.time_zone) if self.quote else None
        data = {"locale": locale, "time_zone": time_zone}
        return self.with_entry(
            at, _staff_or_time(by), Event.SETTINGS_CHANGED, data, internal=True, decision=False, internals=changed
        )

    def sync_contact(self, contact: Contact | None, by: str | None, at: datetime) -> Change:
        """Take over another contact person, or none: the old one's links are dead from now on.

        Fresh ones go to the new one, who may be the one that was removed before. One who has the same mailbox is the
        same person, written in another way, and keeps his links. Without any the order waits for one.
        """
        if not self.is_open or self.internals.has_own_contact:
            return Change(self, ())
        if contact is None:
            return self._remove_contact(by, at)
        if not self.is_contact_removed:
            if self.contact == contact:
                return Change(self, ())
            if self.contact.has_mailbox(contact.email):
                return self._update_contact(contact, by, at)
        return self.with_entry(
            at,
            _staff_or_time(by),
            Event.CONTACT_CHANGED,
            self._expired_revision(),
            decision=False,
            contact=contact,
            internals={
                **self._revoked_links(),
                "quote_mail_due_at": at if self.quote else None,
                "contact_removed_since": None,
                **self._reminder_reset(at),
                **self._kept_requests("questions", "hand_overs"),
            },
        )

    def _update_contact(self, contact: Contact, by: str | None, at: datetime) -> Change:
        return self.with_entry(
            at, _staff_or_time(by), Event.CONTACT_CORRECTED, internal=True, decision=False, contact=contact
        )

    def _remove_contact(self, by: str | None, at: datetime) -> Change:
        if self.lacks_contact:
            return Change(self, ())
        requests = self._kept_requests("questions", "hand_overs")
        internals = {**self._revoked_links(), "contact_removed_since": at, **requests}
        return self.with_entry(
            at, _staff_or_time(by), Event.CONTACT_REMOVED, internal=True, decision=False, internals=internals
        )

    def _revoked_links(self) -> dict[str, Any]:
        """Return the internals by which all links that went out are revoked."""
        return {"order_link": self.internals.order_link + 1, "quote_link": self.internals.quote_link + bool(self.quote)}

    def erased(self, changes: Mapping[str, Any], at: datetime, internals: Mapping[str, Any] | None = None) -> Change:
        """Put `changes` in the place of a person who was erased (see `erasure`), also of the internals; nothing without
        any.

        The links of an erased contact person are dead, since they were derived from the address.
        """
        if not changes and not internals:
            return Change(self, ())
        internals = {**(internals or {}), **({"has_own_contact": False} if "contact" in changes else {})}
        return self.with_entry(
            at, SYSTEM, Event.PERSON_ERASED, internal=True, decision=False, internals=internals, **changes
        )

    # -- the customer -----------------------------------------------------------------------------------------------

    def withdraw(self, by: User, reason: str | None, at: datetime) -> Change:
        self.require_allowed("withdraw")
        return self.canceled(at, Actor(kind="customer", name=by.shown_name), "customer", reason)

    def comment(
        self,
        actor: Actor,
        text: str,
        at: datetime,
        *,
        internal: bool = False,
        max_per_hour: int | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> Change:
        """Raise TooManyRequests once there are `max_per_hour` in an hour of the clock (None: as many as there are).

        `more` is what else its entry says: how it came.
        """
        self.require_allowed("comment on")
        internals = {} if max_per_hour is None else {"comments": self._count_comment(max_per_hour, at)}
        return self.with_entry(
            at,
            actor,
            Event.COMMENTED,
            {"text": text, **(more or {})},
            internal=internal,
            decision=False,
            internals=internals,
        )

    def _count_comment(self, limit: int, at: datetime) -> HourlyComments:
        hour, before = at.replace(minute=0, second=0, microsecond=0), self.internals.comments
        count = before.count if before and before.hour == hour else 0
        if count >= limit:
            left = hour + timedelta(hours=1) - at
            raise TooManyRequests("The order has its comments of this hour.", ceil(left.total_seconds()))
        return HourlyComments(hour=hour, count=count + 1)

    # -- the contact person -----------------------------------------------------------------------------------------

    def approve(
        self,
        name: str,
        at: datetime,
        options: Collection[str] | None = None,
        purchase_order_number: str | None = None,
        attachment: str | None = None,
    ) -> Change:
        """Accept the current revision with these of its options, or None for those that are offered as chosen.

        A purchase order number that is given takes the place of the order's: the buyer's invoice has to name it.
        `attachment` is the SHA-256 of the file that came with it. A revision that is past its last day, or no longer on
        offer, is a Conflict.
        """
        self.require_on_offer("approve", at)
        given = {"attachment": attachment, "purchase_order_number": purchase_order_number}
        quote = self.quote_in(QuoteState.APPROVED, at)
        if quote and (quote.options or purchase_order_number):
            quote = quote.accepted_with(options, purchase_order_number, self.account_id, self.order_id)
        return self.with_entry(
            at,
            Actor(kind="contact", name=name),
            Event.COMPLETED,
            {**self.revision_data(), **self.asked_data(), **{name: value for name, value in given.items() if value}},
            status=Status.COMPLETED,
            quote=quote,
            purchase_order_number=purchase_order_number or self.purchase_order_number,
            closed=Closed(by="contact", reason=None, at=at),
        )

    def cancel(self, name: str, reason: str | None, at: datetime) -> Change:
        self.require_allowed("cancel")
        return self.canceled(at, Actor(kind="contact", name=name), "contact", reason)

    def request_change(self, name: str, reason: str, at: datetime) -> Change:
        """Return the order to the desk with a reason; the revision can no longer be approved."""
        self.require_allowed("request a change of")
        return self.with_entry(
            at,
            Actor(kind="contact", name=name),
            Event.CHANGE_REQUESTED,
            {**self.revision_data(), **self.asked_data(), "reason": reason},
            status=Status.IN_PROCESS,
            quote=self.quote_in(QuoteState.CHANGE_REQUESTED, at),
        )

    @property
    def is_fresh_quote_asked(self) -> bool:
        """Return whether the contact person has asked for another quote in place of the present one, which has
        expired.
        """
        return self.quote is not None and self.internals.fresh_quote_asked == self.quote.revision

    def ask_for_fresh_quote(self, at: datetime) -> Change:
        """Record that the contact asks for a fresh quote in place of an expired one; asking again changes nothing."""
        self.require_allowed("ask for a fresh quote of")
        quote = self.quote
        is_past = self.status is Status.PENDING_CONFIRMATION and self.is_quote_past(at)
        if quote is None or not (quote.state is QuoteState.EXPIRED or is_past):
            raise Conflict("The quote has not expired.", self.status)
        if self.is_fresh_quote_asked:
            return Change(self, ())
        internals = {"fresh_quote_asked": quote.revision}
        return self.with_entry(
            at,
            Actor(kind="contact"),
            Event.FRESH_QUOTE_ASKED,
            {**self.revision_data(), **recipient_data(self.contact)},
            decision=False,
            internals=internals,
        )

    def fresh_mails_of_day(self, at: datetime, *, with_code: bool) -> tuple[datetime, ...]:
        """Return when fresh mails were asked for in the last day, oldest first: with the code of the locked link, or
        without.

        They are counted apart, since robots ask without.
        """
        asked_at = self.internals.coded_mails_at if with_code else self.internals.fresh_mails_at
        return tuple(past for past in asked_at if at - past < timedelta(days=1))

    def ask_for_fresh_mail(
        self, purpose: Literal["order", "quote"], at: datetime, *, with_code: bool = False
    ) -> Change:
        """Make a new link and code for the same address, in place of one that wrong codes have locked.

        `with_code`: whoever asks has given the locked link's code. Once the quote has expired, the link is good for
        asking for a fresh quote.
        """
        self.require_allowed(f"ask for a fresh {purpose} mail of")
        if purpose == "quote" and self.is_quote_past(at) and not self._expired_revision():
            raise Conflict("The quote's last day is over.", self.status)
        number = "quote_link" if purpose == "quote" else "order_link"
        asked_at = "coded_mails_at" if with_code else "fresh_mails_at"
        return self.with_entry(
            at,
            Actor(kind="contact"),
            Event.FRESH_MAIL_ASKED,
            {"purpose": purpose, **(self._expired_revision() if purpose == "quote" else {})},
            internal=True,
            decision=False,
            internals={
                number: getattr(self.internals, number) + 1,
                "quote_mail_due_at": at if purpose == "quote" else self.internals.quote_mail_due_at,
                asked_at: (*self.fresh_mails_of_day(at, with_code=with_code), at),
            },
        )

    def link_locked(self, purpose: Literal["order", "quote"], at: datetime) -> Change:
        self.require_allowed("lock a link of")
        data = {"purpose": purpose, **recipient_data(self.contact)}
        return self.with_entry(at, SYSTEM, Event.LINK_LOCKED, data, internal=True, decision=False)

    def asked_data(self) -> dict[str, Any]:
        """Return who has the link that a decision is taken by, which may be under another name."""
        return {"asked_name": self.contact.name, "asked_email": self.contact.email}

    def revision_data(self) -> dict[str, Any]:
        """Return what an entry says of the current revision."""
        return {"revision": self.quote.revision if self.quote else None}

    def _expired_revision(self) -> dict[str, Any]:
        """Return what an entry says whose fresh link is good for asking for a fresh quote alone: no quote's mail
        brings it.
        """
        if self.quote is None or self.quote.state is not QuoteState.EXPIRED:
            return {}
        return {"expired_revision": self.quote.revision}

    def canceled(
        self,
        at: datetime,
        actor: Actor,
        by: Literal["contact", "customer", "customer_success", "expiry"],
        reason: str | None,
    ) -> Change:
        """Return the canceled order; an undecided quote is declined with it."""
        undecided = self.quote and self.quote.state in DECIDABLE | {QuoteState.SENDING}
        return self.with_entry(
            at,
            actor,
            Event.CANCELED,
            {"by": by, "reason": reason, **(self.asked_data() if by == "contact" else {})},
            decision=True,
            status=Status.CANCELED,
            quote=self.quote_in(QuoteState.DECLINED, at) if undecided else self.quote,
            closed=Closed(by=by, reason=reason, at=at),
        )


class Change(NamedTuple):
    """What an action did: the order as it is then, and what the timeline says of it (nothing: no change)."""

    order: Order
    entries: tuple[Entry, ...]
    replaced: Quote | None = None
    """The revision that a new one has replaced, in its last state, to be kept under its number."""
    between: tuple[Order, ...] = ()
    """The order as each entry but the last has left it."""

    @property
    def steps(self) -> tuple[tuple[Order, Entry], ...]:
        """Return every entry, with the order as it left it."""
        return tuple(zip((*self.between, self.order), self.entries, strict=True)) if self.entries else ()

    def then(self, decision: Decision) -> Change:
        """Return this change and, on the order that it left, another."""
        after = decision(self.order)
        joint = (self.order,) if self.entries and after.entries else ()
        between = (*self.between, *joint, *after.between)
        return Change(after.order, self.entries + after.entries, after.replaced or self.replaced, between)


Decision = Callable[[Order], Change]


def reason_data(reason: str) -> dict[str, Any]:
    """Return what an entry says of why: the English text, and the code of a reason of the system's own."""
    known = system_reason(reason)
    return {"reason": str(reason), **({"code": known.code} if known else {})}


def recipient_data(contact: Contact) -> dict[str, Any]:
    """Return whose mail or link an entry is about; the order may have another contact person by the time it is read."""
    return {"recipient": contact.email, "recipient_name": contact.name}


def staff_actor(user: User) -> Actor:
    """Return a member of Customer Success as the timeline names one."""
    return Actor(kind="customer_success", name=user.shown_name)


def _staff_or_time(email: str | None) -> Actor:
    return Actor(kind="customer_success", name=email) if email else SYSTEM
