"""The contact person's page: looking leaves no trace, and only the code from the mail decides, once."""

import pytest

from tests.contract.in_process import InProcess
from tests.contract.orders import Order, claimed, offered, place, quote
from tests.contract.pages import forms, is_guarded, links
from tests.contract.site import Mail, Response, Site

UNKNOWN = "/confirm/" + "A" * 43
MALFORMED_CODES = [
    "",
    "12345",
    "1234567",
    "abcdef",
    "12345x",
    "\uff11\uff12\uff13\uff14\uff15\uff16",
    "-12345",
    "0x1234",
]


def wrong(mail: Mail) -> str:
    return "000000" if mail.code != "000000" else "111111"


def lock(site: Site, mail: Mail, decision: str = "approve") -> None:
    """Sends so many wrong codes that the link is locked."""
    responses = [site.decide(mail, decision, code=wrong(mail)) for _ in range(5)]
    assert [response.status for response in responses] == [403, 403, 403, 403, 423]


UNSEEN = (
    "\x00\x07\x1b\x7f\x85\u00ad\u061c\u200b\u200e\u200f\u2028"
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
"""What controls a terminal, turns the direction of a text or is not seen at all."""


def form_of(site: Site, mail: Mail) -> Response:
    return site.request("GET", mail.link)


@pytest.mark.each_catalog
def test_the_page_shows_what_is_decided(site: Site) -> None:
    order = place(site, note="Fish & chips <b>daily</b>", purchase_order_number="PO-4711")
    order.desk("claim").ok()
    order.desk("quote", quote(site, message="As agreed <i>yesterday</i>.", terms="Pay within a fortnight.")).ok(202)
    mail = order.quote_mail()
    page = form_of(site, mail).page()
    for expected in (order.order_id, "PO-4711", "Public IPv4", "10.00", "40.00", "Pay within a fortnight."):
        assert expected in page, expected
    assert "Fish &amp; chips &lt;b&gt;daily&lt;/b&gt;" in page
    assert "<i>yesterday</i>" not in page
    (form,) = forms(page)
    assert form.method == "post"
    assert set(form.fields) == {"decision", "name", "code", "reason", "extra", "new_name", "new_email", "signed_order"}
    assert form.choices == {"approve", "cancel", "request_change", "ask", "hand_over"}
    (pdf,) = [link for link in links(page) if link.endswith(".pdf")]
    assert site.request("GET", pdf).body == mail.attachments[0].read()
    assert mail.code not in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("de-AT,de;q=0.9,en;q=0.8", "de"), ("fr, en;q=0.5", "en"), ("fr", "en"), ("EN-us", "en"), ("", "en")],
)
def test_an_unknown_link_is_answered_in_a_language_of_the_browser(
    in_process: InProcess, asked: str, spoken: str
) -> None:
    page = in_process.request("GET", UNKNOWN, headers={"Accept-Language": asked}).page(404)
    assert f'<html lang="{spoken}">' in page


def test_looking_leaves_no_trace_on_the_order(site: Site) -> None:
    order, mail = offered(site)
    site.eventually(lambda: "quote.delivered" in [entry["event"] for entry in order.desk_timeline()])
    before, entries = order.read(), order.desk_timeline()
    for method in ("GET", "HEAD"):
        for path in (mail.link, f"{mail.link}/quote.pdf", order.mails_to(order.contact)[0].link):
            site.request(method, path)
    site.request("GET", mail.link, headers={"User-Agent": "Robot/1.0", "Accept": "*/*"}).page()
    assert order.read() == before
    assert order.desk_timeline() == entries


def test_head_has_the_headers_of_get_and_no_body(site: Site) -> None:
    _, mail = offered(site)
    for path in (mail.link, UNKNOWN):
        get, head = site.request("GET", path), site.request("HEAD", path)
        assert head.status == get.status
        assert head.body == b""
        for name in ("content-type", "cache-control", "content-security-policy"):
            assert head.headers[name] == get.headers[name]


def test_every_page_and_paper_behind_a_link_is_guarded(site: Site) -> None:
    order, mail = offered(site)
    responses = [
        form_of(site, mail),
        site.request("GET", UNKNOWN),
        site.request("GET", f"{mail.link}/quote.pdf"),
        site.decide(mail, "nonsense"),
        site.decide(mail, "approve", code=wrong(mail)),
        site.decide(mail, "approve"),
        site.decide(mail, "cancel"),
        form_of(site, mail),
        site.request("PUT", mail.link),
    ]
    assert [response.status for response in responses] == [200, 404, 200, 400, 403, 200, 409, 200, 405]
    for response in responses:
        assert is_guarded(response), response
        assert "set-cookie" not in response.headers
    assert {"GET", "HEAD", "POST"} <= {name.strip() for name in responses[-1].headers["allow"].split(",")}
    assert order.status == "completed"


@pytest.mark.parametrize("token", ["A" * 43, "x", "%00", "A" * 5_000, "%F0%9F%A6%8A", "A" * 42 + "%20"])
def test_an_unknown_token_is_not_found_whatever_is_sent_to_it(site: Site, token: str) -> None:
    sound = {"decision": "approve", "name": "Connie", "code": "123456"}
    for response in (
        site.request("GET", f"/confirm/{token}"),
        site.request("POST", f"/confirm/{token}", form=sound),
        site.request("POST", f"/confirm/{token}", form={"decision": "nonsense"}),
        site.request("GET", f"/confirm/{token}/quote.pdf"),
    ):
        assert response.status == 404, str(response)


def test_the_contact_approves_and_the_order_is_completed(site: Site) -> None:
    order, mail = offered(site)
    page = site.decide(mail, "approve").page()
    assert order.order_id in page
    after = order.read()
    assert (after["status"], after["quote"]["state"]) == ("completed", "approved")
    assert (after["closed"]["by"], after["closed"]["reason"]) == ("contact", None)
    assert after["quote"]["decided_at"] == after["closed"]["at"]
    assert {item["status"] for item in after["items"]} == {"completed"}
    last = order.happened()[-1]
    assert (last["event"], last["actor"]) == ("order.completed", {"kind": "contact", "name": "Connie Contact"})


def test_a_code_is_the_same_with_blanks_wherever_they_come_from(site: Site) -> None:
    order, mail = offered(site)
    assert 'pattern="' not in form_of(site, mail).page()
    typed = f" {mail.code[:3]}\u00a0{mail.code[3:5]}  {mail.code[5:]}\t"
    site.decide(mail, "approve", code=typed).page()
    assert order.read()["status"] == "completed"


def test_the_contact_cancels_a_quoted_order(site: Site) -> None:
    order, mail = offered(site)
    site.decide(mail, "cancel", reason="Too dear.").page()
    after = order.read()
    assert (after["status"], after["quote"]["state"]) == ("canceled", "declined")
    assert (after["closed"]["by"], after["closed"]["reason"]) == ("contact", "Too dear.")


@pytest.mark.each_catalog
def test_the_contact_asks_for_a_change_and_gets_a_new_quote(site: Site) -> None:
    order, mail = offered(site)
    assert site.decide(mail, "request_change").status == 400
    site.decide(mail, "request_change", reason="Two more, please.").page()
    after = order.read()
    assert (after["status"], after["quote"]["state"], after["closed"]) == ("in_process", "change_requested", None)
    entry = order.happened()[-1]
    assert entry["event"] == "order.change_requested"
    assert "Two more, please." in str(entry["data"])
    site.decide(mail, "request_change", reason="Two more, please.").page()
    site.decide(mail, "approve").page(409)
    order.desk("quote", quote(site)).ok(202)
    site.decide(mail, "request_change", reason="Two more, please.").page(410)
    form_of(site, mail).page(410)
    newer = order.quote_mail(revision=2)
    site.decide(newer, "approve").page()
    assert order.status == "completed"


@pytest.mark.parametrize(
    ("decision", "others"),
    [
        ("approve", ["cancel", "request_change"]),
        ("cancel", ["approve", "request_change"]),
        ("request_change", ["approve", "cancel"]),
    ],
)
def test_the_same_decision_again_is_well_and_another_one_comes_too_late(
    site: Site, decision: str, others: list[str]
) -> None:
    order, mail = offered(site)
    site.decide(mail, decision, reason="So.").page()
    before = order.read()
    site.decide(mail, decision, reason="So.").page()
    site.decide(mail, decision, reason="So.", code=wrong(mail)).page()
    for other in others:
        assert order.order_id in site.decide(mail, other, reason="So.").page(409)
        site.decide(mail, other, reason="So.", code=wrong(mail)).page(409)
    assert form_of(site, mail).status == 200
    assert order.read() == before
    assert len([entry for entry in order.desk_timeline() if entry["event"].startswith("link.")]) == 0


def test_what_is_missing_or_malformed_is_a_bad_request_and_not_counted(site: Site) -> None:
    order, mail = offered(site)
    faulty = [
        *({"decision": "approve", "name": "Connie", "code": code} for code in MALFORMED_CODES),
        {"decision": "approve", "name": "Connie"},
        {"decision": "approve", "code": mail.code},
        {"decision": "approve", "name": "  ", "code": mail.code},
        {"decision": "request_change", "name": "Connie", "code": mail.code},
        {"decision": "request_change", "name": "Connie", "code": mail.code, "reason": " \n"},
        {"decision": "destroy", "name": "Connie", "code": mail.code},
        {"decision": "", "name": "Connie", "code": mail.code},
        {"name": "Connie", "code": mail.code},
        {},
    ]
    for form in faulty:
        response = site.request("POST", mail.link, form=form)
        assert response.status == 400, form
        assert response.headers["content-type"].startswith("text/html")
    for content in ("", "{}", "\xff", "decision=approve&code", "%ff=%ff", "&" * 1_000, "=".join("a" * 2_000)):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert site.request("POST", mail.link, content=content, headers=headers).status == 400, content[:20]
    assert order.status == "pending_confirmation"
    site.decide(mail, "approve").page()


def test_wrong_codes_are_counted_and_the_fifth_locks_the_link(site: Site) -> None:
    order, mail = offered(site)
    lock(site, mail)
    site.decide(mail, "approve", code=wrong(mail)).page(423)
    site.decide(mail, "approve").page(423)
    site.decide(mail, "cancel").page(423)
    assert site.decide(mail, "approve", code="12").status == 400
    assert order.status == "pending_confirmation"
    site.eventually(lambda: len(order.mails_to(site.cs_mailbox)) == 2)


def test_a_text_that_is_too_long_comes_back_whole(in_process: InProcess) -> None:
    _, mail = offered(in_process)
    reason, name = "x" * 1_000 + "y", "N" * 200 + "o"
    page = in_process.decide(mail, "request_change", reason=reason, name=name).page(400)
    assert reason in page
    assert name in page


def test_four_wrong_codes_do_not_lock(site: Site) -> None:
    order, mail = offered(site)
    for decision in ("approve", "cancel", "request_change", "approve"):
        page = site.decide(mail, decision, code=wrong(mail), reason="So.").page(403)
        assert forms(page)
        assert mail.code not in page
    site.decide(mail, "approve").page()
    assert order.status == "completed"


def test_what_robots_fill_in_is_refused_and_not_counted_whatever_the_code(site: Site) -> None:
    order, mail = offered(site)
    for code in (*[wrong(mail)] * 6, mail.code):
        page = site.decide(mail, "approve", code=code, extra="Approved, thank you.").page(400)
        (form,) = forms(page)
        assert form.fields["extra"] == ""
    assert order.status == "pending_confirmation"
    lock(site, mail)
    for _ in range(3):
        page = site.request("POST", mail.link, form={"decision": "request_mail", "extra": "x"}).page(400)
        assert forms(page)[0].fields["decision"] == "request_mail"
    assert site.request("POST", mail.link, form={"decision": "request_mail"}).status == 200, "it was not counted"


def test_a_locked_link_is_replaced_by_a_fresh_mail_to_the_same_address(site: Site) -> None:
    order, mail = offered(site)
    lock(site, mail)
    (form,) = forms(site.decide(mail, "approve").page(423))
    assert forms(form_of(site, mail).text) == [form]
    assert form.method == "post"
    assert site.request("POST", mail.link, form=form.fields).status in {200, 202, 303}
    fresh = order.mail_to(order.contact, 3)
    assert fresh.to == mail.to
    assert fresh.link != mail.link
    site.decide(mail, "approve").page(410)
    site.decide(fresh, "approve").page()
    assert order.status == "completed"


def ask_with_code(site: Site, mail: Mail) -> str:
    """Asks for a fresh mail with the locked link's code; returns the cookie that comes with the answer."""
    response = site.decide(mail, "request_mail")
    assert response.status == 200
    assert is_guarded(response)
    cookie, *about = response.headers["set-cookie"].split("; ")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/confirm"} <= set(about)
    return cookie


def test_robots_that_lock_every_link_do_not_block_the_contact(site: Site) -> None:
    order, mail = offered(site)
    lock(site, mail)
    assert "code" in forms(form_of(site, mail).page())[0].fields
    robots = site.decide(mail, "request_mail", code=wrong(mail))
    assert robots.status == 200, "a wrong code is as none"
    assert "set-cookie" not in robots.headers
    again = order.mail_to(order.contact, 3)
    lock(site, again)
    cookie = ask_with_code(site, again)
    fresh = order.mail_to(order.contact, 4)
    lock(site, fresh)
    assert site.request("POST", fresh.link, form={"decision": "request_mail"}).status == 429, (
        "robots replace it no more"
    )
    site.decide(fresh, "approve").page(423)
    (form,) = forms(site.request("GET", fresh.link, headers={"Cookie": f"other=1; {cookie}"}).page())
    assert form.choices == {"approve", "cancel", "request_change", "ask", "hand_over"}
    decision = {"decision": "approve", "name": "Connie Contact"}
    for code, status in ((wrong(fresh), 403), (fresh.code, 200)):
        response = site.request("POST", fresh.link, form={**decision, "code": code}, headers={"Cookie": cookie})
        assert response.status == status
    assert order.status == "completed"


def test_who_asked_with_the_code_has_five_codes_too_and_for_that_link_alone(in_process: InProcess) -> None:
    site = in_process
    (first, mail), (_, other) = offered(site), offered(site)
    lock(site, mail)
    lock(site, other)
    cookie = ask_with_code(site, mail)

    def send(to: Mail, code: str) -> int:
        form = {"decision": "approve", "name": "Connie Contact", "code": code}
        return site.request("POST", to.link, form=form, headers={"Cookie": cookie}).status

    fresh = first.mail_to(first.contact, 3)
    assert [send(fresh, wrong(fresh)) for _ in range(5)] == [403, 403, 403, 403, 423]
    assert [send(fresh, fresh.code), send(other, other.code), send(mail, mail.code)] == [423, 423, 410]
    assert forms(form_of(site, fresh).page())[0].choices, "nobody else has used up a code"
    assert [entry["event"] for entry in first.desk_timeline()].count("link.locked") == 2


def test_fresh_mails_are_limited(in_process: InProcess) -> None:
    _, mail = offered(in_process)
    statuses = []
    for number in (3, 4):
        lock(in_process, mail)
        (form,) = forms(form_of(in_process, mail).page())
        statuses.append(in_process.request("POST", mail.link, form=form.fields).status)
        if statuses[-1] == 200:
            in_process.settle()
            mail = in_process.mails(to=mail.to[0])[-1]
            assert len(in_process.mails(to=mail.to[0])) == number
    assert statuses == [200, 429]


def test_a_locked_cancel_link_is_replaced_too(site: Site) -> None:
    order = place(site)
    mail = order.mail_to(order.contact)
    lock(site, mail, "cancel")
    (form,) = forms(form_of(site, mail).page())
    site.request("POST", mail.link, form=form.fields)
    fresh = order.mail_to(order.contact, 2)
    assert (fresh.link, fresh.to) != (mail.link, mail.to)
    site.decide(fresh, "cancel").page()
    assert order.status == "canceled"


def test_no_fresh_mail_is_sent_for_an_order_that_is_closed(site: Site) -> None:
    order, mail = offered(site)
    lock(site, mail)
    (form,) = forms(form_of(site, mail).page())
    order.desk("decline", {"reason": "Over."}).ok()
    site.decide(mail, "approve").page(423)
    assert site.request("POST", mail.link, form=form.fields).status in {409, 423}
    assert not order.mail_to(order.contact, 3).has_link


def test_a_replaced_link_is_gone_whatever_the_code(site: Site) -> None:
    order, mail = offered(site)
    order.desk("resend").ok(202)
    newer = order.mail_to(order.contact, 3)
    assert newer.link != mail.link
    form_of(site, mail).page(410)
    for _ in range(6):
        site.decide(mail, "approve", code=wrong(mail)).page(410)
    site.decide(mail, "approve").page(410)
    assert site.decide(mail, "approve", code="").status == 400
    assert site.decide(mail, "nonsense").status == 400
    site.decide(newer, "approve").page()


def test_an_order_that_others_have_closed_says_so(site: Site) -> None:
    order, mail = offered(site)
    order.desk("decline", {"reason": "The port is closed."}).ok()
    assert "The port is closed." in site.decide(mail, "approve").page(409)
    assert "The port is closed." in form_of(site, mail).page()
    assert order.status == "canceled"


@pytest.mark.parametrize("status", ["submitted", "in_process"])
def test_the_contact_cancels_by_the_link_in_order_received(site: Site, status: str) -> None:
    order = place(site) if status == "submitted" else claimed(site)
    mail = order.mail_to(order.contact)
    page = form_of(site, mail).page()
    assert order.order_id in page
    (form,) = forms(page)
    assert form.choices == {"cancel"}
    assert site.decide(mail, "approve").status == 400
    assert site.decide(mail, "request_change", reason="No.").status == 400
    site.decide(mail, "cancel", code=wrong(mail)).page(403)
    assert order.status == status
    site.decide(mail, "cancel", reason="Ordered twice.").page()
    closed = order.read()["closed"]
    assert (closed["by"], closed["reason"]) == ("contact", "Ordered twice.")
    site.decide(mail, "cancel").page()


def test_once_quoted_the_order_is_canceled_by_the_link_in_the_quote_mail_alone(site: Site) -> None:
    order, mail = offered(site)
    first = order.mails_to(order.contact)[0]
    assert first.link != mail.link
    assert site.decide(first, "cancel").status in {409, 410}
    assert order.status == "pending_confirmation"


def test_codes_of_two_links_are_not_the_same_key(site: Site) -> None:
    (one, mail), (other, theirs) = offered(site), offered(site)
    if mail.code != theirs.code:
        site.decide(mail, "approve", code=theirs.code).page(403)
    assert (one.status, other.status) == ("pending_confirmation", "pending_confirmation")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"},
        {"Origin": "https://elsewhere.example", "Referer": "https://elsewhere.example/"},
        {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_the_form_needs_nothing_but_its_fields(site: Site, headers: dict[str, str]) -> None:
    order = place(site)
    mail = order.mail_to(order.contact)
    content = f"decision=cancel&name=J%C3%BCrgen+%26+Co&code={mail.code}"
    sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    assert site.request("POST", mail.link, content=content, headers=sent).status == 200
    assert order.timeline()[-1]["actor"]["name"] == "J\u00fcrgen & Co"


def test_the_page_speaks_the_accounts_language(site: Site) -> None:
    for user, language in ((site.people.german, "de"), (site.people.customer, "en")):
        _, mail = offered(site, user)
        assert f'<html lang="{language}"' in form_of(site, mail).page()
        assert f'<html lang="{language}"' in site.decide(mail, "approve", code=wrong(mail)).page(403)
        assert f'<html lang="{language}"' in site.decide(mail, "approve").page()


def test_nobody_decides_through_another_orders_link(site: Site) -> None:
    first: Order
    (first, mail), (second, _) = offered(site), offered(site)
    site.decide(mail, "approve").page()
    assert (first.status, second.status) == ("completed", "pending_confirmation")


def test_who_was_asked_and_which_name_was_given_are_told_apart(site: Site) -> None:
    """On the page, at once and on a later look, in the timeline and in the mails."""
    approved, mail = offered(site)
    pages = [site.decide(mail, "approve", name="Max Finance").page(), site.request("GET", mail.link).page()]
    requested = approved.read()["contact"]
    assert all(
        f"We had asked {requested['name']}; the name given with the decision is Max Finance." in page for page in pages
    )
    (entry,) = [each for each in approved.timeline() if each["event"] == "order.completed"]
    assert entry["actor"] == {"kind": "contact", "name": "Max Finance"}
    assert (entry["data"]["asked_name"], entry["data"]["asked_email"]) == (requested["name"], requested["email"])
    for address, number in ((approved.contact, 3), (approved.user.email, 2), (site.cs_mailbox, 2)):
        text = approved.mail_to(address, number).text
        assert "Max Finance" in text
        assert "Max Finance, the contact person" not in text
        assert "You approved" not in text


def test_the_name_given_is_told_whatever_happens_to_the_order_later(in_process: InProcess) -> None:
    site = in_process
    order, mail = offered(site)
    site.decide(mail, "request_change", name="Max Finance", reason="Two more, please.").page()
    order.desk("comment", {"text": "Seen.", "internal": True}).ok()
    assert "Max Finance" in site.request("GET", mail.link).page()


def test_the_name_of_an_earlier_decision_is_not_told_of_what_another_has_closed(in_process: InProcess) -> None:
    site = in_process
    order, mail = offered(site)
    site.decide(mail, "request_change", name="Max Finance", reason="Two more, please.").page()
    order.desk("decline", {"reason": "Sold out."}).ok()
    assert "Max Finance" not in site.request("GET", mail.link).page()


def test_a_typed_name_or_reason_holds_nothing_that_is_not_seen(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    in_process.decide(mail, "request_change", name=UNSEEN).page(400)
    name, reason = "".join(f"{sign}C" for sign in UNSEEN) + "onnie", f"{UNSEEN}Two\r\n\tplease{UNSEEN}"
    in_process.decide(mail, "request_change", name=name, reason=reason).page()
    entry = order.timeline()[-1]
    expected = ("C" * len(UNSEEN) + "onnie", "Two\n\tplease")
    assert (entry["actor"]["name"], entry["data"]["reason"]) == expected
    (evidence,) = in_process.get(f"{order.desk_path}/evidence", in_process.people.cs).ok()["items"]
    assert evidence["name"] == expected[0]
