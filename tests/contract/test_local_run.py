"""What the local run promises to whoever starts it."""

import time
from datetime import date

import pytest
from botocore.exceptions import ClientError

from tests import loopback
from tests.contract.live import Live
from tests.contract.orders import claimed, fresh, item, offered, place, quote
from tests.contract.site import Json

pytestmark = pytest.mark.live


def test_the_description_names_all_that_a_tester_needs(live: Live) -> None:
    found = live.description
    assert set(found) >= {"site", "api", "mailbox", "cs_mailbox", "aws", "cognito", "users", "resources"}
    assert found["api"] == f"{found['site']}/api"
    assert set(found["aws"]) >= {"endpoint", "region", "access_key_id", "secret_access_key"}
    assert set(found["cognito"]) >= {"user_pool_id", "client_id"}
    assert set(found["resources"]) >= {"table", "state_machine_arn", "event_bus"}
    assert found["token_url"] == f"{found['api']}/token"
    assert [each["account_id"] for each in found["service_users"]] == ["harbor-pine", None]
    for user in found["users"]:
        assert set(user) >= {"username", "password", "email", "role", "account_id"}
    roles = [user["role"] for user in found["users"]]
    first = roles.index("viewer")
    assert set(roles[:first]) == {"customer", "reseller", "customer-success"}
    assert set(roles[first:]) == {"viewer", "buyer", "auditor", "agent"}


def _begun(account: Json) -> list[Json]:
    today = date.today().isoformat()  # noqa: DTZ011 - the seeds are of the day of this machine
    return [site for site in account["sites"] if site["license"] and site["license"]["starts_on"] <= today]


def test_the_seeded_accounts_are_as_promised(live: Live) -> None:
    people, accounts = live.people, live.accounts
    free = [
        account
        for account in accounts.values()
        if not account["parent_account_id"] and not account["account_id"].startswith("sub-")
    ]
    owners = {user.account_id for user in live.users if user.role == "customer"}
    enrolled = [one for one in free if one["account_id"] in owners and one["enrollment"]["state"] == "active"]
    assert len(enrolled) == 3
    assert [one["locale"] for one in enrolled].count("de") == 1
    assert sum(one["currency"] not in {"JPY", "KRW", "KWD"} for one in enrolled) >= 2
    steps = live.get("/api/catalog", people.customer).ok()["bandwidth_steps"]
    for account in enrolled:
        assert _begun(account)
        assert any(site["license"] and site["license"]["starts_on"] > live.day(30) for site in account["sites"])
        assert any(site["address"] for site in account["sites"])
    for account in accounts.values():
        assert all(site["license"]["bandwidth_mbps"] < steps[-1] for site in _begun(account))
        emails = {user.email for user in live.users if user.account_id == account["account_id"]}
        assert account["enrollment"]["contact"]["email"] not in emails
    assert len({sub.account_id for sub in people.subs}) == 2


def test_the_mailbox_is_a_page_for_people_and_json_for_programs(live: Live) -> None:
    _, mail = offered(live)
    page = loopback.get(live.description["mailbox"], headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    messages = loopback.get(live.description["mailbox"], headers={"Accept": "application/json"}).json()
    sent = [message["sent_at"] for message in messages["messages"]]
    assert sent == sorted(sent)
    for message in messages["messages"]:
        assert set(message) >= {"id", "to", "from", "subject", "text", "html", "sent_at", "attachments"}
    (found,) = [message for message in messages["messages"] if message["id"] == mail.id]
    assert found["attachments"][0]["url"].startswith(live.origin)


def test_a_service_user_gets_a_token_that_the_gateway_takes_and_acts_under_its_name(live: Live) -> None:
    machine, _ = live.description["service_users"]
    form = {"grant_type": "client_credentials", "client_id": machine["client_id"]}
    shown = live.request("POST", "/api/token", form={**form, "client_secret": machine["client_secret"]}).ok()
    held = {"Authorization": f"Bearer {shown['access_token']}"}
    body, key = {"items": [item(live)]}, {"Idempotency-Key": fresh("machine")}
    placed = live.request("POST", "/api/orders", json=body, headers={**held, **key}).ok(201)
    assert (placed["account_id"], placed["placed_by"]["name"]) == ("harbor-pine", "Warehouse system")
    assert live.request("GET", "/api/desk/orders", headers=held).status == 403
    where = f"/api/service-users/{machine['client_id']}"
    assert live.get(where, live.people.customer).ok()["last_used_on"]
    live.put(where, live.people.customer, {"state": "deactivated"}).ok()
    comment = {"text": "Still here?"}
    path = f"/api/orders/{placed['order_id']}/comment"
    live.request("POST", path, json=comment, headers=held).refused(403, "forbidden")
    assert live.request("POST", "/api/token", form={**form, "client_secret": machine["client_secret"]}).status == 401
    live.put(where, live.people.customer, {"state": "active"}).ok()


def test_the_engine_answers_whoever_looks_into_an_execution_or_a_log(live: Live) -> None:
    order = place(live)
    (execution,) = live.eventually(lambda: live.executions(order.order_id))
    arn = live.description["resources"]["state_machine_arn"].replace(":stateMachine:", ":execution:")
    history = live.aws("stepfunctions").get_execution_history(executionArn=f"{arn}:{execution.name}")
    assert history["events"]
    live.eventually(lambda: order.order_id in live.logs())


def test_no_user_writes_the_own_account_or_group(live: Live) -> None:
    cognito = live.aws("cognito-idp")
    user = live.people.suspended
    token = live.tokens(user)["AccessToken"]
    expected = [{"Name": "custom:account_id", "Value": live.people.other.account_id}]
    with pytest.raises(ClientError):
        cognito.update_user_attributes(AccessToken=token, UserAttributes=expected)
    with pytest.raises(ClientError):
        cognito.sign_up(
            ClientId=live.description["cognito"]["client_id"],
            Username="mallory@example.com",
            Password="Mallory-Pass-1",
            UserAttributes=[{"Name": "email", "Value": "mallory@example.com"}, *expected],
        )


def test_mails_wait_until_the_senders_domain_is_verified_and_go_once(live: Live) -> None:
    """On SES a domain is pending until its DKIM records are found; here its identity is taken away and put back."""
    sesv2 = live.aws("sesv2")
    (domain,) = (each["IdentityName"] for each in sesv2.list_email_identities()["EmailIdentities"])
    sesv2.delete_email_identity(EmailIdentity=domain)
    try:
        order = claimed(live)
        order.desk("quote", quote(live)).ok(202)
        time.sleep(3)
        assert live.mails(about=order.order_id) == []
        assert order.read()["quote"]["state"] == "sending"
    finally:
        sesv2.create_email_identity(EmailIdentity=domain)
    live.eventually(lambda: order.status == "pending_confirmation")
    live.eventually(lambda: len(live.mails(about=order.order_id)) == 4)
    assert "SES refused a mail" in live.logs()
    time.sleep(6)  # longer than the longest pause of the local run
    assert len(live.mails(about=order.order_id)) == 4
    live.decide(order.quote_mail(), "approve").page()


def test_no_execution_of_an_undisturbed_run_fails(live: Live) -> None:
    workflow = live.aws("stepfunctions")
    arn = live.description["resources"]["state_machine_arn"]
    for status in ("FAILED", "TIMED_OUT"):
        assert workflow.list_executions(stateMachineArn=arn, statusFilter=status)["executions"] == []
    assert all(name.endswith("-1") for name in live.execution_names())
