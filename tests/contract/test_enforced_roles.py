"""What the local run's engine makes of the functions' roles, which it asks while the contract's suite runs on it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests import loopback
from tests.contract.live import Live
from tests.contract.orders import Order, enroll, offered, place, place_for, quote

pytestmark = pytest.mark.live


def function_named(site: Live, function: str) -> str:
    listed = site.aws("lambda").list_functions()["Functions"]
    (name,) = (each["FunctionName"] for each in listed if function in each["FunctionName"])
    return str(name)


def role_of(site: Live, function: str) -> str:
    return str(site.aws("lambda").get_function_configuration(FunctionName=function_named(site, function))["Role"])


def test_the_engine_refuses_a_role_what_the_template_does_not_give_it(live: Live) -> None:
    assumed = live.aws("sts").assume_role(RoleArn=role_of(live, "GiveUpQuote"), RoleSessionName="test")
    credentials = {
        "access_key_id": assumed["Credentials"]["AccessKeyId"],
        "secret_access_key": assumed["Credentials"]["SecretAccessKey"],
        "session_token": assumed["Credentials"]["SessionToken"],
    }

    def client(service: str) -> Any:
        return loopback.aws(service, **{**live.description["aws"], **credentials})

    table = live.description["resources"]["table"]
    key = {"pk": {"S": "ORDER#none"}, "sk": {"S": "WORKFLOW"}}
    client("dynamodb").get_item(TableName=table, Key=key)
    for refused in (
        lambda: client("dynamodb").scan(TableName=table),
        lambda: client("dynamodb").delete_item(TableName=table, Key=key),
        lambda: client("secretsmanager").list_secrets(),
    ):
        with pytest.raises(ClientError, match="not authorized"):
            refused()  # type: ignore[no-untyped-call]


def test_the_engine_lets_functions_mail_anybody_in_the_name_of_one_sender(live: Live) -> None:
    """Its own SES asks nobody; so it is asked what it would say of the recipient's identity, and of another sender."""
    iam, ses = live.aws("iam"), "arn:aws:ses:eu-central-1:000000000000:identity"
    sender = live.aws("lambda").get_function_configuration(FunctionName=function_named(live, "SendQuote"))
    address = sender["Environment"]["Variables"]["SENDER_ADDRESS"]

    def verdict(function: str, resource: str, who: str) -> str:
        key = {"ContextKeyName": "ses:FromAddress", "ContextKeyType": "string", "ContextKeyValues": [who]}
        (found,) = iam.simulate_principal_policy(
            PolicySourceArn=role_of(live, function),
            ActionNames=["ses:SendRawEmail"],
            ResourceArns=[resource],
            ContextEntries=[key],
        )["EvaluationResults"]
        return str(found["EvalDecision"])

    for function in ("SendQuote", "MailerFunction", "AccountChanges"):
        for identity in (f"{ses}/{address.partition('@')[2]}", f"{ses}/connie@acme.example"):
            assert verdict(function, identity, address) == "allowed"
            assert verdict(function, identity, f"boss@{address.partition('@')[2]}") == "implicitDeny"
    assert verdict("GiveUpQuote", f"{ses}/connie@acme.example", address) == "implicitDeny"


def test_orders_live_their_whole_lives_while_roles_are_asked(live: Live) -> None:
    order, mail = offered(live)
    live.request("GET", f"{mail.link}/quote.pdf")
    live.decide(mail, "request_change", reason="Less.").page()
    order.desk("quote", quote(live)).ok(202)
    live.decide(order.quote_mail(revision=2), "approve").page()
    order.mail_to(live.cs_mailbox, 3)
    direct: Order = place(live, live.people.reseller, account_id=live.people.subs[0].account_id)
    direct.desk("decline", {"reason": "Sold out."}).ok()
    live.eventually(lambda: [each.status for each in live.executions(order.order_id)] == ["SUCCEEDED"])
    live.eventually(lambda: [each.status for each in live.executions(direct.order_id)] == ["SUCCEEDED"])
    live.post("/api/account/contact-report", order.user, {"text": "Dana has left."}).ok(202)
    account = enroll(live)
    contact = {"name": "Dee", "email": f"dee@{account['account_id']}.example"}
    waiting = place_for(live, account)
    moved = {**account, "enrollment": {**account["enrollment"], "contact": contact}}
    live.put(f"/api/desk/accounts/{account['account_id']}", live.people.cs, moved).ok()
    live.eventually(lambda: waiting.mails_to(contact["email"]))
    assert "AccessDenied" not in live.logs()
