"""Staff sign in at their company's provider, which the local run plays by a second user pool, as a browser does it."""

import base64
import hashlib
import html
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError

from tests import loopback
from tests.contract.live import Live
from tests.contract.site import Json

pytestmark = pytest.mark.live

VERIFIER = "a-verifier-of-the-code-that-is-as-long-as-it-must-be-at-least"


def claims_of(token: str) -> Json:
    payload = token.split(".")[1]
    found: Json = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def sign_in(live: Live, username: str) -> tuple[int, Json]:
    """Go from the welcome page's button to the provider's page and back; return how the code was answered."""
    config = loopback.get(f"{live.origin}/config.json").json()
    client = config["staff_provider"]
    (person,) = (one for one in live.description["staff_provider"]["users"] if one["username"] == username)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    query = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": f"{live.origin}/",
        "scope": config["scope"],
        "state": "state",
        "nonce": "nonce",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "identity_provider": client["identity_provider"],
    }
    with loopback.client(timeout=60) as browser:
        at_pool = browser.get(config["authorization_endpoint"], params=query)
        page = browser.get(at_pool.headers["location"]).text
        fields = {name: html.unescape(value) for name, value in re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', page)}
        form = {**fields, "username": person["username"], "password": person["password"]}
        at_provider = browser.post(f"{live.origin}/login", data=form)
        back = browser.get(at_provider.headers["location"]).headers["location"]
        assert back.startswith(f"{live.origin}/?")
        answer = parse_qs(urlsplit(back).query)
        assert answer["state"] == ["state"]
        exchanged = browser.post(
            config["token_endpoint"],
            data={
                "grant_type": "authorization_code",
                "code": answer["code"][0],
                "client_id": client["client_id"],
                "redirect_uri": f"{live.origin}/",
                "code_verifier": VERIFIER,
            },
        )
    return exchanged.status_code, exchanged.json()


def refresh(live: Live, refresh_token: str) -> Json:
    config = loopback.get(f"{live.origin}/config.json").json()
    form = {
        "grant_type": "refresh_token",
        "client_id": config["staff_provider"]["client_id"],
        "refresh_token": refresh_token,
    }
    found: Json = loopback.post(config["token_endpoint"], data=form).json()
    return found


def ask(live: Live, token: str, path: str) -> tuple[int, Json]:
    response = live.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    return response.status, response.json


def test_a_member_of_staff_signs_in_at_the_companys_provider_and_cannot_write_the_groups(live: Live) -> None:
    status, tokens = sign_in(live, "petra")
    assert status == 200, tokens
    claims = claims_of(tokens["id_token"])
    assert (claims["cognito:groups"], claims["role"]) == (["customer-success"], "lead")
    assert (claims["email"], claims["name"]) == ("petra.lindqvist@vendor.example", "Petra Lindqvist")
    assert "profile" not in claims
    assert ask(live, tokens["id_token"], "/api/desk/orders")[0] == 200
    with pytest.raises(ClientError, match="required scopes"):
        live.aws("cognito-idp").update_user_attributes(
            AccessToken=tokens["access_token"], UserAttributes=[{"Name": "profile", "Value": "desk-leads"}]
        )
    refreshed = claims_of(refresh(live, tokens["refresh_token"])["id_token"])
    assert (refreshed["sub"], refreshed["role"]) == (claims["sub"], "lead")


def test_a_group_gives_its_role_and_no_more(live: Live) -> None:
    _, tokens = sign_in(live, "emil")
    assert claims_of(tokens["id_token"])["role"] == "agent"
    account = next(iter(live.accounts))
    assert ask(live, tokens["id_token"], f"/api/desk/accounts/{account}")[0] == 200
    response = live.request(
        "PUT",
        f"/api/desk/accounts/{account}",
        json=live.accounts[account],
        headers={"Authorization": f"Bearer {tokens['id_token']}"},
    )
    assert response.status == 403


def test_whoever_is_in_no_group_that_gives_a_role_does_not_get_in(live: Live) -> None:
    status, answer = sign_in(live, "iris")
    assert (status, answer["error"]) == (400, "invalid_grant")
    assert "id_token" not in answer
