"""Links and cursors: derived from keys that rotate, known by their hash, and of no use once anything is changed."""

import ast
import hmac
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import confirm_page
from online_orders.aws import link_decisions, link_store, signing_keys
from online_orders.aws.table import WriteConflict, transact
from online_orders.domain import approval_links, confirmation
from online_orders.http import auth
from tests.contract.in_process import InProcess
from tests.contract.orders import offered, place, quote
from tests.contract.pages import is_guarded
from tests.contract.site import Mail
from tests.lab import Lab

WHOLE = r"(?<![0-9A-Za-z]){}(?![0-9A-Za-z])"


def rotate(lab: Lab, key_id: str, *, keep: bool = True) -> None:
    """As the operator does; what functions remember of the old secret is five minutes old at most."""
    secrets = lab.client("secretsmanager")
    secret_id = lab.stack.ref("SigningKeys")
    before = json.loads(secrets.get_secret_value(SecretId=secret_id)["SecretString"])
    previous = {**before.get("previous", {}), before["key_id"]: before["key"]} if keep else {}
    after = {"key_id": key_id, "key": f"the key {key_id} of sixty-four characters".ljust(64, "."), "previous": previous}
    secrets.put_secret_value(SecretId=secret_id, SecretString=json.dumps(after))
    lab.advance(minutes=6)


def token_in(mail: Mail) -> str:
    return mail.link.rpartition("/")[2]


def test_the_table_holds_neither_token_nor_code(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    first = order.mails_to(order.contact)[0]
    in_process.decide(mail, "approve", code="000000" if mail.code != "000000" else "000001").page(403)
    everything = json.dumps(in_process.lab.items, default=str)
    for each in (mail, first):
        assert token_in(each) not in everything
        assert not re.search(WHOLE.format(each.code), everything)
        assert approval_links.fingerprint(token_in(each)) in everything


def test_no_answer_of_the_desk_or_the_customer_holds_a_link_or_its_code(in_process: InProcess) -> None:
    site, people = in_process, in_process.people
    order, mail = offered(site)
    mails = [order.mails_to(order.contact)[0], mail]
    of_desk = [order.desk_path + path for path in ("", "/timeline", "/quotes/1", "/evidence", "/quote-draft")]
    of_customer = [order.path + path for path in ("", "/timeline", "/quotes/1")]
    responses = [order.desk("quote/preview", quote(site)).text]
    responses += [site.get(path, people.cs).text for path in (*of_desk, "/api/desk/orders")]
    responses += [site.get(path, order.user).text for path in (*of_customer, "/api/orders")]
    responses.append(order.desk("resend").text)
    site.settle()
    mails += [each for each in order.mails_to(order.contact) if each.has_link][-1:]
    assert len({each.link for each in mails}) == 3
    responses.append(site.get(f"{order.desk_path}/timeline", people.cs).text)
    for response in responses:
        for each in mails:
            assert token_in(each) not in response
            assert not re.search(WHOLE.format(each.code), response.replace(order.order_id, ""))


def test_a_link_outlives_the_rotation_of_its_key_and_its_reminder_is_the_same(in_process: InProcess) -> None:
    lab = in_process.lab
    order, mail = offered(in_process)
    rotate(lab, "2")
    lab.advance(days=4)
    reminder = order.mails_to(order.contact)[-1]
    assert reminder.id != mail.id
    assert (reminder.link, reminder.code) == (mail.link, mail.code)
    in_process.decide(mail, "approve").page()
    assert order.status == "completed"


def test_new_links_use_the_new_key_and_the_old_key_can_be_retired(in_process: InProcess) -> None:
    lab = in_process.lab
    old, old_mail = offered(in_process)
    rotate(lab, "2")
    new, new_mail = offered(in_process)
    key_ids = {
        json.loads(item["document"])["order_id"]: json.loads(item["document"])["key_id"]
        for item in lab.items
        if item["sk"] == "LINK" and json.loads(item["document"])["purpose"] == "quote"
    }
    assert (key_ids[old.order_id], key_ids[new.order_id]) == ("1", "2")
    rotate(lab, "3")
    in_process.decide(new_mail, "approve").page()
    rotate(lab, "4", keep=False)
    in_process.decide(old_mail, "approve").page(404)
    assert (old.status, new.status) == ("pending_confirmation", "completed")
    old.desk("resend").ok(202)
    in_process.settle()
    in_process.decide([each for each in old.mails_to(old.contact) if each.attachments][-1], "approve").page()


@pytest.mark.each_catalog
def test_looking_leaves_the_whole_table_as_it_was_byte_for_byte(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    received = order.mails_to(order.contact)[0]
    in_process.settle()
    before = json.dumps(in_process.lab.items, default=str)
    for method in ("GET", "HEAD"):
        for path in (mail.link, f"{mail.link}/quote.pdf", received.link, "/confirm/" + "A" * 43):
            in_process.request(method, path)
    assert json.dumps(in_process.lab.items, default=str) == before


def test_refusals_and_faults_behind_a_link_are_guarded_too(in_process: InProcess) -> None:
    site, lab = in_process, in_process.lab
    order, mail = offered(site)
    responses = {413: site.request("POST", mail.link, content="decision=" + "x" * 400_000)}
    for error, status in (("ThrottlingException", 503), ("ValidationException", 500)):
        lab.wire.fail(1, function="ConfirmPageFunction", error=error, how="before")
        responses[status] = site.request("GET", mail.link)
        lab.wire.heal()
    lab.errors.take()
    responses[405] = site.request("DELETE", mail.link)
    for _ in range(5):
        responses[423] = site.decide(mail, "approve", code="000000" if mail.code != "000000" else "000001")
    site.request("POST", mail.link, form={"decision": "request_mail"}).page()
    responses[410] = site.decide(mail, "approve")
    site.settle()
    newest = [each for each in order.mails_to(order.contact) if each.attachments][-1]
    for _ in range(5):
        site.decide(newest, "approve", code="000000" if newest.code != "000000" else "000001")
    responses[429] = site.request("POST", newest.link, form={"decision": "request_mail"})
    for status, response in responses.items():
        assert response.status == status, response
        assert is_guarded(response), response
        assert "set-cookie" not in response.headers


@pytest.mark.parametrize(("wrong", "status", "becomes"), [(5, 423, "pending_confirmation"), (4, 200, "completed")])
def test_a_right_code_takes_its_turn_among_wrong_ones_that_come_at_once(
    in_process: InProcess, wrong: int, status: int, becomes: str
) -> None:
    order, mail = offered(in_process)

    def guess() -> None:
        for number in range(1, wrong + 1):
            in_process.decide(mail, "approve", code=f"{(int(mail.code) + number) % 1_000_000:06}")

    lab = in_process.lab
    lab.wire.meanwhile(guess, function="ConfirmPageFunction", operation="TransactWriteItems")
    before = lab.wire.count("dynamodb", "TransactWriteItems", "ConfirmPageFunction")
    in_process.decide(mail, "approve").page(status)
    assert order.status == becomes
    written = lab.wire.count("dynamodb", "TransactWriteItems", "ConfirmPageFunction") - before
    assert written == 2, "the right code's first is refused; the fifth wrong code or the right one makes the second"


def test_what_is_written_for_a_right_code_holds_for_the_count_that_it_saw_alone(in_process: InProcess) -> None:
    """Wrong codes below the fifth leave the order as it is, so its own number does not tell of them."""
    _, mail = offered(in_process)
    token = token_in(mail)
    with in_process.lab.as_operator():
        seen = link_store.find_link(token)
        transact([link_store.expected_attempts(token, seen)])
        assert link_store.count_wrong_code(token, seen)
        assert not link_store.count_wrong_code(token, seen), "two that saw the same are counted one after the other"
        for action in (link_store.expected_attempts(token, seen), link_store.count_wrong_code_write(token, seen)):
            with pytest.raises(WriteConflict):
                transact([action])
        assert link_store.find_link(token).wrong_codes == 1


def test_links_and_cursors_are_signed_with_keys_of_their_own(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested: list[tuple[bytes, bytes]] = []

    class Watched:
        @staticmethod
        def digest(key: bytes, purpose: bytes, name: str) -> bytes:
            requested.append((purpose, key))
            return hmac.digest(key, purpose, name)

    def purposes(act: Callable[[], object]) -> set[bytes]:
        requested.clear()
        act()
        return {purpose for purpose, _ in requested}

    lab, people = in_process.lab, in_process.people
    for _ in range(2):
        place(in_process)
    monkeypatch.setattr(signing_keys, "hmac", Watched)
    listed = purposes(lambda: in_process.get("/api/orders?limit=1", people.customer).ok())
    mailed = purposes(lambda: offered(in_process))
    mail = [mail for mail in in_process.mails() if mail.attachments][-1]
    opened = purposes(lambda: in_process.request("GET", mail.link).page())
    assert (listed, mailed, opened) == ({b"cursors"}, {b"links"}, {b"links"})
    with lab.as_operator():
        keys = {purpose: signing_keys.signing_key(purpose).key for purpose in ("links", "cursors")}
    (secret,) = {key for _, key in requested}
    # A release that derived them otherwise would void every link and cursor that is out.
    assert keys == {purpose: hmac.digest(secret, purpose.encode(), "sha256") for purpose in keys}


def test_token_and_code_are_compared_in_constant_time(in_process: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    class Watched:
        digest = staticmethod(hmac.digest)

        @staticmethod
        def compare_digest(one: bytes, other: bytes) -> bool:
            compared.append(other)
            return hmac.compare_digest(one, other)

    _, mail = offered(in_process)
    monkeypatch.setattr(approval_links, "hmac", Watched)
    in_process.decide(mail, "approve").page()
    assert {token_in(mail).encode(), mail.code.encode()} <= set(compared)


@pytest.mark.parametrize("module", [approval_links, link_store, confirmation, link_decisions, confirm_page, auth])
def test_no_secret_is_compared_by_the_ordinary_operators(module: Any) -> None:
    secret = {"token", "code", "secret", "signature", "expected"}
    for node in ast.walk(ast.parse(Path(module.__file__).read_text("utf-8"))):
        if isinstance(node, ast.Compare) and any(isinstance(each, (ast.Eq, ast.NotEq)) for each in node.ops):
            named = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            named |= {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
            assert not named & secret, ast.unparse(node)


def test_a_cursor_with_any_bit_changed_or_cut_off_is_refused(in_process: InProcess) -> None:
    for _ in range(2):
        place(in_process)
    path, user = "/api/orders?limit=1", in_process.people.customer
    cursor: str = in_process.get(path, user).ok()["next_cursor"]
    others = [("B" if each == "A" else "A") for each in cursor]
    forged = [cursor[:index] + other + cursor[index + 1 :] for index, other in enumerate(others)]
    forged += [cursor[:length] for length in range(0, len(cursor), 3)] + [cursor + "0", cursor[16:], cursor[::-1]]
    for sent in forged:
        in_process.get(f"{path}&cursor={sent}", user).refused(400, "invalid_cursor")
    in_process.get(f"{path}&cursor={cursor}", user).ok()


def test_a_cursor_outlives_the_rotation_of_its_key_and_dies_with_it(in_process: InProcess) -> None:
    for _ in range(2):
        place(in_process)
    path, user = "/api/orders?limit=1", in_process.people.customer
    cursor = in_process.get(path, user).ok()["next_cursor"]
    rotate(in_process.lab, "2")
    in_process.get(f"{path}&cursor={cursor}", user).ok()
    rotate(in_process.lab, "3", keep=False)
    in_process.get(f"{path}&cursor={cursor}", user).refused(400, "invalid_cursor")


def test_a_cursor_is_the_callers_own_even_within_an_account(in_process: InProcess) -> None:
    lab = in_process.lab
    lab.account("acme")
    item = {"kind": "ip_addresses", "quantity": 1, "start_date": in_process.day(40)}
    for number in range(2):
        headers = {"Idempotency-Key": str(number)}
        response = lab.http("POST", "/api/orders", json={"items": [item]}, headers=headers, user=lab.users.customer)
        assert response.status == 201
    cursor = lab.http("GET", "/api/orders?limit=1", user=lab.users.customer).json()["next_cursor"]
    path = f"/api/orders?limit=1&cursor={cursor}"
    assert lab.http("GET", path, user=lab.users.customer).status == 200
    refused = lab.http("GET", path, user=lab.users.colleague)
    assert (refused.status, refused.json()["code"]) == (400, "invalid_cursor")
