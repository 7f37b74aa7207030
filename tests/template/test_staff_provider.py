"""How staff sign in at their company's provider; and who may write what that provider says."""

import json
import re
from typing import Any

import pytest

from online_orders.domain.roles import ROLES
from tests.lab.stack import Stack, translate
from tests.local_run import PROJECT
from tests.template.resolving import Place

Json = dict[str, Any]

TEMPLATE = translate(PROJECT / "template.yaml")
HERE = Place("online-orders", "eu-central-1", "5f2c9e10-0d2e-11f1-9a41-06d21c3a7b11")
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:staff-AbCdEf"
OIDC = {
    "StaffProvider": "OIDC",
    "StaffProviderIssuer": "https://login.example.com/v2",
    "StaffProviderClientId": "desk",
    "StaffProviderSecret": SECRET,
    "StaffRoleMapping": "leads=lead",
}
SAML = {
    "StaffProvider": "SAML",
    "StaffProviderMetadata": "https://login.example.com/metadata",
    "StaffRoleMapping": "leads=lead",
}
SELF_SERVICE = "aws.cognito.signin.user.admin"


def made(**parameters: str) -> dict[str, Json]:
    return HERE.resolve(TEMPLATE, **{"Stage": "prod", **parameters})


def clients(**parameters: str) -> dict[str, Json]:
    return {
        name: one["Properties"]
        for name, one in made(**parameters).items()
        if one["Type"] == "AWS::Cognito::UserPoolClient"
    }


def audience(**parameters: str) -> list[str]:
    (api,) = (one for one in made(**parameters).values() if one["Type"] == "AWS::ApiGatewayV2::Api")
    (scheme,) = api["Properties"]["Body"]["components"]["securitySchemes"].values()
    found: list[str] = scheme["x-amazon-apigateway-authorizer"]["jwtConfiguration"]["audience"]
    return found


def test_without_a_provider_nothing_of_it_is_made() -> None:
    kinds = [one["Type"] for one in made().values()]
    assert "AWS::Cognito::UserPoolIdentityProvider" not in kinds
    assert clients().keys() == {"UserPoolClient", "SecondFactorClient"}
    assert audience() == [f"<UserPoolClient of {HERE.guid}>"]


def test_an_oidc_provider_is_made_with_a_secret_that_is_no_parameter() -> None:
    resources = made(**OIDC)
    assert "StaffSamlProvider" not in resources
    provider = resources["StaffOidcProvider"]["Properties"]
    assert (provider["ProviderName"], provider["ProviderType"]) == ("StaffOidc", "OIDC")
    assert provider["ProviderDetails"] == {
        "oidc_issuer": "https://login.example.com/v2",
        "client_id": "desk",
        "client_secret": f"{{{{resolve:secretsmanager:{SECRET}:SecretString:client_secret}}}}",
        "authorize_scopes": "openid email profile",
        "attributes_request_method": "GET",
    }
    assert provider["AttributeMapping"] == {"email": "email", "name": "name", "profile": "groups"}
    versioned = made(**OIDC, StaffProviderSecretVersion="v-2")["StaffOidcProvider"]["Properties"]["ProviderDetails"]
    assert versioned["client_secret"] == f"{{{{resolve:secretsmanager:{SECRET}:SecretString:client_secret::v-2}}}}"


def test_a_saml_provider_is_made_that_takes_only_sign_ins_that_began_here() -> None:
    resources = made(**SAML, StaffGroupsClaim="http://schemas.example.com/groups")
    assert "StaffOidcProvider" not in resources
    provider = resources["StaffSamlProvider"]["Properties"]
    assert (provider["ProviderName"], provider["ProviderType"]) == ("StaffSaml", "SAML")
    assert provider["ProviderDetails"] == {
        "MetadataURL": "https://login.example.com/metadata",
        "IDPInit": "false",
        "IDPSignout": "false",
    }
    assert provider["AttributeMapping"]["profile"] == "http://schemas.example.com/groups"


@pytest.mark.parametrize(("parameters", "name"), [(OIDC, "StaffOidc"), (SAML, "StaffSaml")], ids=["oidc", "saml"])
def test_the_providers_people_have_a_client_of_their_own_whose_tokens_the_api_takes(
    parameters: Json, name: str
) -> None:
    resources, staff = made(**parameters), clients(**parameters)["StaffClient"]
    assert staff["SupportedIdentityProviders"] == [f"<{name}Provider of {HERE.guid}>"]
    assert clients(**parameters)["UserPoolClient"]["SupportedIdentityProviders"] == ["COGNITO"]
    assert audience(**parameters) == [f"<{client} of {HERE.guid}>" for client in ("UserPoolClient", "StaffClient")]
    styled = [
        one["Properties"]["ClientId"]
        for one in resources.values()
        if one["Type"] == "AWS::Cognito::ManagedLoginBranding"
    ]
    assert sorted(styled) == sorted(f"<{client} of {HERE.guid}>" for client in clients(**parameters))


@pytest.mark.parametrize("parameters", [{}, OIDC, SAML], ids=["pool", "oidc", "saml"])
@pytest.mark.parametrize("stage", ["sandbox", "dev", "prod"])
def test_nobody_writes_what_a_provider_says_about_the_groups(stage: str, parameters: Json) -> None:
    """Cognito writes a mapped attribute with the client's rights, so the client of the provider must be allowed to.

    Users write with an access token that has the scope of self-service. Calls of the user pool's API that take a
    password, or anything else but a code, give it to every token; OAuth gives it where the client allows it.
    """
    found = clients(**parameters, Stage=stage, SiteUrl="https://orders.example.com")
    for name, client in found.items():
        writes = set(client["WriteAttributes"])
        is_self_service = SELF_SERVICE in client["AllowedOAuthScopes"] or set(client["ExplicitAuthFlows"]) > {
            "ALLOW_REFRESH_TOKEN_AUTH"
        }
        assert writes == ({"email", "name", "profile"} if name == "StaffClient" else {"name", "locale"}), name
        assert not (is_self_service and "profile" in writes), name
    if parameters:
        mapped = made(**parameters)[f"Staff{parameters['StaffProvider'].title()}Provider"]["Properties"]
        assert mapped["AttributeMapping"].keys() == set(found["StaffClient"]["WriteAttributes"])


def test_no_token_of_a_screen_changes_how_its_user_signs_in_but_that_of_the_page_for_it() -> None:
    with_scope = {name for name, one in clients(**OIDC).items() if SELF_SERVICE in one["AllowedOAuthScopes"]}
    assert with_scope == {"SecondFactorClient"}
    page = clients(**OIDC)["SecondFactorClient"]
    assert page["SupportedIdentityProviders"] == ["COGNITO"]
    assert (page["AccessTokenValidity"], page["TokenValidityUnits"]["AccessToken"]) == (5, "minutes")
    for parameters in ({}, OIDC, {"IdentityIssuer": "https://login.example.com", "IdentityAudience": "desk"}):
        assert not any("SecondFactorClient" in each for each in audience(**parameters))


def test_a_group_that_was_taken_away_counts_within_a_working_day() -> None:
    staff = clients(**OIDC)["StaffClient"]
    assert (staff["RefreshTokenValidity"], staff["TokenValidityUnits"]["RefreshToken"]) == (8, "hours")
    assert (staff["IdTokenValidity"], staff["TokenValidityUnits"]["IdToken"]) == (15, "minutes")


def test_passkeys_verify_their_user_and_the_sign_in_page_offers_them() -> None:
    resources = made()
    pool = resources["UserPool"]["Properties"]
    assert pool["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"] == ["PASSWORD", "WEB_AUTHN"]
    assert pool["WebAuthnUserVerification"] == "required"
    assert pool["WebAuthnFactorConfiguration"] == "MULTI_FACTOR_WITH_USER_VERIFICATION"
    assert pool["UserPoolTier"] == "ESSENTIALS"
    assert resources["SignInDomain"]["Properties"]["ManagedLoginVersion"] == 2
    assert all("ALLOW_USER_AUTH" in each["ExplicitAuthFlows"] for each in clients().values())
    assert "StaffSignInStyle" not in resources


# What is missing is said before anything is made.


def refusals(**given: str) -> list[str]:
    parameters = {name: one.get("Default", "") for name, one in TEMPLATE["Parameters"].items()} | given
    stack = Stack(TEMPLATE, parameters, client=lambda service: None)
    return [
        assertion["AssertDescription"]
        for rule in TEMPLATE["Rules"].values()
        if "RuleCondition" not in rule or stack._holds(rule["RuleCondition"])
        for assertion in rule["Assertions"]
        if not stack._holds(assertion["Assert"])
    ]


@pytest.mark.parametrize("parameters", [{}, OIDC, SAML], ids=["pool", "oidc", "saml"])
def test_a_whole_set_is_taken(parameters: Json) -> None:
    assert refusals(**parameters) == []


@pytest.mark.parametrize(
    ("complete", "missing"),
    [(whole, name) for whole in (OIDC, SAML) for name in whole],
    ids=[f"{whole['StaffProvider']}-{name}" for whole in (OIDC, SAML) for name in whole],
)
def test_a_set_without_one_of_its_parameters_is_refused(complete: Json, missing: str) -> None:
    (found,) = refusals(**{**complete, missing: ""})
    assert missing.removesuffix("Mapping") in found or missing == "StaffProvider"


def test_the_parts_of_the_other_kind_and_of_another_issuer_are_refused() -> None:
    assert refusals(**OIDC, StaffProviderMetadata="https://a.example") == ["StaffProviderMetadata is for SAML."]
    assert refusals(**SAML, StaffProviderIssuer="https://a.example") == ["StaffProviderIssuer is for OIDC."]
    (found,) = refusals(**OIDC, IdentityIssuer="https://a.example", IdentityAudience="desk")
    assert "StaffProvider must be empty" in found


def test_no_secret_is_a_parameter() -> None:
    secret = TEMPLATE["Parameters"]["StaffProviderSecret"]
    assert re.fullmatch(secret["AllowedPattern"], SECRET)
    assert not re.fullmatch(secret["AllowedPattern"], "Zk3q~f8Q2mT")
    assert "NoEcho" not in json.dumps(TEMPLATE["Parameters"])


def test_every_role_of_staff_and_no_other_can_be_mapped() -> None:
    (roles,) = set(re.findall(r"=\(([a-z|]+)\)", TEMPLATE["Parameters"]["StaffRoleMapping"]["AllowedPattern"]))
    assert set(roles.split("|")) == set(ROLES["customer-success"])
