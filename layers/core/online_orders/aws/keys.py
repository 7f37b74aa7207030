"""The keys of the one table; every key is written here and nowhere else.

| what                      | pk                 | sk                      | beside it                               |
|---------------------------|--------------------|-------------------------|-----------------------------------------|
| account                   | ACCOUNT#{account}  | ACCOUNT                 | version, changed_by, changed_at         |
| version of it, replaced   | ACCOUNT#{account}  | VERSION#{version:08}    | as beside the account                   |
| directory of accounts     | ACCOUNTS           | {account}               |                                         |
| sub-account of a reseller | ACCOUNT#{reseller} | SUBACCOUNT#{account}    |                                         |
| order of the screen       | ACCOUNT#{account}  | ORDER#{order}           | sequence, status, purchase_order_number |
| order that came directly  | ACCOUNT#{account}  | DIRECT#{order}          | the same; no customer's key reaches it  |
| reseller's pointer to it  | ACCOUNT#{reseller} | SUBORDER#{order}        | account_id                              |
| contact report            | ACCOUNT#{account}  | CONTACTREPORT#{report}  | outstanding, expires_at                 |
| change of the account     | ACCOUNT#{account}  | CHANGE#{version:08}     | outstanding                             |
| orders placed in an hour  | ACCOUNT#{account}  | PLACED#{hour}           | placed, expires_at                      |
| idempotency record        | ACCOUNT#{account}  | IDEMPOTENCY#{hash}      | fingerprint, answer, expires_at         |
| timeline entry            | ORDER#{order}      | ENTRY#{sequence:06}     | account_id, source, detail, outstanding |
| replaced quote revision   | ORDER#{order}      | QUOTE#{revision:04}     |                                         |
| evidence of a decision    | ORDER#{order}      | EVIDENCE#{sequence:06}  |                                         |
| file that came with it    | ORDER#{order}      | ATTACHMENT#{seq:06}     |                                         |
| scan of it for malware    | ORDER#{order}      | SCAN#{sha256}           | scan_result, scanned_at                 |
| certificate of it         | ORDER#{order}      | CERTIFICATE#{seq:06}    | key_id, signature                       |
| workflow and its wait     | ORDER#{order}      | WORKFLOW                | executions, token, outstanding          |
| parked order              | ORDER#{order}      | PARKED                  | fault, tries, outstanding               |
| who has it open           | ORDER#{order}      | VIEWER#{user}           | email, since, expires_at                |
| claim of an event's mail  | ORDER#{order}      | MAIL#{sequence:06}#{to} | see `sent_mails`                        |
| watcher of an order       | ORDER#{order}      | WATCHER#{user}          |                                         |
| counted in the history    | ORDER#{order}      | COUNTED                 |                                         |
| still to be counted       | ORDER#{order}      | STATISTICS              | outstanding                             |
| still to be indexed       | ORDER#{order}      | SEARCH                  | outstanding                             |
| words it is found by      | ORDER#{order}      | WORDS                   | version, accounts, is_written           |
| an order's word: desk     | FIND#{abc}         | {word}#{redro}          | words, account_id, source               |
| an order's word: customer | (3)                | {word}#{redro}          | the same                                |
| words of an account       | ACCOUNT#{account}  | WORDS                   | as of an order                          |
| an account's word         | FINDACCOUNT#{abc}  | {word}#{account}        | words                                   |
| counted in the figures    | ORDER#{order}      | FIGURES                 | sequence                                |
| figures to be counted     | ORDER#{order}      | FIGURESDUE              | outstanding                             |
| figures of a month        | (4)                | {cell}#{shard}          | the counters of a cell                  |
| history of a kind of item | HISTORY            | {kind}                  | a counter per status and bucket         |
| a further shard of it     | HISTORY#{shard}    | {kind}                  | the same; all shards are summed         |
| number of an order        | NUMBER#{number}    | NUMBER                  | order_id                                |
| link                      | LINK#{sha256}      | LINK                    | wrong_codes                             |
| price list of a currency  | PRICES#{currency}  | PRICES                  | version, changed_by, changed_at         |
| price list of an account  | (1)                | PRICES                  | the same                                |
| price list of a group     | (2)                | PRICES                  | the same                                |
| version of one, replaced  | as the price list  | VERSION#{version:08}    | as beside the price list                |
| directory of price lists  | PRICES             | {currency}              | version, updated_at, prices (how many)  |
| directory of accounts'    | ACCOUNTPRICES      | {account}#{currency}    | the same                                |
| directory of groups'      | GROUPPRICES        | {group}#{currency}      | the same                                |
| published catalog         | CATALOG            | CATALOG                 | version, changed_by, changed_at         |
| version of it, replaced   | CATALOG            | VERSION#{version:08}    | as beside the catalog                   |
| which one is in force     | CATALOG            | NEWEST                  | version, changed_at                     |
| draft of the next one     | CATALOG            | DRAFT                   | version, changed_by, changed_at         |
| letterhead in force       | LETTERHEAD         | LETTERHEAD              | version, changed_at                     |
| version of it             | LETTERHEAD         | VERSION#{version:08}    | version, changed_by, changed_at         |
| account of a group        | GROUP#{group}      | {account}               |                                         |
| terms of a language       | TERMS#{locale}     | TERMS                   | version, changed_by, changed_at         |
| terms of a group          | (5)                | TERMS                   | the same                                |
| version of either         | as the terms       | VERSION#{version:08}    | as beside the terms                     |
| directory of the latter   | GROUPTERMS         | {group}#{locale}        | is_removed                              |
| person or service user    | PERSON#{user}      | PERSON                  | version, grants                         |
| mails that it chose       | PERSON#{user}      | NOTIFICATIONS           |                                         |
| person of an account      | ACCOUNT#{account}  | PERSON#{user}           |                                         |
| member of staff           | STAFF              | PERSON#{user}           |                                         |
| service user of an account| ACCOUNT#{account}  | SERVICE#{user}          |                                         |
| service user of the desk  | STAFF              | SERVICE#{user}          |                                         |
| saved view of a person    | STAFF              | OWNVIEW#{user}#{view}   |                                         |
| saved view that is shared | STAFF              | VIEW#{view}             |                                         |
| active admins of a team   | as its people      | MANAGERS                | active                                  |
| teams of the desk         | STAFF              | TEAMS                   | version, changed_by, changed_at         |
| text modules of the desk  | STAFF              | TEXTMODULES             | the same                                |
| policy of discounts       | STAFF              | DISCOUNTPOLICY          | the same                                |
| change of a person        | PERSON#{user}      | PERSONCHANGE#{version}  | outstanding                             |
| audit entry               | AUDIT#{month}      | {entry}                 | user_id, subject, account_id            |
| key of certificates       | CERTIFICATEKEYS    | {thumbprint}            | der (the public key)                    |
| message to be judged      | MESSAGES           | OPEN#{message}          |                                         |
| judged message            | MESSAGES           | DONE#{message}          | expires_at                              |
| received mail, processed  | INBOUND#{mail}     | INBOUND                 | expires_at                              |
| messages of a day         | INBOUNDDAY#{day}   | {order} or STRANGERS    | messages, expires_at                    |
| mail pause                | MAILHOLD           | MAILHOLD                | since, reason                           |
| when it ended last        | MAILHOLD           | RELEASED                | at                                      |

(1) PRICES#{currency}#ACCOUNT#{account}, (2) PRICES#{currency}#GROUP#{group}: an account's own partition has the
versions of the account. (3) FIND#ACCOUNT#{account}: of the account's own orders of the screen and, as a reseller, of
its sub-accounts'. {abc} are the first three characters of a word, and {redro} is an order's id by which newer ones sort
first. (4) FIGURES#{month}#{dimension}#{number}, by the dimension of the cell, and for each of a few shards.
(5) TERMS#{locale}#GROUP#{group}. Terms keep each version beside the newest from the start, removals too.

An order's id is a ULID, so an account's orders are sorted by the time of placing. The account is part of an order's
key, so no order of another account can be read. Entry 1 of an order has the order's account, for callers who may see
every account.

Index `desk`: desk_status (the status), order_id. Index `assignee`: assignee_id, order_id. Both hold keys only, so that
a change of neither status nor assignee writes to neither. Index `outstanding`: outstanding (a shard), check_at (epoch
seconds, when to repair): pending entries, contact reports, changes of accounts and people, parked orders, orders still
to be counted, in the history or the figures, or to be indexed, and waits of the workflow.

Entities are stored in `document` as JSON; other attributes are only what a condition, a filter or an index needs.
"""

from datetime import datetime
from typing import Any, Literal, NamedTuple

Key = dict[str, dict[str, str]]
Item = dict[str, Any]
Source = Literal["online", "direct"]

ORDER_PREFIX: dict[Source, str] = {"online": "ORDER#", "direct": "DIRECT#"}
SUBORDER_PREFIX = "SUBORDER#"
DIRECTORY_PK = "ACCOUNTS"
PRICES_PK = "PRICES"
CATALOG_PK = "CATALOG"
LETTERHEAD_PK = "LETTERHEAD"
ACCOUNT_PRICES_PK = "ACCOUNTPRICES"
GROUP_PRICES_PK = "GROUPPRICES"
GROUP_TERMS_PK = "GROUPTERMS"
SUBACCOUNT_PREFIX = "SUBACCOUNT#"
ENTRY_PREFIX = "ENTRY#"
EVIDENCE_PREFIX = "EVIDENCE#"
ATTACHMENT_PREFIX = "ATTACHMENT#"
WATCHER_PREFIX = "WATCHER#"
CERTIFICATE_PREFIX = "CERTIFICATE#"
MAIL_PREFIX = "MAIL#"
PUBLIC_KEYS_PK = "CERTIFICATEKEYS"
ACCOUNT_SK = "ACCOUNT"
PARKED_SK = "PARKED"
WORKFLOW_SK = "WORKFLOW"
STATISTICS_SK = "STATISTICS"
SEARCH_SK = "SEARCH"
WORDS_SK = "WORDS"
FIGURES_DUE_SK = "FIGURESDUE"
HISTORY_SHARDS = 8
"""Each completed order writes the history of its kinds of items, so writes are spread; a read gets all shards. Likewise
the figures of a month.
"""
FIGURES_PARTITIONS = 2
"""Every event of every order writes the figures, so the shards of a dimension are spread over partitions, too."""
PENDING_SHARDS = 8
"""Every entry of every order sets and clears a pending flag, so flags are spread over partitions of their own."""
REPORT_PREFIX = "CONTACTREPORT#"
CHANGE_PREFIX = "CHANGE#"
IDEMPOTENCY_PREFIX = "IDEMPOTENCY#"
PERSON_PREFIX = "PERSON#"
SERVICE_PREFIX = "SERVICE#"
PERSON_CHANGE_PREFIX = "PERSONCHANGE#"
STAFF_PK = "STAFF"
VIEWER_PREFIX = "VIEWER#"
VERSION_PREFIX = "VERSION#"
VIEW_PREFIX = "VIEW#"
OWN_VIEW_PREFIX = "OWNVIEW#"
MESSAGES_PK = "MESSAGES"
OPEN_MESSAGE_PREFIX = "OPEN#"
DONE_MESSAGE_PREFIX = "DONE#"
PREFIX_END = "\uffff"
"""Sorts after everything that begins with a prefix."""


class OrderKey(NamedTuple):
    """The parts of an order's key."""

    account_id: str
    order_id: str
    source: Source


def key(pk: str, sk: str) -> Key:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def account_pk(account_id: str) -> str:
    return f"ACCOUNT#{account_id}"


def order_pk(order_id: str) -> str:
    return f"ORDER#{order_id}"


def account_key(account_id: str) -> Key:
    return key(account_pk(account_id), ACCOUNT_SK)


def version_key(item_key: Key, version: int) -> Key:
    """Return the key of a kept version of an account, a price list, the catalog, terms or the letterhead."""
    return key(item_key["pk"]["S"], f"{VERSION_PREFIX}{version:08}")


def directory_key(account_id: str) -> Key:
    return key(DIRECTORY_PK, account_id)


def subaccount_key(reseller_id: str, account_id: str) -> Key:
    return key(account_pk(reseller_id), SUBACCOUNT_PREFIX + account_id)


def group_pk(group: str) -> str:
    """Return the partition that lists the accounts of a group, by id."""
    return f"GROUP#{group}"


def group_member_key(group: str, account_id: str) -> Key:
    return key(group_pk(group), account_id)


def order_key(order_location: OrderKey) -> Key:
    return key(account_pk(order_location.account_id), ORDER_PREFIX[order_location.source] + order_location.order_id)


def entry_key(order_id: str, sequence: int) -> Key:
    return key(order_pk(order_id), f"{ENTRY_PREFIX}{sequence:06}")


def evidence_key(order_id: str, sequence: int) -> Key:
    return key(order_pk(order_id), f"{EVIDENCE_PREFIX}{sequence:06}")


def attachment_key(order_id: str, sequence: int) -> Key:
    """Return the key of the file that came with a decision, by the sequence number of its timeline entry."""
    return key(order_pk(order_id), f"{ATTACHMENT_PREFIX}{sequence:06}")


def scan_key(order_id: str, sha256: str) -> Key:
    return key(order_pk(order_id), f"SCAN#{sha256}")


def certificate_key(order_id: str, sequence: int) -> Key:
    """Return the key of the certificate of a decision, by the sequence number of its timeline entry."""
    return key(order_pk(order_id), f"{CERTIFICATE_PREFIX}{sequence:06}")


def public_key_key(key_id: str) -> Key:
    """Return the key of a public key that has signed certificates."""
    return key(PUBLIC_KEYS_PK, key_id)


def quote_key(order_id: str, revision: int) -> Key:
    return key(order_pk(order_id), f"QUOTE#{revision:04}")


def workflow_key(order_id: str) -> Key:
    return key(order_pk(order_id), WORKFLOW_SK)


def viewer_key(order_id: str, user_id: str) -> Key:
    return key(order_pk(order_id), VIEWER_PREFIX + user_id)


def mail_key(order_id: str, sequence: int, to: str) -> Key:
    return key(order_pk(order_id), f"{MAIL_PREFIX}{sequence:06}#{to}")


def number_key(order_number: str) -> Key:
    """Return the key of the pointer from a number, as `order_numbers.number_of` returns it, to its order."""
    return key(f"NUMBER#{order_number}", "NUMBER")


def watcher_key(order_id: str, user_id: str) -> Key:
    return key(order_pk(order_id), WATCHER_PREFIX + user_id)


def link_key(fingerprint: str) -> Key:
    return key(f"LINK#{fingerprint}", "LINK")


def suborder_key(reseller_id: str, order_id: str) -> Key:
    return key(account_pk(reseller_id), SUBORDER_PREFIX + order_id)


def idempotency_key(account_id: str, source: Source, hashed: str) -> Key:
    return key(account_pk(account_id), f"{IDEMPOTENCY_PREFIX}{source}#{hashed}")


def placed_key(account_id: str, at: datetime) -> Key:
    return key(account_pk(account_id), f"PLACED#{at.date()}T{at.hour:02}")


def history_key(kind: str, shard: int) -> Key:
    """Return the key of a shard's counters of a kind of item; the first shard has the key from before there were
    shards.
    """
    return key(f"HISTORY#{shard}" if shard else "HISTORY", kind)


def history_shard(order_id: str, attempt: int) -> int:
    """Return the shard that counts an order; another one at each attempt, because the last one was busy."""
    return (ord(order_id[-1]) + attempt) % HISTORY_SHARDS


def later_key(order_id: str, sk: str) -> Key:
    """Return the key of the pending item of an effect that was postponed (see `later_effects`)."""
    return key(order_pk(order_id), sk)


def counted_key(order_id: str) -> Key:
    return key(order_pk(order_id), "COUNTED")


def order_words_key(order_id: str) -> Key:
    return key(order_pk(order_id), WORDS_SK)


def account_words_key(account_id: str) -> Key:
    return key(account_pk(account_id), WORDS_SK)


def find_pk(word: str) -> str:
    """Return the partition by which the desk finds orders by a word, or by one that begins like it."""
    return f"FIND#{word[:3]}"


def customer_find_pk(account_id: str) -> str:
    """Return the partition by which the users of an account find orders."""
    return f"FIND#ACCOUNT#{account_id}"


def find_account_pk(word: str) -> str:
    """Return the partition by which the desk finds accounts by a word, or by one that begins like it."""
    return f"FINDACCOUNT#{word[:3]}"


def figures_marker_key(order_id: str) -> Key:
    """Return the key of what an order counts for in the figures."""
    return key(order_pk(order_id), "FIGURES")


def figures_pks(month: str, dimension: str) -> list[str]:
    """Return the partitions of the figures of a month, YYYY-MM, by a dimension."""
    return [f"FIGURES#{month}#{dimension}#{number}" for number in range(FIGURES_PARTITIONS)]


def figures_key(month: str, cell: str, shard: int) -> Key:
    """Return the key of a shard of the counters of a cell, as `figures.cell` writes it."""
    dimension = cell.partition("#")[0]
    return key(figures_pks(month, dimension)[shard % FIGURES_PARTITIONS], f"{cell}#{shard}")


def report_key(account_id: str, report_id: str) -> Key:
    return key(account_pk(account_id), REPORT_PREFIX + report_id)


def change_key(account_id: str, version: int) -> Key:
    """Return the key of the change that led to a version of an account; it exists until its messages are queued."""
    return key(account_pk(account_id), f"{CHANGE_PREFIX}{version:08}")


def person_key(user_id: str) -> Key:
    """Return the key of a person or a service user, by the `sub` of their tokens."""
    return key(f"{PERSON_PREFIX}{user_id}", "PERSON")


def mail_choices_key(user_id: str) -> Key:
    """Return the key of the mails that a person chose."""
    return key(f"{PERSON_PREFIX}{user_id}", "NOTIFICATIONS")


def team_pk(team: str) -> str:
    """Return the partition that lists the people of a team: an account's id, or `roles.DESK`."""
    return account_pk(team) if team else STAFF_PK


def member_key(team: str, user_id: str) -> Key:
    return key(team_pk(team), PERSON_PREFIX + user_id)


def service_member_key(team: str, user_id: str) -> Key:
    return key(team_pk(team), SERVICE_PREFIX + user_id)


def own_view_prefix(user_id: str) -> str:
    return f"{OWN_VIEW_PREFIX}{user_id}#"


def own_view_key(user_id: str, view_id: str) -> Key:
    return key(STAFF_PK, own_view_prefix(user_id) + view_id)


def shared_view_key(view_id: str) -> Key:
    return key(STAFF_PK, VIEW_PREFIX + view_id)


def managers_key(team: str) -> Key:
    """Return the key of the count of a team's active admins or leads."""
    return key(team_pk(team), "MANAGERS")


def person_change_key(user_id: str, version: int) -> Key:
    """Return the key of the change that led to a version of a person; it exists until its messages are queued."""
    return key(f"{PERSON_PREFIX}{user_id}", f"{PERSON_CHANGE_PREFIX}{version:08}")


def audit_pk(month: str) -> str:
    """Return the partition of a month, YYYY-MM in UTC."""
    return f"AUDIT#{month}"


def audit_key(at: datetime, audit_id: str) -> Key:
    """Return the key of an entry of the audit trail, made at an instant in UTC."""
    return key(audit_pk(at.isoformat()[:7]), audit_id)


def prices_key(currency: str, account_id: str | None = None, group: str | None = None) -> Key:
    """Return the key of a price list: of an account, of a group or, with neither, the default one."""
    scope = f"#ACCOUNT#{account_id}" if account_id else f"#GROUP#{group}" if group else ""
    return key(f"PRICES#{currency}{scope}", "PRICES")


def prices_directory_key(currency: str, account_id: str | None = None, group: str | None = None) -> Key:
    """Return the key of a price list in its directory; scope as for `prices_key`."""
    if account_id:
        return key(ACCOUNT_PRICES_PK, f"{account_id}#{currency}")
    return key(GROUP_PRICES_PK, f"{group}#{currency}") if group else key(PRICES_PK, currency)


def catalog_key() -> Key:
    """Return the key of the newest published catalog; there is none while the one that ships is in force."""
    return key(CATALOG_PK, "CATALOG")


def newest_catalog_key() -> Key:
    """Return the key of the small item that says which catalog is in force."""
    return key(CATALOG_PK, "NEWEST")


def catalog_draft_key() -> Key:
    return key(CATALOG_PK, "DRAFT")


def letterhead_key() -> Key:
    """Return the key of the small item that says which version of the letterhead is in force."""
    return key(LETTERHEAD_PK, "LETTERHEAD")


def teams_key() -> Key:
    return key(STAFF_PK, "TEAMS")


def text_modules_key() -> Key:
    return key(STAFF_PK, "TEXTMODULES")


def discount_policy_key() -> Key:
    return key(STAFF_PK, "DISCOUNTPOLICY")


def terms_key(locale: str, group: str | None = None) -> Key:
    """Return the key of the terms of a language or, in that, of a group."""
    return key(f"TERMS#{locale}" + (f"#GROUP#{group}" if group else ""), "TERMS")


def terms_directory_key(locale: str, group: str) -> Key:
    return key(GROUP_TERMS_PK, f"{group}#{locale}")


def parked_key(order_id: str) -> Key:
    return key(order_pk(order_id), PARKED_SK)


def mail_pause_key() -> Key:
    return key("MAILHOLD", "MAILHOLD")


def mail_resume_key() -> Key:
    return key("MAILHOLD", "RELEASED")


def pending_shard(owner_id: str) -> str:
    """Return the partition of the index `outstanding` for the pending items of an order, a report or an account."""
    return str(ord(owner_id[-1]) % PENDING_SHARDS)


def open_message_key(message_id: str) -> Key:
    """Return the key of a received mail that waits at the desk to be judged."""
    return key(MESSAGES_PK, OPEN_MESSAGE_PREFIX + message_id)


def judged_message_key(message_id: str) -> Key:
    return key(MESSAGES_PK, DONE_MESSAGE_PREFIX + message_id)


def inbound_key(mark: str) -> Key:
    """Return the key that says that a received mail was processed: by SES's id, or by what is the same in a replay."""
    return key(f"INBOUND#{mark}", "INBOUND")


def inbound_day_key(at: datetime, bucket: str) -> Key:
    """Return the key of the count of a day's messages: those of an order, or those of strangers."""
    return key(f"INBOUNDDAY#{at.date()}", bucket)
