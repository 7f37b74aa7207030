"""Handing over: who decides then, who is told, what the desk agrees to, and what a removed contact can no longer do."""

from tests.contract.in_process import InProcess
from tests.contract.orders import Order, enroll, offer, place_for, quote, rows
from tests.contract.site import Json, Mail, Response

NEW = "robin@{}.example"


def handing(site: InProcess, policy: str = "desk") -> tuple[Order, Mail, str]:
    """An order of a new account with a policy, quoted; its mail; and a colleague's address of the contact's domain."""
    account = enroll(site, **({} if policy == "desk" else {"hand_over": policy}))
    order = place_for(site, account)
    return order, offer(order), NEW.format(account["account_id"])


def hand_over(site: InProcess, mail: Mail, to: str, **fields: str) -> Response:
    return site.decide(mail, "hand_over", **{"new_name": "Robin", "new_email": to, **fields})


def row_of(order: Order) -> Json:
    row: Json = order.site.get(order.desk_path, order.site.people.cs).ok()
    return row


def events_of(order: Order) -> list[str]:
    return [entry["event"] for entry in order.happened()]


def mails(site: InProcess, order: Order, address: str, subject: str) -> list[Mail]:
    site.lab.settle()
    return [mail for mail in order.mails_to(address) if subject in mail.subject]


def quote_mail_to(site: InProcess, order: Order, address: str) -> Mail:
    return mails(site, order, address, "please decide by")[-1]


def test_where_the_policy_allows_it_the_colleague_decides_at_once(in_process: InProcess) -> None:
    order, mail, colleague = handing(in_process, "same_domain")
    page = hand_over(in_process, mail, colleague, reason="On leave").page()
    assert "The decision is handed over" in page
    assert 'name="decision"' not in page
    assert order.read()["contact"] == {"name": "Robin", "email": colleague}
    assert in_process.request("GET", mail.link).status == 410
    assert in_process.decide(mail, "approve").status == 410
    assert hand_over(in_process, mail, colleague).status == 410
    new = quote_mail_to(in_process, order, colleague)
    assert (new.link, new.code) != (mail.link, mail.code)
    assert f"{order.contact}" in new.text  # who was asked before
    (told,) = mails(in_process, order, order.contact, "decides now")
    assert f"Robin <{colleague}>" in told.text
    assert not told.has_link
    in_process.decide(new, "approve", name="Robin").page()
    assert order.status == "completed"
    (handed,) = [entry for entry in order.happened() if entry["event"] == "order.handed_over"]
    assert handed["data"]["former_recipient"] == order.contact
    evidence = rows(in_process, f"{order.desk_path}/evidence", in_process.people.cs)
    assert [(one["decision"], one["recipient"], one["name"], one["sequence"]) for one in evidence] == [
        ("hand_over", order.contact, "Connie Contact", handed["sequence"]),
        ("approve", colleague, "Robin", order.happened()[-1]["sequence"]),
    ]
    (event,) = [one for one in in_process.lab.events if one.detail_type == "order.handed_over"]
    assert "example" not in str(event.detail)


def test_else_it_waits_for_the_desk_and_the_contact_can_still_decide(in_process: InProcess) -> None:
    order, mail, colleague = handing(in_process)
    before = order.read()
    page = hand_over(in_process, mail, colleague).page()
    assert "waits for Customer Success" in page
    assert 'value="approve"' in page
    assert "waits for Customer Success" in in_process.request("GET", mail.link).page()
    assert order.read() == before
    row = row_of(order)
    assert "hand_over_asked" in row["flags"]
    assert "hand_over" in row["actions"]
    waiting = row["hand_over"]
    assert (waiting["name"], waiting["email"], waiting["asked_by"]) == ("Robin", colleague, "Connie Contact")
    assert colleague not in str(order.timeline())
    (told,) = mails(in_process, order, in_process.cs_mailbox, "Hand-over")
    assert f"Robin <{colleague}>" in told.text
    assert hand_over(in_process, mail, colleague).page() == page
    assert events_of(order).count("order.hand_over_asked") == 1
    in_process.decide(mail, "approve").page()
    assert order.status == "completed"
    assert order.desk("hand-over", {"decision": "approve"}).refused(409, "conflict")["status"] == "completed"


def test_what_the_desk_agrees_to_is_seen_by_the_accounts_contact(in_process: InProcess) -> None:
    """Also where a member of Customer Success agrees to be the colleague."""
    order, mail, _ = handing(in_process)
    colleague = in_process.people.cs.email
    hand_over(in_process, mail, colleague).page()
    approved = order.desk("hand-over", {"decision": "approve"}).ok()
    assert approved["contact"]["email"] == colleague
    (told,) = mails(in_process, order, order.contact, "decides now")
    assert f"<{colleague}>" in told.text
    assert in_process.decide(mail, "approve").status == 410
    in_process.decide(quote_mail_to(in_process, order, colleague), "approve").page()
    assert order.status == "completed"


def test_the_accounts_contact_is_told_where_somebody_else_hands_over(in_process: InProcess) -> None:
    order, _, colleague = handing(in_process, "same_domain")
    order.desk("resend", {"contact": {"name": "Deputy", "email": "deputy@elsewhere.example"}}).ok(202)
    hand_over(in_process, quote_mail_to(in_process, order, "deputy@elsewhere.example"), colleague).page()
    for address in (order.contact, "deputy@elsewhere.example"):
        assert mails(in_process, order, address, "decides now"), address


def test_after_a_refusal_the_same_link_decides(in_process: InProcess) -> None:
    order, mail, colleague = handing(in_process)
    hand_over(in_process, mail, colleague).page()
    refused = order.desk("hand-over", {"decision": "refuse", "reason": "Nobody here knows <her>."}).ok()
    assert (refused["flags"], "hand_over" in refused, "hand_over" in refused["actions"]) == ([], False, False)
    (told,) = mails(in_process, order, order.contact, "as before")
    assert (told.link, told.code) == (mail.link, mail.code)
    assert "> Nobody here knows <her>." in told.text
    order.desk("hand-over", {"decision": "approve"}).refused(409, "conflict")
    in_process.decide(mail, "approve").page()
    assert order.status == "completed"
    assert order.desk("hand-over", {}).faults() == {"/decision": "required"}
    assert order.desk("hand-over", {"decision": "maybe", "reason": 1}).faults() == {
        "/decision": "not_allowed",
        "/reason": "wrong_type",
    }


def test_the_policy_never_is_an_unknown_decision(in_process: InProcess) -> None:
    order, mail, colleague = handing(in_process, "never")
    page = in_process.request("GET", mail.link).page()
    assert 'value="hand_over"' not in page.partition("<body")[2]
    assert 'value="ask"' in page
    assert hand_over(in_process, mail, colleague, code="000000").status == 400
    assert hand_over(in_process, mail, colleague).status == 400
    in_process.decide(mail, "approve").page()
    assert order.status == "completed"


def test_a_colleague_is_checked_like_any_contact(in_process: InProcess) -> None:
    order, mail, colleague = handing(in_process, "same_domain")
    for fields, fault in (
        ({"new_name": ""}, "name of the colleague"),
        ({"new_email": ""}, "e-mail address of the colleague"),
        ({"new_email": "robin@\u0430cme.example"}, "plain Latin letters"),
        ({"new_email": "a@b.example\r\nBcc: x@evil.example"}, "plain Latin letters"),
        ({"new_email": "erased@erased.invalid"}, "plain Latin letters"),
        ({"new_email": order.contact.upper()}, "asked now"),
        ({"new_name": "n" * 201}, "at most 200 characters"),
    ):
        assert fault in hand_over(in_process, mail, colleague, **fields).page(400), fault
    assert order.read()["contact"]["email"] == order.contact


def test_a_name_with_hidden_marks_and_line_ends_adds_no_header(in_process: InProcess) -> None:
    order, mail, colleague = handing(in_process, "same_domain")
    hand_over(in_process, mail, colleague, new_name="Robin\r\nBcc: x@evil.example\u202e\u200b").page()
    assert order.read()["contact"]["name"] == "Robin Bcc: x@evil.example"
    (told,) = mails(in_process, order, order.contact, "decides now")
    assert "\n" not in told.subject
    assert not in_process.mails(to="x@evil.example")


def test_a_robot_without_the_code_hands_nothing_over(in_process: InProcess) -> None:
    order, mail, colleague = handing(in_process, "same_domain")
    code = "000000" if mail.code != "000000" else "111111"
    answers = [hand_over(in_process, mail, colleague, code=code).status for _ in range(5)]
    assert answers == [403, 403, 403, 403, 423]
    assert order.read()["contact"]["email"] == order.contact


def test_a_removed_contact_hands_nothing_over_and_takes_the_colleague_along(in_process: InProcess) -> None:
    order, mail, colleague = handing(in_process, "same_domain")
    hand_over(in_process, mail, colleague).page()
    new = quote_mail_to(in_process, order, colleague)
    path = f"/api/desk/accounts/{order.read()['account_id']}"
    account = in_process.get(path, in_process.people.cs).ok()
    account["enrollment"]["contact"] = {"name": "Next", "email": "next@elsewhere.example"}
    in_process.put(path, in_process.people.cs, account).ok()
    assert in_process.decide(new, "approve").status == 410
    assert hand_over(in_process, mail, colleague).status == 410
    in_process.lab.settle()
    assert order.read()["contact"]["email"] == "next@elsewhere.example"
    in_process.decide(quote_mail_to(in_process, order, "next@elsewhere.example"), "approve").page()
    assert order.status == "completed"


def test_nobody_hands_over_in_circles_for_long(in_process: InProcess) -> None:
    order, mail, colleague = handing(in_process, "same_domain")
    pair, statuses = (colleague, order.contact), []
    for number in range(6):
        statuses.append(hand_over(in_process, mail, pair[number % 2]).status)
        mail = quote_mail_to(in_process, order, pair[number % 2]) if statuses[-1] == 200 else mail
    assert statuses == [200] * 5 + [429]
    in_process.decide(mail, "approve").page()
    assert order.status == "completed"


def test_a_new_quote_goes_to_the_colleague_and_ends_what_waits(in_process: InProcess) -> None:
    order, mail, colleague = handing(in_process)
    hand_over(in_process, mail, colleague).page()
    order.desk("quote", quote(in_process)).ok(202)
    order.desk("hand-over", {"decision": "approve"}).refused(409, "conflict")
    assert "hand_over" not in row_of(order)


def test_the_policy_is_kept_with_the_account_and_its_contact_is_told(in_process: InProcess) -> None:
    account = enroll(in_process)
    path = f"/api/desk/accounts/{account['account_id']}"
    assert "hand_over" not in account
    changed = in_process.put(path, in_process.people.cs, {**account, "hand_over": "deputies"}).ok()
    assert changed["hand_over"] == "deputies"
    version = rows(in_process, f"{path}/versions", in_process.people.cs)[0]
    assert version["changed"] == ["/hand_over"]
    in_process.lab.settle()
    (told,) = in_process.mails(to=account["enrollment"]["contact"]["email"])
    assert "at once to deputies" in told.text
    refused = in_process.put(path, in_process.people.cs, {**account, "hand_over": "everybody"})
    assert refused.faults() == {"/hand_over": "not_allowed"}
    assert "hand_over" not in in_process.put(path, in_process.people.cs, account).ok()


def test_a_hand_over_that_is_asked_for_is_no_decision_to_certify(in_process: InProcess) -> None:
    order, mail, colleague = handing(in_process)
    hand_over(in_process, mail, colleague).page()
    path = f"{order.desk_path}/certificate"
    assert in_process.get(path, in_process.people.cs).status == 404
    in_process.decide(mail, "approve").page()
    decided = in_process.get(path, in_process.people.cs).ok()["certificate"]
    assert decided["decision"]["decision"] == "approve"
    assert "order.hand_over_asked" in [each["event"] for each in decided["timeline"]]


def test_an_order_is_found_by_whoever_decides_on_it_now(in_process: InProcess) -> None:
    order, mail, colleague = handing(in_process, "same_domain")
    former = order.read()["contact"]["email"]
    hand_over(in_process, mail, colleague).page()
    in_process.settle()

    def found(word: str) -> list[str]:
        return [row["order_id"] for row in rows(in_process, f"/api/desk/orders?search={word}", in_process.people.cs)]

    assert found(colleague) == [order.order_id]
    assert found(former) == []
