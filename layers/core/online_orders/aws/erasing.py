"""Erasing a person from the table, account by account and page by page: an operator's command, no function's.

Nothing is scanned. Every write is conditional on what was read, so nobody else's is lost, and a run that was cut off is
simply repeated: what is erased already costs a read. An account is walked until nothing more is found, since others go
on writing meanwhile; its own item, from which the contact's name is known, comes last. An order is changed like by
anybody else, with an entry in its timeline, so that a decision taken on the order as it was does not bring the person
back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

from online_orders import clock
from online_orders.accounts import ERASED, ERASED_EMAIL, Account, Contact, changed_members
from online_orders.aws import versions
from online_orders.aws.accounts import StoredAccount, find_account, list_accounts
from online_orders.aws.contact_reports import StoredReport
from online_orders.aws.dynamodb import Raced, attempts, call, text, transact, update
from online_orders.aws.evidence import list_evidence
from online_orders.aws.keys import (
    ACCOUNT_SK,
    BEYOND,
    IDEMPOTENCY_PREFIX,
    ORDER_PREFIX,
    PRICES_PK,
    REPORT_PREFIX,
    SUBACCOUNT_PREFIX,
    SUBORDER_PREFIX,
    VERSION_PREFIX,
    Item,
    Key,
    OrderKey,
    account_key,
    account_pk,
    entry_key,
    evidence_key,
    prices_key,
)
from online_orders.aws.orders import get_order, get_quote, list_entries, save
from online_orders.erasing import (
    NO_USER,
    Person,
    from_account,
    from_answer,
    from_entry,
    from_evidence,
    from_order,
    from_version,
    is_of,
    papers_naming,
    quotes_naming,
)
from online_orders.errors import InProgress, NotFound
from online_orders.evidence import Evidence
from online_orders.orders import Order
from online_orders.quotes import Quote
from online_orders.timeline import Entry, Event

_AT_ONCE = 25
"""Items of a partition that one page looks at; a hundred of what belongs to an order."""
_PATIENCE_SECONDS = 30.0
_OPERATOR = "operator"
"""Who makes the version of an account without the person."""


class Step(NamedTuple):
    """What one page has come to."""

    position: str
    """The last account that is done; `erase_person(..., after=position)` goes on behind it."""
    erased: Counter[str]
    """How many "orders", "entries", "evidence", "reports", "records" (of idempotency), "accounts", their
    "versions" and "price_lists" were changed."""
    left: tuple[str, ...]
    """Quotes whose hashed texts name the person, and papers that may; they were left alone."""


def erase_person(
    email: str, account_id: str | None = None, *, names: Collection[str] = (), after: str | None = None
) -> Iterator[Step]:
    """Erase whoever has an e-mail address from an account, with its sub-accounts, or from every account (None).

    Yields after each page and may be left at any time. Raises ValueError for an address that is none, NotFound for an
    account that is not there, InProgress when others never pause. Whoever can still sign in writes himself anew: take
    the sign-in away first.
    """
    person = Person.at(email, names)
    if account_id is not None and find_account(account_id) is None:
        raise NotFound(f"There is no account {account_id}.")
    done = after or ""
    if account_id is None:
        yield from (Step(done, Counter({"price_lists": count}), ()) for count in _price_lists(person) if count)
    for each in _accounts(account_id, after):
        walk = _Walk(each, person)
        yield from (step._replace(position=done) for step in walk.steps())
        person, done = walk.person, each
        yield Step(done, Counter(), ())


def _price_lists(person: Person) -> Iterator[int]:
    """Take the person from who has changed price lists; yields how many versions of each list were changed."""
    for page in _pages(PRICES_PK, "", 100):
        for item in page:
            key = prices_key(item["sk"]["S"])
            found = [each for kept in _pages(key["pk"]["S"], "", 1_000) for each in kept]
            mine = [each for each in found if person.has(each["changed_by"]["S"])]
            for each in mine:
                _replace(_key_of(each), "changed_by", each["changed_by"]["S"], ERASED_EMAIL)
            yield len(mine)


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
    for prefix, of in ((SUBACCOUNT_PREFIX, _id_of), (SUBORDER_PREFIX, _owner_of)):
        for items in _pages(account_pk(account_id), prefix, 1_000):
            found |= {of(item) for item in items}
    yield from sorted(each for each in found if after is None or each > after)


def _id_of(item: Item) -> str:
    return str(item["sk"]["S"].partition("#")[2])


def _owner_of(item: Item) -> str:
    return str(item["account_id"]["S"])


def _pages(pk: str, prefix: str, limit: int) -> Iterator[list[Item]]:
    start: dict[str, Key] = {}
    while True:
        answer = call(
            "query",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={":pk": text(pk), ":first": text(prefix or "!"), ":last": text(prefix + BEYOND)},
            ConsistentRead=True,
            Limit=limit,
            **start,
        )
        yield answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _replace(key: Key, attribute: str, before: str, after: str) -> None:
    """Unless it has changed meanwhile: then the next pass looks at it."""
    update(
        key,
        "SET #it = :after",
        {":before": text(before), ":after": text(after)},
        ConditionExpression="#it = :before",
        ExpressionAttributeNames={"#it": attribute},
    )


class _Walk:
    """Through one account, as often as something is found."""

    def __init__(self, account_id: str, person: Person) -> None:
        self.account_id = account_id
        self.person = person
        self._successor: Contact | None = None

    def steps(self) -> Iterator[Step]:
        while True:
            total: Counter[str] = Counter()
            for page in _pages(account_pk(self.account_id), "", _AT_ONCE):
                erased: Counter[str] = Counter()
                left: list[str] = []
                for item in page:
                    self._item(item, erased, left)
                yield Step("", erased, tuple(left))
                total += erased
            account = Counter({"accounts": int(self._account())})
            yield Step("", account, ())
            if not total + account:
                return

    def _item(self, item: Item, erased: Counter[str], left: list[str]) -> None:
        sk = item["sk"]["S"]
        if sk == ACCOUNT_SK:
            account = StoredAccount.of(item).account
            self._know(account)
            self._successor = None if self.person.has_contact(account.contact) else account.contact
        elif sk.startswith(VERSION_PREFIX):
            erased["versions"] += self._version(item)
        elif sk.startswith(REPORT_PREFIX):
            erased["reports"] += self._report(item)
        elif sk.startswith(IDEMPOTENCY_PREFIX):
            erased["records"] += self._record(item)
        elif sk.startswith(ORDER_PREFIX["online"]):
            self._order(OrderKey(self.account_id, _id_of(item), "online"), erased, left)
        elif sk.startswith(ORDER_PREFIX["direct"]):
            self._order(OrderKey(self.account_id, _id_of(item), "direct"), erased, left)

    def _know(self, account: Account) -> None:
        self._meet(account.contact)
        for deputy in account.enrollment.deputies if account.enrollment else ():
            self._meet(deputy.contact)

    def _meet(self, contact: Contact | None) -> None:
        if contact and self.person.has_contact(contact):
            self.person = self.person.called(contact.name)

    def _account(self) -> bool:
        """Whether the account's own item had to be changed."""
        for _ in attempts():
            key, stored = account_key(self.account_id), find_account(self.account_id)
            if stored is None:
                return False
            after = from_account(stored.account, self.person)
            try:
                if after != stored.account:
                    transact(self._next_version(stored, after))
                elif not self.person.has(stored.changed_by):
                    return False
                else:
                    _replace(key, "changed_by", stored.changed_by, ERASED_EMAIL)
            except Raced:
                continue
            return True
        raise InProgress("Others keep changing this account; run this again.")

    def _next_version(self, stored: StoredAccount, after: Account) -> list[Item]:
        """The account without the person, and what it was before, of which the person is taken as well."""
        key = account_key(self.account_id)
        before = from_version(stored.account, self.person).model_dump_json()
        by = ERASED_EMAIL if self.person.has(stored.changed_by) else stored.changed_by
        changed = changed_members(stored.account, after)
        item = versions.stored(key, stored.version + 1, after.model_dump_json(), _OPERATOR, clock.now(), changed)
        return versions.successor(item, stored.version, document=before, changed_by=by)

    def _version(self, item: Item) -> bool:
        before = item["document"]["S"]
        account = Account.model_validate_json(before)
        self._know(account)
        after = from_version(account, self.person)
        is_by_person = self.person.has(item["changed_by"]["S"])
        if is_by_person:
            _replace(_key_of(item), "changed_by", item["changed_by"]["S"], ERASED_EMAIL)
        if after != account:
            _replace(_key_of(item), "document", before, after.model_dump_json())
        return is_by_person or after != account

    def _report(self, item: Item) -> bool:
        before = item["document"]["S"]
        report = StoredReport.model_validate_json(before)
        own = self.person.has(report.reported_by.email)
        said = ERASED if own else self.person.out_of(report.text)
        after = report.model_copy(update={"reported_by": NO_USER if own else report.reported_by, "text": said})
        if after == report:
            return False
        _replace(_key_of(item), "document", before, after.model_dump_json())
        return True

    def _record(self, item: Item) -> bool:
        before = item["answer"]["S"]
        after = from_answer(before, self.person)
        if after == before:
            return False
        _replace(_key_of(item), "answer", before, after)
        return True

    def _order(self, at: OrderKey, erased: Counter[str], left: list[str]) -> None:
        """The order comes after its entries and evidence: as long as it holds the person, they can be told."""
        for _ in attempts(for_seconds=_PATIENCE_SECONDS):
            order = get_order(at)
            self._meet(order.contact)
            evidence = {each.sequence: each for each in _all_evidence(at.order_id)}
            for each in evidence.values():
                if self.person.has(each.recipient):
                    self.person = self.person.called(each.name)
            wrote_reason = self._entries(order, evidence, erased)
            for each in evidence.values():
                key = evidence_key(at.order_id, each.sequence)
                erased["evidence"] += _change(key, each, from_evidence(each, self.person))
            change = from_order(order, self.person, clock.now(), wrote_reason=wrote_reason, successor=self._successor)
            try:
                if change.entries:
                    save(order, change)
            except Raced:
                continue
            erased["orders"] += bool(change.entries)
            named = quotes_naming(self.person, _quotes(order))
            left += [f"quote {revision} of order {order.order_id}" for revision in named]
            papers = papers_naming(self.person, order)
            left += [f"paper of quote {revision} of order {order.order_id}" for revision in papers]
            return
        raise InProgress("Others keep changing an order; run this again.")

    def _entries(self, order: Order, evidence: dict[int, Evidence], erased: Counter[str]) -> bool:
        """Answers whether it was the person who closed the order."""
        closed_by_person = False
        for entry in _all_entries(order.order_id):
            own = is_of(entry, self.person, order.contact, evidence.get(entry.sequence))
            closed_by_person |= own and entry.event is Event.CANCELED
            key = entry_key(order.order_id, entry.sequence)
            erased["entries"] += _change(key, entry, from_entry(entry, self.person, own=own))
        return closed_by_person


def _key_of(item: Item) -> Key:
    return {"pk": item["pk"], "sk": item["sk"]}


def _change(key: Key, before: Entry | Evidence, after: Entry | Evidence) -> bool:
    """Neither is written a second time by anybody else, save for marks beside the document."""
    if after == before:
        return False
    update(key, "SET document = :after", {":after": text(after.model_dump_json())})
    return True


def _following(page: Callable[[int], Any]) -> Iterator[Any]:
    position: int | None = 0
    while position is not None:
        rows, position = page(position)
        yield from rows


def _all_entries(order_id: str) -> Iterator[Entry]:
    return _following(lambda after: list_entries(order_id, 100, after))


def _all_evidence(order_id: str) -> Iterator[Evidence]:
    return _following(lambda after: list_evidence(order_id, 100, after))


def _quotes(order: Order) -> Iterator[Quote]:
    last = order.quote.revision if order.quote else 0
    return (get_quote(order, revision) for revision in range(1, last + 1))
