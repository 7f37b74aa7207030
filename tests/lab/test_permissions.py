"""The roles of the template are asked before each call, as IAM would ask them."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from online_orders.aws.clients import client
from tests.lab import Lab
from tests.lab.permissions import Access, Permissions

Json = dict[str, Any]

TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/Table"
MAIL = "arn:aws:ses:eu-central-1:123456789012"


def permissions(*statements: Json) -> Permissions:
    return Permissions("123456789012", "eu-central-1", {"example.com"}, "machine", {"f": list(statements)})


def allow(action: Any, resource: Any, **more: Any) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def denied(who: Permissions, service: str, operation: str, url: str = "https://x/", **request: Any) -> str:
    return str(who.denied("f", service, operation, url, json.dumps(request)))


def test_each_action_of_a_transaction_is_asked_for() -> None:
    put, check = {"Put": {"TableName": "Table"}}, {"ConditionCheck": {"TableName": "Table"}}
    who = permissions(allow(["dynamodb:PutItem"], TABLE))
    assert denied(who, "dynamodb", "TransactWriteItems", TransactItems=[put]) == "None"
    missing = f"dynamodb:ConditionCheckItem on {TABLE}"
    assert denied(who, "dynamodb", "TransactWriteItems", TransactItems=[put, check]) == missing


def test_an_index_is_a_resource_of_its_own() -> None:
    who = permissions(allow("dynamodb:Query", TABLE))
    assert denied(who, "dynamodb", "Query", TableName="Table") == "None"
    assert denied(who, "dynamodb", "Query", TableName="Table", IndexName="desk").endswith("/index/desk")
    who = permissions(allow("dynamodb:*", [TABLE, f"{TABLE}/index/*"]))
    assert denied(who, "dynamodb", "Query", TableName="Table", IndexName="desk") == "None"


def test_a_raw_mail_needs_send_raw_email_on_identity_and_configuration_set() -> None:
    mail: Json = {
        "FromEmailAddress": "orders@example.com",
        "Content": {"Raw": {"Data": ""}},
        "ConfigurationSetName": "set",
    }
    who = permissions(allow("ses:SendEmail", "*"))
    assert denied(who, "sesv2", "SendEmail", **mail) == f"ses:SendRawEmail on {MAIL}:identity/example.com"
    who = permissions(allow("ses:SendRawEmail", f"{MAIL}:identity/*"))
    assert denied(who, "sesv2", "SendEmail", **mail) == f"ses:SendRawEmail on {MAIL}:configuration-set/set"


def test_in_the_sandbox_of_ses_the_identity_of_each_recipient_is_asked_for_too() -> None:
    mail: Json = {
        "FromEmailAddress": "orders@example.com",
        "Destination": {"ToAddresses": ["connie@acme.example", "al@example.com"]},
        "Content": {"Raw": {"Data": ""}},
    }
    who = permissions(allow("ses:SendRawEmail", f"{MAIL}:identity/example.com"))
    assert denied(who, "sesv2", "SendEmail", **mail) == "None"
    who.in_ses_sandbox = lambda: True
    missing = f"ses:SendRawEmail on {MAIL}:identity/connie@acme.example"
    assert denied(who, "sesv2", "SendEmail", **mail) == missing
    who.roles["f"] = [allow("ses:SendRawEmail", f"{MAIL}:identity/*")]
    assert denied(who, "sesv2", "SendEmail", **mail) == "None"


def test_a_grant_for_one_sender_is_for_no_other() -> None:
    condition = {"StringEquals": {"ses:FromAddress": "orders@example.com"}}
    who = permissions(allow("ses:SendRawEmail", f"{MAIL}:identity/*", Condition=condition))
    mail: Json = {"Content": {"Raw": {"Data": ""}}}
    assert denied(who, "sesv2", "SendEmail", FromEmailAddress="orders@example.com", **mail) == "None"
    refused = f"ses:SendRawEmail on {MAIL}:identity/example.com"
    for other in ("boss@example.com", "Orders@example.com"):
        assert denied(who, "sesv2", "SendEmail", FromEmailAddress=other, **mail) == refused


@pytest.mark.parametrize(
    "url",
    ["https://bucket.s3.eu-central-1.amazonaws.com/a/b%20c", "https://s3.eu-central-1.amazonaws.com/bucket/a/b c"],
)
def test_an_object_is_known_by_its_url(url: str) -> None:
    who = permissions(allow("s3:GetObject", "arn:aws:s3:::bucket/a/*"))
    assert denied(who, "s3", "GetObject", url) == "None"
    assert denied(who, "s3", "PutObject", url) == "s3:PutObject on arn:aws:s3:::bucket/a/b c"


def test_a_deny_and_an_unmet_condition_do_not_allow() -> None:
    access = Access("sqs:SendMessage", "queue")
    assert permissions(allow("sqs:*", "*")).allows("f", access)
    assert not permissions(allow("sqs:*", "*"), allow("sqs:SendMessage", "q*", Effect="Deny")).allows("f", access)
    assert not permissions(allow("sqs:*", "*", Condition={"Bool": {"x": "true"}})).allows("f", access)
    assert not permissions(allow("sqs:*", "*", Condition={"StringEquals": {"x": "true"}})).allows("f", access)
    assert not permissions(allow("sqs:SendMessage", "queue2")).allows("f", access)


def test_a_function_that_does_what_its_role_does_not_allow_is_refused_and_noted(lab: Lab) -> None:
    def handler(event: Json, context: Any) -> str:
        with pytest.raises(ClientError) as refusal:
            client("sqs").send_message(QueueUrl=lab.outputs["MailQueueUrl"], MessageBody="{}")
        return str(refusal.value.response["Error"]["Code"])

    lab.functions.replace("GiveUpQuoteFunction", handler)
    assert lab.functions.invoke("GiveUpQuoteFunction", {}).payload == "AccessDeniedException"
    assert lab.messages("MailQueue") == []
    (failure,) = lab.errors.take()
    assert failure.type == "AccessDenied"
    assert failure.message.startswith("GiveUpQuoteFunction may not sqs:SendMessage on arn:aws:sqs:")


@pytest.mark.parametrize(("may_list", "code"), [(False, "AccessDenied"), (True, "NoSuchKey")])
def test_who_may_not_list_a_bucket_does_not_learn_what_is_absent(lab: Lab, may_list: bool, code: str) -> None:
    bucket = lab.outputs["DocumentsBucket"]
    statements = [allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*")]
    if may_list:
        statements.append(allow("s3:ListBucket", f"arn:aws:s3:::{bucket}"))
    assert lab.wire.permissions
    lab.wire.permissions.roles["GiveUpQuoteFunction"] = statements

    def handler(event: Json, context: Any) -> str:
        with pytest.raises(ClientError) as refusal:
            client("s3").get_object(Bucket=bucket, Key="absent")
        return str(refusal.value.response["Error"]["Code"])

    lab.functions.replace("GiveUpQuoteFunction", handler)
    assert lab.functions.invoke("GiveUpQuoteFunction", {}).payload == code
    assert lab.errors == []
