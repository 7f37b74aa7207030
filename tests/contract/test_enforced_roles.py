"""What the local run's engine makes of the functions' roles, which it asks while the contract's suite runs on it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests import loopback
from tests.contract.live import Live
from tests.contract.orders import Order, enroll, offered, place, place_for, quote
from tests.lab.permissions import Access, covers

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


def test_the_deployed_roles_send_mail_under_one_sender_only(live: Live) -> None:
    """The engine knows no condition of SES, so the policies are read as it deployed them, and judged as IAM would."""
    iam = live.aws("iam")
    function = live.aws("lambda").get_function_configuration(FunctionName=function_named(live, "SendQuote"))
    address = function["Environment"]["Variables"]["SENDER_ADDRESS"]
    domain = address.partition("@")[2]

    def may(function: str, identity: str, sender: str) -> bool:
        role = role_of(live, function).rpartition("/")[2]
        policies = [
            iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        ]
        arn = f"arn:aws:ses:eu-central-1:000000000000:identity/{identity}"
        access = Access("ses:SendRawEmail", arn, (("ses:FromAddress", sender),))
        return any(covers(statement, access) for policy in policies for statement in policy["Statement"])

    for name in ("SendQuote", "MailerFunction", "AccountChanges"):
        for identity in (domain, "connie@acme.example"):
            assert may(name, identity, address), (name, identity)
            assert not may(name, identity, f"boss@{domain}"), (name, identity)
    assert not may("GiveUpQuote", domain, address)


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
