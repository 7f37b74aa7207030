"""A first deployment that fails can be made again, and one that succeeds is protected by the second."""

from typing import Any

import pytest

from tests.lab.stack import translate
from tests.local_run import PROJECT
from tests.template.resolving import Place

Json = dict[str, Any]

TEMPLATE = translate(PROJECT / "template.yaml")
HERE = Place("online-orders", "eu-central-1", "5f2c9e10-0d2e-11f1-9a41-06d21c3a7b11")


def made(**parameters: str) -> dict[str, Json]:
    return HERE.resolve(TEMPLATE, **parameters)


def protected(**parameters: str) -> tuple[bool, str]:
    found = made(**parameters)
    table, pool = (found[name]["Properties"] for name in ("Table", "UserPool"))
    return table["DeletionProtectionEnabled"], pool["DeletionProtection"]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"Stage": "prod", "ProtectData": "false"}, (False, "INACTIVE")),
        ({"Stage": "prod", "ProtectData": "true"}, (True, "ACTIVE")),
        ({"Stage": "prod"}, (True, "ACTIVE")),
        ({"Stage": "dev", "ProtectData": "true"}, (False, "INACTIVE")),
        ({"Stage": "sandbox", "ProtectData": "true", "SiteUrl": "http://localhost"}, (False, "INACTIVE")),
    ],
)
def test_a_prod_stage_is_protected_unless_it_is_told_that_it_is_being_made(parameters: Json, expected: Any) -> None:
    assert protected(**parameters) == expected


def test_a_first_deployment_protects_nothing_that_would_block_a_rollback() -> None:
    """RetainExceptOnCreate deletes on a rollback of the creation, which protection would refuse: ROLLBACK_FAILED."""
    for name, resource in made(Stage="prod", ProtectData="false").items():
        properties = resource["Properties"]
        assert not properties.get("DeletionProtectionEnabled"), name
        assert properties.get("DeletionProtection") in {None, "INACTIVE"}, name
        assert resource.get("DeletionPolicy") in {None, "Delete", "RetainExceptOnCreate"}, (
            f"{name} would be left over by a rollback, and be in the way of the next try"
        )


def test_a_prod_stage_that_is_unprotected_says_so_among_its_outputs() -> None:
    output = TEMPLATE["Outputs"]["Unprotected"]
    assert output["Condition"] == "IsUnprotected"
    assert TEMPLATE["Conditions"]["IsUnprotected"] == {
        "Fn::And": [{"Condition": "IsProd"}, {"Fn::Equals": [{"Ref": "ProtectData"}, "false"]}]
    }
    assert "ProtectData=true" in output["Value"]


# The domain that mails come from.


def test_a_stack_without_the_sender_identity_outputs_no_dns_records() -> None:
    assert "SenderIdentity" in made(Stage="prod", OwnsSenderIdentity="true")
    found = made(Stage="prod", OwnsSenderIdentity="false")
    assert "SenderIdentity" not in found
    assert TEMPLATE["Outputs"]["DkimRecords"]["Condition"] == "HasDkimRecords"
    assert {"Condition": "HasOwnSenderIdentity"} in TEMPLATE["Conditions"]["HasDkimRecords"]["Fn::And"]
    for name, resource in found.items():
        assert "SenderIdentity" not in str(resource["Properties"]), name


def test_the_senders_identity_outlives_the_stack_for_others_mail_by_it_too() -> None:
    identity = TEMPLATE["Resources"]["SenderIdentity"]
    assert (identity["DeletionPolicy"], identity["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_two_stages_of_an_account_mail_by_one_domain_when_one_of_them_owns_it() -> None:
    owner, other = made(Stage="prod"), made(Stage="dev", OwnsSenderIdentity="false")
    assert owner["SenderIdentity"]["Properties"]["EmailIdentity"] == "example.com"
    for name in ("MailerFunctionRole", "SendQuoteFunctionRole", "AccountChangesFunctionRole"):
        assert ":identity/" in str(other[name]["Properties"]["Policies"]), name
