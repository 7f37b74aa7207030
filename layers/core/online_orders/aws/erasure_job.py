"""Erase a person from the table, account by account and page by page. Operators run this; no function does.

Nothing is scanned. Every write is conditional on what was read, so no other write is lost, and a run that was cut off
is simply repeated: what is erased already costs one read. An account is searched until nothing more is found, since
others go on writing; its own item, which has the contact's name, comes last. An order is changed like by any other
action, with a timeline entry, so that a decision based on the order before does not bring the person back.
"""

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from online_orders import clock
from online_orders.aws import (
    attachment_store,
    desk_settings_store,
    figures_store,
    inbound_store,
    letterhead_store,
    message_store,
    people_store,
    sent_mail_store,
    service_user_store,
    terms_store,
    version_store,
    view_store,
)
from online_orders.aws.account_store import (
    StoredAccount,
    change_write,
    find_account,
    list_accounts,
    search_messages,
)
from online_orders.aws.audit_store import all_entries, audit_write, replace_entry
from online_orders.aws.certificate_store import certificates_of
from online_orders.aws.contact_report_store import StoredReport
from online_orders.aws.evidence_store import list_evidence
from online_orders.aws.keys import (
    ACCOUNT_PRICES_PK,
    ACCOUNT_SK,
    CATALOG_PK,
    GROUP_PRICES_PK,
    IDEMPOTENCY_PREFIX,
    LETTERHEAD_PK,
    ORDER_PREFIX,
    PERSON_PREFIX,
    PREFIX_END,
    PRICES_PK,
    REPORT_PREFIX,
    SERVICE_PREFIX,
    STAFF_PK,
    SUBACCOUNT_PREFIX,
    SUBORDER_PREFIX,
    VERSION_PREFIX,
    Item,
    Key,
    OrderKey,
    account_key,
    account_pk,
    certificate_key,
    entry_key,
    evidence_key,
    prices_key,
    terms_key,
)
from online_orders.aws.order_store import get_order, get_quote, list_entries, save
from online_orders.aws.price_store import PriceListRow
from online_orders.aws.table import WriteConflict, attempts, call, query_pages, text, transact, update
from online_orders.domain import audit
from online_orders.domain.accounts import ERASED, ERASED_EMAIL, Account, Contact, changed_members
from online_orders.domain.erasure import (
    ERASED_USER,
    Person,
    erase_from_account,
    erase_from_audit_entry,
    erase_from_entry,
    erase_from_evidence,
    erase_from_order,
    erase_from_response,
    erase_from_service_user,
    erase_from_version,
    erase_from_view,
    erased_file_name,
    is_assigned_to,
    is_certified,
    is_claimed_by_actor,
    is_confirmation_naming,
    is_done_by,
    pdfs_naming,
    quotes_naming,
    user_ids_in,
)
from online_orders.domain.errors import InProgress, NotFound
from online_orders.domain.evidence import Evidence
from online_orders.domain.orders import Order
from online_orders.domain.quotes import Quote
from online_orders.domain.received_mails import parse_mail
from online_orders.domain.roles import DESK
from online_orders.domain.timeline import Entry, Event

_BATCH_SIZE = 25
"""Items of a partition that one page examines; a hundred of an order's own."""
_ORDER_DEADLINE_SECONDS = 30.0


class ErasureStep(NamedTuple):
    """What one page has done."""

    position: str
    """The last account that is done; `erase_person(..., after=position)` continues after it."""
    erased: Counter[str]
    """How many "orders", "entries", "evidence", "attachments", recipients of "mails", "reports", "records" (of
    idempotency), "accounts", "versions" of accounts, "price_lists", "catalogs", "terms", "letterheads", "views",
    "settings" of the desk, "service_users" and "audit_entries" were changed, and how many "memberships", "messages" at
    the desk and "received_mails" were removed."""
    left: tuple[str, ...]
    """Quotes whose hashed texts name the person, PDFs that may, and text modules, standard terms and letterheads that
    do; they were left alone.
    """


def erase_person(
    email: str, account_id: str | None = None, *, names: Collection[str] = (), after: str | None = None
) -> Iterator[ErasureStep]:
    """Erase the person with an e-mail address from an account and its sub-accounts, or from every account (None).

    Yields after each page and may be stopped at any time. Raises ValueError for an invalid address, NotFound for an
    unknown account, InProgress when others keep changing the same items. A person who can still sign in writes new
    data: delete the sign-in first.
    """
    person = Person.from_email(email, names)
    if account_id is not None and find_account(account_id) is None:
        raise NotFound(f"There is no account {account_id}.")
    done, user_ids = after or "", set[str]()
    if account_id is None:
        yield from _erase_from_desk(person, done, user_ids)
    for each in _accounts(account_id, after):
        yield from _steps_of(done, _price_lists(person, ACCOUNT_PRICES_PK, f"{each}#"))
        walk = _AccountEraser(each, person, user_ids)
        yield from (step._replace(position=done) for step in walk.steps())
        person, done = walk.person, each
        yield ErasureStep(done, Counter(), ())
    accounts = None if account_id is None else {*_accounts(account_id, None)}
    for count in _audit_trail(person, user_ids, accounts):
        yield ErasureStep(done, Counter({"audit_entries": count}), ())


def _erase_from_desk(person: Person, done: str, user_ids: set[str]) -> Iterator[ErasureStep]:
    """Erase the person from what belongs to no account: the authors of its items, staff, and service users."""
    for directory in (PRICES_PK, GROUP_PRICES_PK):
        yield from _steps_of(done, _price_lists(person, directory))
    if catalogs := _erase_author(CATALOG_PK, person):
        yield ErasureStep(done, Counter({"catalogs": catalogs}), ())
    yield from _erase_from_terms(person, done)
    letterheads = _erase_author(LETTERHEAD_PK, person)
    naming = tuple(f"letterhead version {version}" for version in letterhead_store.versions_naming(person))
    if letterheads or naming:
        yield ErasureStep(done, Counter({"letterheads": letterheads} if letterheads else {}), naming)
    if views := _erase_from_views(person):
        yield ErasureStep(done, Counter({"views": views}), ())
    if settings := _erase_author(STAFF_PK, person):
        yield ErasureStep(done, Counter({"settings": settings}), ())
    if received := _erase_received(person):
        yield ErasureStep(done, received, ())
    modules = tuple(f"text module {module}" for module in desk_settings_store.text_modules_naming(person))
    if modules:
        yield ErasureStep(done, Counter(), modules)
    if staff := sum(bool(_erase_member(DESK, each, person, user_ids)) for each in people_store.list_pointers(DESK)):
        yield ErasureStep(done, Counter({"memberships": staff}), ())
    machines = (_sort_key_id(item) for page in _pages(STAFF_PK, SERVICE_PREFIX, 100) for item in page)
    if changed := sum(_erase_from_machine(each, person) for each in machines):
        yield ErasureStep(done, Counter({"service_users": changed}), ())


def _erase_from_terms(person: Person, done: str) -> Iterator[ErasureStep]:
    """Erase the person as the author of standard terms, whose texts are left alone: quotes rest on them."""
    for scope in terms_store.all_scopes():
        changed = _erase_author(terms_key(*scope)["pk"]["S"], person)
        named = terms_store.versions_naming(scope, person)
        if changed or named:
            left = tuple(f"version {version} of the {scope.phrase}" for version in named)
            yield ErasureStep(done, Counter({"terms": changed}), left)


def _erase_received(person: Person) -> Counter[str]:
    """Remove what the person mailed, or is named in: messages at the desk, and the mails as they were received."""
    removed: Counter[str] = Counter()
    for message in message_store.all_messages():
        texts = (message.sender, message.sender_name, message.subject, message.text, *message.files)
        judge = message.judgment.by.email if message.judgment else ""
        if person.has_email(message.sender) or person.has_email(judge) or any(map(person.is_named_in, texts)):
            message_store.remove(message)
            removed["messages"] += 1
    if not os.environ.get("INBOUND_BUCKET"):
        return removed  # no mails are received here
    for mail_id, head in inbound_store.all_mails():
        mail = parse_mail(head)
        texts = (head.decode("utf-8", "replace"), mail.sender_name, mail.subject, mail.text)
        if person.has_email(mail.sender) or any(map(person.is_named_in, texts)):
            inbound_store.remove_mail(mail_id)
            removed["received_mails"] += 1
    return removed


def _steps_of(done: str, counts: Iterator[int]) -> Iterator[ErasureStep]:
    """Yield a step for each price list of which versions were changed."""
    return (ErasureStep(done, Counter({"price_lists": count}), ()) for count in counts if count)


def _audit_trail(person: Person, user_ids: set[str], accounts: Collection[str] | None) -> Iterator[int]:
    """Erase the person from the audit trail, of some accounts or the whole (None); yield how many entries were changed.

    The trail is searched until nothing more is found: an older entry may be the one that shows a user's id.
    """
    found = True
    while found:
        found = False
        for page in all_entries(clock.now().date()):
            concerned = [each for each in page if accounts is None or each.account_id in accounts]
            user_ids.update(*(user_ids_in(each, person) for each in concerned))
            pairs = [(each, erase_from_audit_entry(each, person, user_ids)) for each in concerned]
            changed = [(before, after) for before, after in pairs if after != before]
            if changed:
                found = True
                yield sum(replace_entry(before, after) for before, after in changed)


def _erase_member(team: str, user_id: str, person: Person, user_ids: set[str]) -> str | None:
    """Remove a user from a team if it is the person, whose id is added to `user_ids`; return the name it had there."""
    stored = people_store.find_person(user_id)
    if stored is None or not person.has_email(stored.person.email):
        return None
    user_ids.add(user_id)
    if team == DESK:
        desk_settings_store.remove_member(user_id)
    people_store.erase_membership(user_id, team)
    return stored.person.name


def _erase_from_machine(user_id: str, person: Person) -> bool:
    """Erase the person from a service user; return whether it named the person."""
    stored = service_user_store.find_service_user(user_id)
    if stored is None:
        return False
    after = erase_from_service_user(stored.user, person)
    return after != stored.user and service_user_store.replace_in_place(stored, after)


def _price_lists(person: Person, directory_pk: str, prefix: str = "") -> Iterator[int]:
    """Erase the person as the author of a directory's price lists; yield how many versions of each were changed."""
    for page in _pages(directory_pk, prefix, 100):
        for item in page:
            row = PriceListRow.from_item(item)
            yield _erase_author(prices_key(row.currency, *row.scope)["pk"]["S"], person)


def _erase_from_views(person: Person) -> int:
    """Erase the person from the saved views of the queue; return how many were changed or removed."""
    user_ids = set[str]()
    for user_id in people_store.list_pointers(DESK):
        stored = people_store.find_person(user_id)
        if stored and person.has_email(stored.person.email):
            user_ids.add(user_id)
            person = person.with_names(stored.person.name)
    pairs = [(view, erase_from_view(view, person, user_ids)) for view in view_store.all_views()]
    return sum(view_store.replace_if_unchanged(view, after) for view, after in pairs if after != view)


def _erase_author(pk: str, person: Person) -> int:
    """Erase the person as the author of a partition's items; return how many were changed."""
    found = [each for page in _pages(pk, "", 1_000) for each in page if "changed_by" in each]
    mine = [each for each in found if person.has_email(each["changed_by"]["S"])]
    for each in mine:
        _set_if_unchanged(_key_of(each), "changed_by", each["changed_by"]["S"], ERASED_EMAIL)
    return len(mine)


def _accounts(account_id: str | None, after: str | None) -> Iterator[str]:
    if account_id is None:
        position = after
        while True:
            page = list_accounts(100, position)
            yield from (account.account_id for account in page.accounts)
            if page.position is None:
                return
            position = page.position
    found = {account_id}
    for prefix, of in ((SUBACCOUNT_PREFIX, _sort_key_id), (SUBORDER_PREFIX, _owner_of)):
        for items in _pages(account_pk(account_id), prefix, 1_000):
            found |= {of(item) for item in items}
    yield from sorted(each for each in found if after is None or each > after)


def _sort_key_id(item: Item) -> str:
    return str(item["sk"]["S"].partition("#")[2])


def _owner_of(item: Item) -> str:
    return str(item["account_id"]["S"])


def _pages(pk: str, prefix: str, limit: int) -> Iterator[list[Item]]:
    return query_pages(pk, prefix or "!", prefix + PREFIX_END, Limit=limit)


def _set_if_unchanged(key: Key, attribute: str, before: str, after: str) -> None:
    """Set an attribute unless it has changed since it was read; then the next pass examines the item again."""
    update(
        key,
        "SET #it = :after",
        {":before": text(before), ":after": text(after)},
        ConditionExpression="#it = :before",
        ExpressionAttributeNames={"#it": attribute},
    )


class _AccountEraser:
    """Erases the person from one account, in as many passes as find something."""

    def __init__(self, account_id: str, person: Person, user_ids: set[str]) -> None:
        self.account_id = account_id
        self._user_ids = user_ids
        self.person = person
        self._successor: Contact | None = None

    def steps(self) -> Iterator[ErasureStep]:
        while True:
            total: Counter[str] = Counter()
            for page in _pages(account_pk(self.account_id), "", _BATCH_SIZE):
                erased: Counter[str] = Counter()
                left: list[str] = []
                for item in page:
                    self._erase_item(item, erased, left)
                yield ErasureStep("", erased, tuple(left))
                total += erased
            account = Counter({"accounts": int(self._erase_account())})
            yield ErasureStep("", account, ())
            if not total + account:
                return

    def _erase_item(self, item: Item, erased: Counter[str], left: list[str]) -> None:
        sk = item["sk"]["S"]
        if sk == ACCOUNT_SK:
            account = StoredAccount.from_item(item).account
            self._collect_names(account)
            self._successor = None if self.person.has_contact(account.contact) else account.contact
        elif sk.startswith(VERSION_PREFIX):
            erased["versions"] += self._erase_version(item)
        elif sk.startswith(REPORT_PREFIX):
            erased["reports"] += self._erase_report(item)
        elif sk.startswith(IDEMPOTENCY_PREFIX):
            erased["records"] += self._erase_record(item)
        elif sk.startswith(SERVICE_PREFIX):
            erased["service_users"] += _erase_from_machine(_sort_key_id(item), self.person)
        elif sk.startswith(PERSON_PREFIX):
            if name := _erase_member(self.account_id, _sort_key_id(item), self.person, self._user_ids):
                self.person = self.person.with_names(name)
                erased["memberships"] += 1
        elif sk.startswith(ORDER_PREFIX["online"]):
            self._erase_order(OrderKey(self.account_id, _sort_key_id(item), "online"), erased, left)
        elif sk.startswith(ORDER_PREFIX["direct"]):
            self._erase_order(OrderKey(self.account_id, _sort_key_id(item), "direct"), erased, left)

    def _collect_names(self, account: Account) -> None:
        self._collect_name(account.contact)
        for deputy in account.enrollment.deputies if account.enrollment else ():
            self._collect_name(deputy.contact)

    def _collect_name(self, contact: Contact | None) -> None:
        if contact and self.person.has_contact(contact):
            self.person = self.person.with_names(contact.name)

    def _erase_account(self) -> bool:
        """Return whether the account's own item had to be changed."""
        for _ in attempts():
            key, stored = account_key(self.account_id), find_account(self.account_id)
            if stored is None:
                return False
            after = erase_from_account(stored.account, self.person)
            try:
                if after != stored.account:
                    transact(self._next_version(stored, after))
                elif not self.person.has_email(stored.changed_by):
                    return False
                else:
                    _set_if_unchanged(key, "changed_by", stored.changed_by, ERASED_EMAIL)
            except WriteConflict:
                continue
            return True
        raise InProgress("Others keep changing this account; run this again.")

    def _next_version(self, stored: StoredAccount, after: Account) -> list[Item]:
        """Return the writes of the account without the person and of the version before, from which the person is
        erased too.
        """
        key, at = account_key(self.account_id), clock.now()
        before = erase_from_version(stored.account, self.person)
        by = ERASED_EMAIL if self.person.has_email(stored.changed_by) else stored.changed_by
        changed = changed_members(stored.account, after)
        item = version_store.version_item(
            key, stored.version + 1, after.model_dump_json(), audit.OPERATOR.email, at, changed
        )
        entry = audit.entry(
            at,
            audit.OPERATOR,
            "account",
            self.account_id,
            "erased",
            account_id=self.account_id,
            was=before.model_dump(mode="json"),
            now=after.model_dump(mode="json"),
        )
        replaced = version_store.replace_actions(item, stored.version, document=before.model_dump_json(), changed_by=by)
        messages = search_messages(stored.account, after, stored.version + 1)
        queued = [change_write(self.account_id, stored.version + 1, at, messages)] if messages else []
        return [*replaced, *queued, audit_write(entry)]

    def _erase_version(self, item: Item) -> bool:
        before = item["document"]["S"]
        account = Account.model_validate_json(before)
        self._collect_names(account)
        after = erase_from_version(account, self.person)
        is_by_person = self.person.has_email(item["changed_by"]["S"])
        if is_by_person:
            _set_if_unchanged(_key_of(item), "changed_by", item["changed_by"]["S"], ERASED_EMAIL)
        if after != account:
            _set_if_unchanged(_key_of(item), "document", before, after.model_dump_json())
        return is_by_person or after != account

    def _erase_report(self, item: Item) -> bool:
        before = item["document"]["S"]
        report = StoredReport.model_validate_json(before)
        own = self.person.has_email(report.reported_by.email)
        text = ERASED if own else self.person.redact(report.text)
        after = report.model_copy(update={"reported_by": ERASED_USER if own else report.reported_by, "text": text})
        if after == report:
            return False
        _set_if_unchanged(_key_of(item), "document", before, after.model_dump_json())
        return True

    def _erase_record(self, item: Item) -> bool:
        before = item["answer"]["S"]
        after = erase_from_response(before, self.person)
        if after == before:
            return False
        _set_if_unchanged(_key_of(item), "answer", before, after)
        return True

    def _erase_order(self, order_location: OrderKey, erased: Counter[str], left: list[str]) -> None:
        """Erase the person from the order after its entries and evidence, which can be recognized while the order has
        the person.
        """
        for _ in attempts(for_seconds=_ORDER_DEADLINE_SECONDS):
            order = get_order(order_location)
            self._collect_name(order.contact)
            evidence = {each.sequence: each for each in _all_evidence(order_location.order_id)}
            for each in evidence.values():
                if self.person.has_email(each.recipient):
                    self.person = self.person.with_names(each.name)
            self._erase_from_figures(order_location, order, evidence)
            wrote_reason, wrote_note = self._erase_entries(order, evidence, erased)
            erased["attachments"] += self._erase_attachments(order.order_id, evidence)
            for each in evidence.values():
                key = evidence_key(order_location.order_id, each.sequence)
                erased["evidence"] += _update_document(key, each, erase_from_evidence(each, self.person))
            erased["certificates"] += self._erase_certificates(order.order_id)
            erased["mails"] += sent_mail_store.erase_recipient(order.order_id, self.person)
            change = erase_from_order(
                order,
                self.person,
                clock.now(),
                wrote_reason=wrote_reason,
                successor=self._successor,
                wrote_note=wrote_note,
            )
            try:
                if change.entries:
                    save(order, change)
            except WriteConflict:
                continue
            erased["orders"] += bool(change.entries)
            named = quotes_naming(self.person, _quotes(order))
            left += [f"quote {revision} of order {order.order_id}" for revision in named]
            pdfs = pdfs_naming(self.person, order)
            left += [f"paper of quote {revision} of order {order.order_id}" for revision in pdfs]
            if is_confirmation_naming(self.person, order):
                left.append(f"confirmation of order {order.order_id}")
            return
        raise InProgress("Others keep changing an order; run this again.")

    def _erase_from_figures(self, key: OrderKey, order: Order, evidence: Mapping[int, Evidence]) -> None:
        user_ids = {
            str(entry.data["assignee"])
            for entry in _all_entries(key.order_id)
            if is_assigned_to(entry, self.person)
            or (
                is_claimed_by_actor(entry)
                and is_done_by(entry, self.person, order.contact, evidence.get(entry.sequence))
            )
        }
        if named := user_ids - {ERASED_USER.user_id}:
            figures_store.erase_person(key, named)

    def _erase_attachments(self, order_id: str, evidence: Mapping[int, Evidence]) -> int:
        """Remove the files that came with the person's decisions, while the evidence names the person; return how many
        files were removed or have another name now.
        """
        if not any(each.attachment for each in evidence.values()):
            return 0
        changed = 0
        for each in attachment_store.list_attachments(order_id):
            decision = evidence[each.sequence]
            name = erased_file_name(each.name, decision, self.person)
            if self.person.has_email(decision.recipient):
                attachment_store.remove_file(order_id, each, name)
            elif name != each.name:
                attachment_store.rename(order_id, each, name)
            else:
                continue
            changed += 1
        return changed

    def _erase_certificates(self, order_id: str) -> int:
        """Remove the certificates that name the person, once the evidence no longer does; return how many."""
        named = [sequence for sequence, each in certificates_of(order_id) if is_certified(each.content, self.person)]
        for sequence in named:
            call("delete_item", Key=certificate_key(order_id, sequence))
        return len(named)

    def _erase_entries(self, order: Order, evidence: dict[int, Evidence], erased: Counter[str]) -> tuple[bool, bool]:
        """Erase the person from the entries; return whether it was the person who closed the order, and who wrote the
        newest note about handling it.
        """
        closed_by_person = wrote_note = False
        for entry in _all_entries(order.order_id):
            own = is_done_by(entry, self.person, order.contact, evidence.get(entry.sequence))
            closed_by_person |= own and entry.event is Event.CANCELED
            if entry.event is Event.HANDLING_CHANGED and "note" in entry.data:
                wrote_note = own
            key = entry_key(order.order_id, entry.sequence)
            erased["entries"] += _update_document(key, entry, erase_from_entry(entry, self.person, own=own))
        return closed_by_person, wrote_note


def _key_of(item: Item) -> Key:
    return {"pk": item["pk"], "sk": item["sk"]}


def _update_document(key: Key, before: Entry | Evidence, after: Entry | Evidence) -> bool:
    """Store a document without the person; nobody else changes an entry's or an evidence's document."""
    if after == before:
        return False
    update(key, "SET document = :after", {":after": text(after.model_dump_json())})
    return True


def _all_pages(page: Callable[[int], Any]) -> Iterator[Any]:
    position: int | None = 0
    while position is not None:
        rows, position = page(position)
        yield from rows


def _all_entries(order_id: str) -> Iterator[Entry]:
    return _all_pages(lambda after: list_entries(order_id, 100, after))


def _all_evidence(order_id: str) -> Iterator[Evidence]:
    return _all_pages(lambda after: list_evidence(order_id, 100, after))


def _quotes(order: Order) -> Iterator[Quote]:
    last = order.quote.revision if order.quote else 0
    return (get_quote(order, revision) for revision in range(1, last + 1))
