"""The whole life of an order on the local run while its engine asks the functions' roles."""

import os
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session

from tests import local_run
from tests.contract.live import Live
from tests.contract.orders import Order, offered, place, quote


@pytest.fixture(scope="module")
def enforced() -> Iterator[Live]:
    with patch.dict(os.environ, SANDBOX_IAM="1"):
        os.environ.pop("SANDBOX_JSON", None)
        with local_run.start() as description, Live.at(description) as site:
            yield site


def role_of(site: Live, function: str) -> str:
    listed = site.aws("lambda").list_functions()["Functions"]
    (role,) = (each["Role"] for each in listed if function in each["FunctionName"])
    return str(role)


@pytest.mark.live
def test_the_engine_refuses_a_role_what_the_template_does_not_give_it(enforced: Live) -> None:
    assumed = enforced.aws("sts").assume_role(RoleArn=role_of(enforced, "GiveUpQuote"), RoleSessionName="test")
    aws, credentials = enforced.description["aws"], assumed["Credentials"]

    def client(service: str) -> Any:
        return Session().create_client(
            service,
            region_name=aws["region"],
            endpoint_url=aws["endpoint"],
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    table = enforced.description["resources"]["table"]
    key = {"pk": {"S": "ORDER#none"}, "sk": {"S": "WORKFLOW"}}
    client("dynamodb").get_item(TableName=table, Key=key)
    for refused in (
        lambda: client("dynamodb").scan(TableName=table),
        lambda: client("dynamodb").delete_item(TableName=table, Key=key),
        lambda: client("secretsmanager").list_secrets(),
    ):
        with pytest.raises(ClientError, match="not authorized"):
            refused()  # type: ignore[no-untyped-call]


@pytest.mark.live
def test_orders_live_their_whole_lives_while_roles_are_asked(enforced: Live) -> None:
    order, mail = offered(enforced)
    enforced.request("GET", f"{mail.link}/quote.pdf")
    enforced.decide(mail, "request_change", reason="Less.").page()
    order.desk("quote", quote(enforced)).ok(202)
    enforced.decide(order.quote_mail(revision=2), "approve").page()
    order.mail_to(enforced.cs_mailbox, 3)
    direct: Order = place(enforced, enforced.people.reseller, account_id=enforced.people.subs[0].account_id)
    direct.desk("decline", {"reason": "Sold out."}).ok()
    enforced.eventually(lambda: [each.status for each in enforced.executions(order.order_id)] == ["SUCCEEDED"])
    enforced.eventually(lambda: [each.status for each in enforced.executions(direct.order_id)] == ["SUCCEEDED"])
    enforced.post("/api/account/contact-report", order.user, {"text": "Dana has left."}).ok(202)
    account = enforced.account_of(enforced.people.other)
    enrollment = {**account["enrollment"], "contact": {"name": "Dee", "email": "dee@next.example"}}
    waiting = place(enforced, enforced.people.other)
    enforced.put(
        f"/api/desk/accounts/{account['account_id']}", enforced.people.cs, {**account, "enrollment": enrollment}
    ).ok()
    enforced.eventually(lambda: waiting.mails_to("dee@next.example"))
    assert "not authorized" not in enforced.logs()
