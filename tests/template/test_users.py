"""The users' pool, most of which is for ever; and who mails its users."""

import base64
import re
from typing import Any

import pytest

from tests.lab.stack import translate
from tests.local_run import PROJECT
from tests.template.resolving import Place, leaves, schema

Json = dict[str, Any]

TEMPLATE = translate(PROJECT / "template.yaml")
HERE = Place("online-orders", "eu-central-1", "5f2c9e10-0d2e-11f1-9a41-06d21c3a7b11")


def pool(**parameters: str) -> Json:
    found: Json = HERE.resolve(TEMPLATE, **{"Stage": "prod", **parameters})["UserPool"]["Properties"]
    return found


def test_what_is_set_for_ever_is_as_it_was_when_the_first_pool_was_made() -> None:
    """Not to be changed with the template, not even by an addition.

    Cognito changes none of the first three on a pool that is there. Of Schema, CloudFormation says that attributes may
    be added, and people who did had every later update of the pool refused ("Invalid AttributeDataType input",
    "Existing schema attributes cannot be modified or deleted"). A standard attribute is not named in it at all: that
    alone has refused updates which left it as it was. What a person has besides belongs into the table.
    """
    properties = pool()
    assert properties["UsernameAttributes"] == ["email"]
    assert properties["UsernameConfiguration"] == {"CaseSensitive": False}
    assert "AliasAttributes" not in properties
    assert properties["Schema"] == [
        {
            "Name": "account_id",
            "AttributeDataType": "String",
            "Mutable": True,
            "Required": False,
            "DeveloperOnlyAttribute": False,
            "StringAttributeConstraints": {"MinLength": "1", "MaxLength": "64"},
        }
    ]


def test_a_pool_that_outlives_its_stack_has_its_groups_still() -> None:
    groups = {name: one for name, one in TEMPLATE["Resources"].items() if one["Type"] == "AWS::Cognito::UserPoolGroup"}
    assert {one["Properties"]["GroupName"] for one in groups.values()} == {"customers", "customer-success"}
    for name in ("UserPool", *groups):
        resource = TEMPLATE["Resources"][name]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain"), name


def test_a_second_factor_is_an_app_and_never_the_reset_mailbox() -> None:
    properties = pool()
    assert (properties["MfaConfiguration"], properties["EnabledMfas"]) == ("OPTIONAL", ["SOFTWARE_TOKEN_MFA"])
    assert properties["AccountRecoverySetting"] == {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]}


def test_nobody_signs_up_and_nobody_takes_an_address_that_is_not_his() -> None:
    properties = pool()
    assert properties["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert properties["AutoVerifiedAttributes"] == ["email"]
    assert properties["UserAttributeUpdateSettings"] == {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    client = HERE.resolve(TEMPLATE, Stage="prod")["UserPoolClient"]["Properties"]
    assert not {"email", "email_verified", "custom:account_id"} & set(client["WriteAttributes"])


def test_an_account_id_of_any_length_fits() -> None:
    from online_orders.domain.values import is_identifier

    (attribute,) = pool()["Schema"]
    most = int(attribute["StringAttributeConstraints"]["MaxLength"])
    assert is_identifier("a" * most)
    assert not is_identifier("a" * (most + 1))


# Who mails.


def test_before_ses_has_verified_the_domain_cognito_mails_and_in_its_own_words() -> None:
    """It takes words of ours only where SES sends them."""
    properties = pool()
    assert properties["EmailConfiguration"] == {"EmailSendingAccount": "COGNITO_DEFAULT"}
    assert properties["AdminCreateUserConfig"].keys() == {"AllowAdminCreateUserOnly"}
    assert "VerificationMessageTemplate" not in properties


def by_ses(**parameters: str) -> Json:
    return pool(
        UserMailBySes="true", SenderDomain="mail.example.com", SenderAddress="orders@mail.example.com", **parameters
    )


def test_then_ses_mails_from_the_brand_and_counts_what_comes_back() -> None:
    mail = by_ses(BrandName="Müller & Söhne, Netze")["EmailConfiguration"]
    assert mail["EmailSendingAccount"] == "DEVELOPER"
    assert mail["SourceArn"] == "arn:aws:ses:eu-central-1:123456789012:identity/mail.example.com"
    assert mail["ConfigurationSet"] == f"<MailConfiguration of {HERE.guid}>"
    match = re.fullmatch(r"=\?UTF-8\?B\?([\w+/=]+)\?= <orders@mail\.example\.com>", mail["From"])
    assert match
    assert base64.b64decode(match[1]).decode() == "Müller & Söhne, Netze"


@pytest.mark.parametrize(
    ("site", "told"),
    [
        ({"DomainName": "orders.example.com", "CertificateArn": "arn"}, "https://orders.example.com/"),
        ({"SiteUrl": "https://d1.cloudfront.net"}, "https://d1.cloudfront.net/"),
        ({}, None),
    ],
    ids=["domain", "address", "none"],
)
def test_an_invitation_has_brand_site_name_and_password_in_both_languages(site: Json, told: str | None) -> None:
    template = by_ses(BrandName="Quay", **site)["AdminCreateUserConfig"]["InviteMessageTemplate"]
    assert "SMSMessage" not in template
    english, german = template["EmailMessage"].split("<hr>")
    assert ("sign in" in english, "anmelden" in german) == (True, True)
    for part in (english, german):
        for word in ("Quay", "{username}", "{####}"):
            assert word in part
        assert re.findall(r"https?://[^<\s]+", part) == ([told] if told else [])
    assert len("x" * 60 + template["EmailSubject"].removeprefix("Quay")) <= 140


def test_a_code_for_a_new_password_has_the_brand_in_both_languages() -> None:
    template = by_ses(BrandName="Quay")["VerificationMessageTemplate"]
    assert template["DefaultEmailOption"] == "CONFIRM_WITH_CODE"
    assert template["EmailMessage"].count("{####}") == 2
    assert {"code", "Code"} <= set(re.findall(r"\w+", template["EmailMessage"]))
    assert template["EmailSubject"].startswith("Quay: ")


def test_cognito_takes_every_message_that_it_is_given() -> None:
    """By the patterns of its schema, whose classes are together all but what controls a terminal."""
    known = schema("AWS::Cognito::UserPool")
    texts = [leaf for leaf in leaves(by_ses(), known, known) if isinstance(leaf.value, str) and leaf.value[0] != "<"]
    assert {"/AdminCreateUserConfig/InviteMessageTemplate/EmailSubject"} <= {leaf.path for leaf in texts}
    for leaf in texts:
        pattern = re.sub(r"\\p\{[LMSNP]\}", r"\\S", leaf.said.get("pattern", ""))
        assert re.search(pattern, leaf.value), leaf.path
        assert len(leaf.value) <= leaf.said.get("maxLength", 20_000), leaf.path
