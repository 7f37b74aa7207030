"""A question of the contact person: the quote stays on offer, the desk answers, and link and code stay the same."""

from tests.contract.in_process import InProcess
from tests.contract.orders import Order, offered, quote
from tests.contract.site import Json, Mail, Response, Site


def ask(site: Site, mail: Mail, text: str = "Is it <b>one</b> block?", **fields: str) -> Response:
    return site.decide(mail, "ask", reason=text, **fields)


def row_of(order: Order) -> Json:
    row: Json = order.site.get(order.desk_path, order.site.people.cs).ok()
    return row


def events_of(order: Order) -> list[str]:
    return [entry["event"] for entry in order.happened()]


def mails(site: InProcess, order: Order, address: str, subject: str) -> list[Mail]:
    site.lab.settle()
    return [mail for mail in order.mails_to(address) if subject in mail.subject]


def wrong(mail: Mail) -> str:
    return "000000" if mail.code != "000000" else "111111"


def test_a_question_is_answered_and_the_quote_stays_on_offer(in_process: InProcess) -> None:
    site = in_process
    order, mail = offered(site)
    before = order.read()
    page = ask(site, mail, "Is it <b>one</b> block?").page()
    assert "Your question was sent" in page
    assert 'value="approve"' in page
    after = order.read()
    (question,) = after.pop("questions")
    assert after == before
    assert (question["name"], question["text"], question["answer"]) == (
        "Connie Contact",
        "Is it <b>one</b> block?",
        None,
    )
    row = row_of(order)
    assert "question_open" in row["flags"]
    assert "answer" in row["actions"]
    assert row["late_after"] is not None
    (told_desk,) = mails(in_process, order, site.cs_mailbox, "Question")
    assert "> Is it <b>one</b> block?" in told_desk.text
    assert not told_desk.has_link
    answered = order.desk("answer", {"text": "Yes, one block."}).ok()
    (reply,) = [entry for entry in order.happened() if entry["event"] == "order.answered"]
    assert (reply["data"]["text"], reply["actor"]["kind"]) == ("Yes, one block.", "customer_success")
    assert answered["questions"][0]["answer"] == {
        "at": reply["at"],
        "text": "Yes, one block.",
        "by": site.people.cs.email,
    }
    assert (answered["flags"], "answer" in answered["actions"], answered["late_after"]) == ([], False, None)
    (told_mail,) = mails(in_process, order, order.contact, "Answer")
    assert (told_mail.link, told_mail.code) == (mail.link, mail.code)
    assert "> Is it <b>one</b> block?" in told_mail.text
    assert "> Yes, one block." in told_mail.text
    site.decide(mail, "approve").page()
    assert order.status == "completed"


def test_the_entry_names_who_was_asked_and_the_customer_sees_it(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    ask(in_process, mail, name="Max Finance").page()
    in_process.lab.settle()
    (entry,) = [entry for entry in order.happened() if entry["event"] == "order.asked"]
    assert entry["actor"] == {"kind": "contact", "name": "Max Finance"}
    assert entry["data"]["asked_email"] == order.contact
    (event,) = [one for one in in_process.lab.events if one.detail_type == "order.asked"]
    assert "block" not in str(event.detail)
    assert order.contact not in str(event.detail)


def test_the_same_question_again_is_answered_the_same_and_changes_nothing(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    first, again = ask(in_process, mail).page(), ask(in_process, mail).page()
    assert first == again
    assert events_of(order).count("order.asked") == 1


def test_there_are_ten_open_questions_at_most(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    for number in range(10):
        ask(in_process, mail, f"Question {number}").page()
    refused = ask(in_process, mail, "Question 10")
    page = refused.page(429)
    assert int(refused.headers["retry-after"]) > 0
    assert "Question 10" in page
    assert len(row_of(order)["questions"]) == 10
    in_process.decide(mail, "approve").page()
    assert order.status == "completed"


def test_a_question_needs_its_fields(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    for field, fault in (("reason", "Enter your question"), ("name", "Enter your name"), ("code", "Enter the code")):
        page = in_process.decide(mail, "ask", **{"reason": "Why?", field: ""}).page(400)
        assert fault in page
        assert '<details class="more" open>' in page
    assert "order.asked" not in events_of(order)


def test_a_robot_without_the_code_asks_nothing_and_is_counted(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    answers = [ask(in_process, mail, code=wrong(mail)).status for _ in range(5)]
    assert answers == [403, 403, 403, 403, 423]
    assert ask(in_process, mail).status == 423
    assert "order.asked" not in events_of(order)


def test_a_question_comes_too_late_after_a_decision_or_another_quote(in_process: InProcess) -> None:
    decided, mail = offered(in_process)
    in_process.decide(mail, "approve").page()
    ask(in_process, mail).page(409)
    requoted, former = offered(in_process)
    requoted.desk("quote", quote(in_process)).ok(202)
    ask(in_process, former).page(410)
    for order in (decided, requoted):
        assert "order.asked" not in events_of(order)


def test_the_link_of_an_order_without_a_quote_asks_nothing(in_process: InProcess) -> None:
    order, _ = offered(in_process)
    received = order.mails_to(order.contact)[0]
    assert in_process.decide(received, "ask", reason="Why?").status in {400, 410}


def test_an_answer_after_the_decision_or_without_a_question_is_a_conflict(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    assert order.desk("answer", {"text": "Yes."}).refused(409, "conflict")["status"] == "pending_confirmation"
    ask(in_process, mail).page()
    assert order.desk("answer", {"text": " "}).faults() == {"/text": "too_short"}
    assert order.desk("answer", {}).faults() == {"/text": "required"}
    in_process.decide(mail, "approve").page()
    assert order.desk("answer", {"text": "Yes."}).refused(409, "conflict")["status"] == "completed"


def test_of_two_who_answer_the_second_sees_that_the_order_has_changed(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    ask(in_process, mail).page()
    ask(in_process, mail, "And the mask?").page()
    tag = in_process.get(order.desk_path, in_process.people.cs).headers["etag"]
    order.desk("answer", {"text": "Yes."}, If_Match=tag).ok()
    order.desk("answer", {"text": "Yes, too."}, If_Match=tag).refused(412, "version_mismatch")
    assert [one["answer"] is None for one in row_of(order)["questions"]] == [False, True]


def test_lists_show_that_a_question_is_open_and_not_its_text(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    ask(in_process, mail).page()
    for path, user in (("/api/desk/orders?open=true", in_process.people.cs), ("/api/orders", order.user)):
        rows = [one for one in in_process.get(path, user).ok()["items"] if one["order_id"] == order.order_id]
        assert all("questions" not in row for row in rows)


def test_an_answer_to_a_decided_order_goes_without_link_and_code(in_process: InProcess) -> None:
    """Its mail was held while the contact person decided."""
    order, mail = offered(in_process)
    ask(in_process, mail).page()
    in_process.lab.queue.paused = True
    order.desk("answer", {"text": "Yes."}).ok()
    in_process.decide(mail, "approve").page()
    in_process.lab.queue.paused = False
    in_process.lab.settle()
    (told,) = mails(in_process, order, order.contact, "Answer")
    assert not told.has_link
    assert mail.code not in told.text
