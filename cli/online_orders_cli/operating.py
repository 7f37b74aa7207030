"""Operate a running installation, with AWS credentials: repair, erase, rotate keys."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from online_orders.domain.errors import Invalid, OnlineOrdersError
from online_orders.domain.values import MAX_LIMIT
from online_orders_cli.installation import Installation, Json, Refused

if TYPE_CHECKING:
    from online_orders.domain.languages import Locale

KEY_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
KEY_LENGTH = 64
ORIGIN_SECRET_LENGTH = 48
BATCH_SIZE = 10
LOOK_SECONDS = 5
"""Seconds of a long poll, which asks all of a queue's servers; a short poll asks some and may miss messages."""
EMPTY_LOOKS = 2
MAX_EMPTY_LOOKS = 8


class Keys(NamedTuple):
    """The ids of the keys behind links and cursors: the current one, and former ones that are still valid."""

    current: str
    previous: list[str]


def repair_order(installation: Installation, order_id: str) -> Json:
    """Return how many entries and workflows of an order had to be repaired."""
    response: Json = installation.invoke("ReconcileFunction", {"order_id": order_id})
    return response


def repair_due(installation: Installation) -> Json:
    """Run the reconciler now, and return what it repaired."""
    response: Json = installation.invoke("ReconcileFunction", {})
    return response


def repair_all(installation: Installation) -> Iterator[Json]:
    """Repair everything that is pending, and every open order; yield what each call of the reconciler did."""
    payload: Json | None = {"all": True}
    while payload:
        response = installation.invoke("ReconcileFunction", payload)
        yield response
        payload = {"all": True, "cursor": response["cursor"]} if response["cursor"] else None


def replay(installation: Installation, payload: Json) -> Iterator[Json]:
    """Publish events again; yield what each call did. `payload` as in functions/replay.py."""
    due: Json | None = payload
    while due:
        response = installation.invoke("ReplayFunction", due)
        yield response
        due = response["next"]


def erase(
    installation: Installation, address: str, account_id: str | None, names: Sequence[str], after: str | None
) -> Iterator[Json]:
    """Erase a person from the table, step by step; yield {"position", "erased" (counts by kind), "left" (what names the
    person)}.

    Runs here, with the operator's credentials, and not in a function of the stack: no function may do this.
    """
    installation.act_as_product()
    from online_orders.aws.erasure_job import erase_person

    try:
        for step in erase_person(address, account_id, names=names, after=after):
            yield {"position": step.position, "erased": dict(step.erased), "left": list(step.left)}
    except ValueError as error:
        raise Refused(422, {"code": "invalid_address", "detail": str(error)}) from error
    except OnlineOrdersError as refusal:
        raise Refused(int(refusal.status), {"code": refusal.code, "detail": refusal.detail}) from refusal


def rebuild_search(installation: Installation, account_id: str | None, after: str | None) -> Iterator[Json]:
    """Build the index of the search anew, page by page; yield {"position", "accounts", "orders"}.

    Runs here, with the operator's credentials: a walk through all orders is longer than a function may run.
    """
    installation.act_as_product()
    from online_orders.aws.search_rebuild import rebuild_search

    try:
        for step in rebuild_search(account_id, after=after):
            yield step._asdict()
    except OnlineOrdersError as refusal:
        raise Refused(int(refusal.status), {"code": refusal.code, "detail": refusal.detail}) from refusal


def rebuild_figures(installation: Installation, month: str | None, after: str | None) -> Iterator[Json]:
    """Count every order in the figures afresh from its timeline, or those placed in a month (YYYY-MM); yield after each
    page {"position" (the last account that is done), "orders", "changed" (how many counted for something else)}.

    Accounts up to `after` are left out.
    """
    installation.act_as_product()
    from online_orders.aws import account_store, figures_store, order_queries
    from online_orders.aws.order_store import key_of

    done, position, is_last = after, after, False
    try:
        while not is_last:
            page = account_store.list_accounts(BATCH_SIZE, position)
            position, is_last = page.position, page.position is None
            for account in page.accounts:
                of_account = order_queries.OrderFilter(account_id=account.account_id)
                last: str | None = ""
                while last is not None:
                    found = order_queries.list_desk_orders(of_account, MAX_LIMIT, last or None)
                    due = [order for order in found.orders if month in {None, order.placed_on.isoformat()[:7]}]
                    changed = sum(figures_store.count_order(key_of(order), afresh=True) for order in due)
                    last = found.position
                    done = account.account_id if last is None else done
                    yield {"position": done, "orders": len(due), "changed": changed}
    except OnlineOrdersError as refusal:
        raise Refused(int(refusal.status), {"code": refusal.code, "detail": refusal.detail}) from refusal


def move_dead_letters(installation: Installation) -> Iterator[str]:
    """Send each dead mail back to the queue that it came from; yield the name of that queue.

    A message is deleted once its queue has accepted it, so it may come twice and is never lost; sent mails are
    recorded. Ends when the queue was empty twice and reports no messages.
    """
    sqs = installation.aws("sqs")
    url = installation.resource("MailDeadLetters")
    empty = 0
    while empty < EMPTY_LOOKS or (empty < MAX_EMPTY_LOOKS and dead_letters(installation).waiting):
        messages = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=BATCH_SIZE, WaitTimeSeconds=LOOK_SECONDS, AttributeNames=["All"]
        ).get("Messages", [])
        empty = 0 if messages else empty + 1
        for message in messages:
            source_queue = _source_queue(installation, message)
            sqs.send_message(QueueUrl=source_queue, MessageBody=message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            yield source_queue.rpartition("/")[2]


def _source_queue(installation: Installation, message: Json) -> str:
    """Return the URL of the queue that a message came from, which SQS names for messages that it moved itself."""
    if source := message.get("Attributes", {}).get("DeadLetterQueueSourceArn"):
        url: str = installation.aws("sqs").get_queue_url(QueueName=source.rpartition(":")[2])["QueueUrl"]
        return url
    body = json.loads(message["Body"])
    if "effect" in body:
        return installation.resource("PeopleChanges")
    return installation.resource("AccountChanges" if "version" in body else "MailQueue")


class DeadLetters(NamedTuple):
    """About how many messages a queue has: those that can be received, and those that somebody has received."""

    waiting: int
    in_flight: int


def dead_letters(installation: Installation) -> DeadLetters:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    response = installation.aws("sqs").get_queue_attributes(
        QueueUrl=installation.resource("MailDeadLetters"), AttributeNames=names
    )["Attributes"]
    return DeadLetters(*(int(response[name]) for name in names))


def stop_functions(installation: Installation) -> Iterator[str]:
    """Stop all functions of the stack; yield the name of each.

    Polling stops first: a poller receives messages for a stopped function all the same, and uses up their receives
    until they are dead letters.
    """
    installation.switch_mappings(on=False)
    for function in installation.resources("AWS::Lambda::Function"):
        installation.aws("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
        yield function


def start_functions(installation: Installation) -> Iterator[str]:
    """Start the functions, and then the polling for them; yield the name of each."""
    for function in installation.resources("AWS::Lambda::Function"):
        installation.aws("lambda").delete_function_concurrency(FunctionName=function)
        yield function
    installation.switch_mappings(on=True)


def name_of_terms(locale: Locale, group: str | None) -> str:
    """Return what the command line calls the terms of a language or, in that, of a group."""
    return f"{locale}, group {group}" if group else locale


def store_terms(locale: Locale, words: str, group: str | None = None) -> Json:
    """Store standard terms and return them as stored; call `act_as_product` before.

    Raises Refused where the text is empty or too long, there is no such group, or somebody else has changed them first.
    """
    from online_orders import clock
    from online_orders.aws.catalog_store import get_catalog
    from online_orders.aws.terms_store import find_terms, store_terms
    from online_orders.domain.field_errors import validate
    from online_orders.domain.terms import NewTerms

    try:
        text = validate(NewTerms, {"text": words}).text
    except Invalid as refusal:
        errors = ", ".join(error.detail for error in refusal.errors)
        raise Refused(int(refusal.status), {"code": refusal.code, "detail": errors}) from refusal
    before = find_terms(locale, group)
    if group and before is None and group not in get_catalog().groups:
        raise Refused(404, {"code": "not_found", "detail": f"There is no group {group}."})
    stored = store_terms(locale, text, before, clock.now(), group=group)
    if stored is None:
        raise Refused(
            409, {"code": "conflict", "detail": "Somebody else has just set these terms; check them and try again."}
        )
    body: Json = stored.model_dump(mode="json")
    return body


def keys(installation: Installation) -> Keys:
    result = _secret(installation)
    return Keys(result["key_id"], sorted(result.get("previous", {})))


def rotate_keys(installation: Installation) -> Keys:
    """Sign with a new key from now on; what the older ones signed stays valid until they are retired."""
    result = _secret(installation)
    known = {**result.get("previous", {}), result["key_id"]: result["key"]}
    key_id = str(1 + max((int(each) for each in known if each.isdecimal()), default=0))
    _store(installation, {"key_id": key_id, "key": _random(KEY_LENGTH), "previous": known})
    return keys(installation)


def retire_key(installation: Installation, key_id: str) -> Keys:
    """Retire a former key, which makes void what it signed: links and cursors. Raise Refused for the current key."""
    result = _secret(installation)
    previous = dict(result.get("previous", {}))
    if key_id == result["key_id"]:
        raise Refused(409, {"code": "no_former_key", "detail": f"{key_id} is the current key; rotate first."})
    if previous.pop(key_id, None) is None:
        raise Refused(409, {"code": "no_former_key", "detail": f"{key_id} is not a former key."})
    _store(installation, {**result, "previous": previous})
    return keys(installation)


def rotate_origin_secret(installation: Installation) -> None:
    """Give the origin secret a new value and keep the one before; a deployment brings both to where they are read.

    Raises Refused while an earlier rotation is not finished, because functions and CloudFront would not know a third
    value.
    """
    result = _secret(installation, "OriginSecret")
    if result.get("previous"):
        raise Refused(409, {"code": "rotation_under_way", "detail": "Retire the former origin secret first."})
    _store(installation, {"current": _random(ORIGIN_SECRET_LENGTH), "previous": result["current"]}, "OriginSecret")


def retire_origin_secret(installation: Installation) -> None:
    """Remove the former origin secret; a deployment then makes the functions refuse it.

    Refused until CloudFront sends the current one everywhere, because the functions would refuse its requests.
    """
    result = _secret(installation, "OriginSecret")
    found = installation.aws("cloudfront").get_distribution(Id=installation.resource("Distribution"))["Distribution"]
    shown = {
        header["HeaderValue"]
        for origin in found["DistributionConfig"]["Origins"]["Items"]
        for header in origin.get("CustomHeaders", {}).get("Items", ())
        if header["HeaderName"].lower() == "x-origin-secret"
    }
    if found["Status"] != "Deployed" or shown != {result["current"]}:
        detail = "CloudFront does not send the new origin secret yet. Deploy with a new OriginSecretRelease, and wait."
        raise Refused(409, {"code": "rotation_under_way", "detail": detail})
    _store(installation, {**result, "previous": ""}, "OriginSecret")


def _random(length: int) -> str:
    return "".join(secrets.choice(KEY_CHARACTERS) for _ in range(length))


def _secret(installation: Installation, name: str = "SigningKeys") -> dict[str, Any]:
    secret = installation.aws("secretsmanager").get_secret_value(SecretId=installation.resource(name))
    payload: dict[str, Any] = json.loads(secret["SecretString"])
    return payload


def _store(installation: Installation, value: Json, name: str = "SigningKeys") -> None:
    installation.aws("secretsmanager").put_secret_value(
        SecretId=installation.resource(name), SecretString=json.dumps(value)
    )


def as_text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
