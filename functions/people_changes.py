"""Do what follows from a change of a person outside of the table: mail an invitation, and let in or shut out.

What is done follows from the person as it is when the message is processed, so the order of messages does not matter.
After each round the person is read again, and a round follows for another version: of two processes that act at once,
the one that finishes last acts on what is stored last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from online_orders.aws import account_store, mail, mail_pause, people_store, service_user_store, signing_keys, user_pool
from online_orders.aws.clients import client
from online_orders.aws.queues import process_queue
from online_orders.domain.mail_kinds import MailKind
from online_orders.domain.people import Effect, Membership, Person, PersonState, first_password
from online_orders.domain.roles import DESK
from online_orders.environment import environment, installation
from online_orders.telemetry import logger, metrics, redact_exceptions
from online_orders_rendering.mails.compose import render_invitation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

MAX_ROUNDS = 5
"""Others have changed the person during each of them: the message is retried later."""


class PersonKeepsChanging(Exception):
    """The person was changed during every round: retry later."""


def _process(record: SQSRecord) -> None:
    change = record.json_body
    with logger.append_context_keys(user_id=change["user_id"], version=change["version"]):
        if change["effect"] == Effect.INVITATION and mail_pause.current_pause():
            _requeue(change)
            return
        if change.get("kind") == service_user_store.SERVICE_USER_KIND:
            _settle_service_user(change["user_id"])
        else:
            _settle(change)


def _settle_service_user(user_id: str) -> None:
    """Let a service user in or shut it out, until it is the same after as before."""
    stored = service_user_store.find_service_user(user_id)
    for _ in range(MAX_ROUNDS):
        if stored is None or user_pool.find(user_id) is None:
            logger.warning("there is no such service user any more")
            return
        if stored.user.is_active:
            user_pool.allow_sign_in(user_id)
        else:
            user_pool.deny_sign_in(user_id)
            user_pool.sign_out(user_id)
        again = service_user_store.find_service_user(user_id)
        if again and again.version == stored.version:
            return
        stored = again
    raise PersonKeepsChanging(user_id)


def _requeue(change: Mapping[str, Any]) -> None:
    """Put the change on the queue again, because no mail is sent now, and a first password must not run out unseen."""
    client("sqs").send_message(
        QueueUrl=environment("PEOPLE_CHANGES_URL"),
        MessageBody=json.dumps(change),
        DelaySeconds=mail_pause.retry_seconds(),
    )


def _settle(change: Mapping[str, Any]) -> None:
    """Act on the person as it is, until it is the same after as before; then mail an invitation that is still due."""
    stored = people_store.find_person(change["user_id"])
    for _ in range(MAX_ROUNDS):
        if stored is None:  # erased since
            return
        if stored.person.provider == "staff":
            # The pool knows such a user by the provider's name alone. Whoever is deactivated gets no token any more.
            return
        user = user_pool.find(stored.person.user_id)
        if user is None:
            logger.warning("the pool has no such user any more")
            return
        password = _act(stored.person, change, user)
        again = people_store.find_person(change["user_id"])
        if again and again.version == stored.version:
            _mail_invitation(stored.person, change, password)
            return
        stored = again
    raise PersonKeepsChanging(change["user_id"])


def _act(person: Person, change: Mapping[str, Any], user: user_pool.PoolUser) -> str | None:
    """Let the person in or shut it out, and set the first password of an invitation; return that password."""
    if change["effect"] == Effect.ACCESS:
        if person.active_roles:
            user_pool.allow_sign_in(person.user_id)
        else:
            user_pool.deny_sign_in(person.user_id)
        if _is_deactivated(person, change["team"]):
            user_pool.sign_out(person.user_id)
        return None
    if not _is_invited(person, change["team"]):
        return None
    if not user.is_enabled:  # shut out of another account before
        user_pool.allow_sign_in(person.user_id)
    if user.has_signed_in:
        return None
    key = signing_keys.signing_key_or_current("passwords", person.invitation_key_id)
    password = first_password(key.key, person)
    user_pool.set_first_password(person.user_id, password)
    return password


def _is_deactivated(person: Person, team: str) -> bool:
    membership = person.membership(team)
    return membership is None or membership.state is PersonState.DEACTIVATED


def _is_invited(person: Person, team: str) -> bool:
    membership = person.membership(team)
    return membership is not None and membership.state is PersonState.INVITED


def _mail_invitation(person: Person, change: Mapping[str, Any], password: str | None) -> None:
    """Send the mail of an invitation, unless the person has come or was shut out since."""
    membership = person.membership(change["team"])
    if change["effect"] != Effect.INVITATION or membership is None or not _is_invited(person, change["team"]):
        return
    kind = MailKind.INVITATION if password else MailKind.MEMBERSHIP
    compose = partial(_compose, person, membership, change["team"], password)
    mail.send_once(person.user_id, change["version"], MailKind.INVITATION, compose, {"kind": kind})


def _compose(person: Person, membership: Membership, team: str, password: str | None) -> mail.OutgoingMail:
    account = None if team == DESK else account_store.get_account(team)
    content = render_invitation(person, membership, account, password, installation())
    return mail.OutgoingMail(person.email, *content)


@redact_exceptions
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process messages of the outbox: {user_id, version, team, effect}, with `kind` for those about service users.

    What the pool throttles is retried later, as are mails that SES does not accept yet.
    """
    return process_queue(event, _process, context, "PEOPLE_CHANGES_URL")
