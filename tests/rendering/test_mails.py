"""The mails: what the contract says of every one of them, and what stands in each."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from online_orders.domain import order_schedule
from online_orders.domain.account_notifications import notices
from online_orders.domain.accounts import Contact
from online_orders.domain.languages import LOCALES
from online_orders.domain.mail_kinds import AT_DESK, MAILS, MailKind, Role
from online_orders.domain.order_schedule import Policy
from online_orders.domain.orders import Change
from online_orders_rendering.mails.compose import Mail, render_contact_report, render_mail, render_notice
from online_orders_rendering.templates import FOLDER
from tests.domain.builders import (
    ANNA,
    CARLA,
    CLARA,
    CONNIE,
    DAY,
    KINDS,
    NOW,
    ORDER_ID,
    account_of,
    item_of,
    judge_quote,
    line_of,
    offered,
    place,
    quote_body,
    without_snapshot,
)
from tests.rendering.samples import (
    ACCOUNT_NAME,
    INSTALLATION,
    LINK,
    QUOTED,
    RICH_OPTIONS,
    SITE_NAMES,
    STEPS,
    Case,
    account_mails,
    cases,
    changed_account,
    invitations,
    pending,
    placed,
    quote_of,
    rich_quote,
    told_of_contact,
    under_another_name,
)

CASES = [pytest.param(case, id=f"{locale}-{case.kind}-{case.role}") for locale in LOCALES for case in cases(locale)]
HOSTILE = "<script>alert(1)</script>\r\nBcc: all@evil.example\nCode: 111111\nhttps://evil.example/confirm/abc\u202etxt"


def case_of(kind: MailKind, role: Role, locale: str = "en") -> Case:
    return next(case for case in cases(locale) if (case.kind, case.role) == (kind, role))


class Page(HTMLParser):
    """The tags, the addresses and the visible words of a mail's HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words = ""
        self._silent = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src", "background"}]
        self._silent = tag in {"style", "title"}

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        self.words += "" if self._silent else f"{data} "


def code_lines(mail: Mail) -> list[str]:
    return [line for line in mail.text.splitlines() if re.fullmatch(r"Code: [0-9]{6}", line)]


def confirm_urls(text: str) -> list[str]:
    return re.findall(r"\S*/confirm/\S*", text)


@pytest.mark.parametrize("case", CASES)
def test_every_mail_keeps_the_contract(case: Case) -> None:
    mail = case.mail()
    lines = mail.text.splitlines()
    assert mail.subject == mail.subject.strip()
    assert mail.subject.isprintable()
    assert ORDER_ID in mail.text
    assert ORDER_ID in mail.html
    assert confirm_urls(mail.text) == ([LINK.url] if case.link else [])
    assert code_lines(mail) == ([f"Code: {LINK.code}"] if case.link else [])
    assert not case.link or LINK.url in lines
    assert "{" not in mail.text
    assert set(Page(mail.html).tags).isdisjoint({"img", "script", "form", "link", "iframe"})


def test_each_mail_of_the_table_has_a_template_and_there_is_no_other() -> None:
    assert {path.stem for path in (FOLDER / "mails").glob("*.jinja")} == set(MAILS) == set(MailKind)


@pytest.mark.parametrize("case", CASES)
def test_a_mail_says_that_the_quote_is_attached_exactly_if_it_is(case: Case) -> None:
    text = {"The quote is attached as a PDF.", "Das Angebot liegt als PDF bei."}
    assert (not text.isdisjoint(case.mail().text.splitlines())) is MAILS[case.kind].attaches_pdf


@pytest.mark.parametrize("case", CASES)
def test_both_parts_of_a_mail_say_the_same(case: Case) -> None:
    mail = case.mail()
    page = Page(mail.html)
    words = " ".join([*page.words.split(), *page.addresses])
    for line in mail.text.splitlines():
        for part in line.removeprefix("> ").split(": "):
            text = " ".join(part.strip(" -:").split())
            if " × " not in text and " = " not in text:
                assert text in words, text


@pytest.mark.parametrize("case", CASES)
def test_the_html_opens_addresses_of_the_installation_alone(case: Case) -> None:
    addresses = Page(case.mail().html).addresses
    assert addresses
    for address in addresses:
        assert address.startswith(INSTALLATION.site_url)
    assert (LINK.url in addresses) == bool(case.link)
    assert any("/confirm/" in address for address in addresses) == bool(case.link)


@pytest.mark.parametrize("kind", [kind for kind in MailKind if kind not in STEPS])
@pytest.mark.parametrize("role", Role)
def test_mails_about_accounts_are_not_about_orders(kind: MailKind, role: Role) -> None:
    change = placed()
    with pytest.raises(ValueError, match="no mail"):
        render_mail(kind, role, change.order, change.entries[0], INSTALLATION, "Acme")


@pytest.mark.parametrize("kind", STEPS)
@pytest.mark.parametrize("role", Role)
def test_nobody_gets_a_mail_that_is_for_others(kind: MailKind, role: Role) -> None:
    change = STEPS[kind]("en")
    if role not in MAILS[kind].readers:
        with pytest.raises(ValueError, match="no mail"):
            render_mail(kind, role, change.order, change.entries[-1], INSTALLATION, "Acme")


@pytest.mark.parametrize("case", CASES)
def test_a_code_goes_to_nobody_but_the_contact(case: Case) -> None:
    if case.role is not Role.CONTACT or not MAILS[case.kind].link:
        with pytest.raises(ValueError, match="takes no link"):
            case.mail(link=LINK)


@pytest.mark.parametrize("kind", [kind for kind, row in MAILS.items() if row.needs_link])
def test_a_mail_that_asks_for_a_decision_needs_a_link(kind: MailKind) -> None:
    with pytest.raises(ValueError, match="needs a link"):
        case_of(kind, Role.CONTACT).mail(link=None)


@pytest.mark.parametrize("kind", [kind for kind, row in MAILS.items() if row.link and not row.needs_link])
def test_a_mail_that_only_tells_does_without_a_link(kind: MailKind) -> None:
    mail = case_of(kind, Role.CONTACT).mail(link=None)
    assert not confirm_urls(mail.text)
    assert not code_lines(mail)
    assert "Code" not in mail.text


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", STEPS)
def test_what_people_write_adds_no_header_code_address_or_markup(kind: MailKind, locale: str) -> None:
    for case in cases(locale):
        if case.kind is not kind:
            continue
        quote = case.order.quote
        written: dict[str, Any] = {
            "note": HOSTILE,
            "purchase_order_number": HOSTILE,
            "contact": Contact.model_construct(name=HOSTILE, email="c@acme.example"),
        }
        if quote:
            lines = tuple(line.model_copy(update={"description": HOSTILE}) for line in quote.lines)
            written["quote"] = quote.model_copy(update={"message": HOSTILE, "terms": HOSTILE, "lines": lines})
        if case.order.closed:
            written["closed"] = case.order.closed.model_copy(update={"reason": HOSTILE})
        entry = case.entry.model_copy(
            update={
                "actor": case.entry.actor.model_copy(update={"name": HOSTILE}),
                "data": {**case.entry.data, "reason": HOSTILE, "text": HOSTILE},
            }
        )
        mail = render_mail(
            case.kind,
            case.role,
            case.order.model_copy(update=written),
            entry,
            INSTALLATION,
            HOSTILE,
            case.link,
            dict.fromkeys(("office", "branch", "store", "lab"), HOSTILE),
        )
        assert mail.subject.isprintable()
        assert confirm_urls(mail.text) == ([LINK.url] if case.link else [])
        assert code_lines(mail) == ([f"Code: {LINK.code}"] if case.link else [])
        assert "script" not in Page(mail.html).tags
        assert all(address.startswith(INSTALLATION.site_url) for address in Page(mail.html).addresses)
        assert "\u202e" not in mail.text + mail.html + mail.subject
        assert "\r" not in mail.text


@pytest.mark.parametrize("kind", STEPS)
def test_the_desk_reads_english_whatever_the_account_speaks(kind: MailKind) -> None:
    for role in AT_DESK.intersection(MAILS[kind].audience):
        german, english = (case_of(kind, role, locale).mail() for locale in ("de", "en"))
        assert german == english
        assert f"{INSTALLATION.site_url}/desk/orders/{ORDER_ID}" in german.text.splitlines()


@pytest.mark.parametrize("kind", STEPS)
def test_the_organization_reads_its_own_language(kind: MailKind) -> None:
    for role in set(MAILS[kind].audience) - AT_DESK:
        german, english = (case_of(kind, role, locale).mail() for locale in ("de", "en"))
        assert "Mit freundlichen Grüßen" in german.text
        assert '<html lang="de"' in german.html
        assert "Kind regards" in english.text
        assert german.subject != english.subject


def test_the_desk_learns_all_of_a_new_order() -> None:
    text = case_of(MailKind.NEW_ORDER, Role.CUSTOMER_SUCCESS).mail().text
    for message in (
        "1. Site Bandwidth License: 200 Mbps for Berlin HQ",
        "2. Site Early Activation: Wien",
        "3. Sockets: 2 × X1500 for Lager Süd",
        "4. IP Addresses: 4 public IPv4",
        "5. SDP Users: 100 in Europe",
        "6. Accessories: 1 × X1700 Socket network card for Lab 2",
        "   Start date asked for: January 5, 2027",
        "> Please deliver to the loading dock.",
        "Purchase order number: PO-7781",
        f"Placed by: {ANNA.email}",
        f"Contact person: {CONNIE.name} <{CONNIE.email}>",
        "Account ID: acme",
    ):
        assert message in text.splitlines()


def test_sites_without_a_known_name_go_by_their_id() -> None:
    case = case_of(MailKind.NEW_ORDER, Role.CUSTOMER_SUCCESS)
    old = case._replace(change=Change(without_snapshot(case.order), case.change.entries))
    assert "Site Early Activation: branch" in old.mail(site_names=None).text
    assert "Site Early Activation: Wien" in old.mail(site_names=SITE_NAMES).text


def test_whoever_ordered_is_led_to_the_order_unless_no_screen_shows_it() -> None:
    address = f"{INSTALLATION.site_url}/orders/{ORDER_ID}"
    assert address in case_of(MailKind.ORDER_RECEIVED, Role.PLACED_BY).mail().text.splitlines()
    assert address not in case_of(MailKind.ORDER_RECEIVED, Role.CONTACT).mail().text
    direct = place(source="direct", by=CLARA)
    texts = [
        render_mail(MailKind.ORDER_RECEIVED, Role.PLACED_BY, direct.order, direct.entries[0], INSTALLATION, "Acme"),
        render_mail(MailKind.NEW_ORDER, Role.CUSTOMER_SUCCESS, direct.order, direct.entries[0], INSTALLATION, "Acme"),
    ]
    assert f"/orders/{ORDER_ID}" not in texts[0].text
    assert f"/desk/orders/{ORDER_ID}" in texts[1].text


@pytest.mark.parametrize("kind", [kind for kind, row in MAILS.items() if row.needs_link])
def test_the_mail_with_a_quote_says_all_that_is_decided_on(kind: MailKind) -> None:
    lines = case_of(kind, Role.CONTACT).mail().text.splitlines()
    for message in (
        "- SDP user license: 1,500 × €36.50 = €54,750.00 per year",
        "- Volume discount: 1 × -€150.00 = -€150.00 once",
        "One-time: €2,830.00",
        "Per month: €460.00",
        "Per year: €54,750.00",
        "Valid until: January 1, 2027",
        "  Confirmed start date: January 7, 2027",
        "> as discussed with a volume discount.",
        "> Prices are net of taxes.",
    ):
        assert message in lines
    text = "\n".join(lines)
    assert f"begins with {INSTALLATION.site_url}" in text
    assert f"Nobody at {INSTALLATION.brand} will ask you for this code" in text


def test_the_german_mail_with_a_quote_writes_numbers_and_dates_as_germans_do() -> None:
    lines = case_of(MailKind.QUOTE_TO_CONFIRM, Role.CONTACT, "de").mail().text.replace("\u00a0", " ").splitlines()
    assert "- SDP user license: 1.500 × 36,50 € = 54.750,00 € pro Jahr" in lines
    assert "Gültig bis: 1. Januar 2027" in lines
    assert "  Position 6: Zubehör: 1 × Netzwerkkarte für X1700 für Lab 2" in lines


def test_the_first_mail_of_a_quote_does_not_speak_of_earlier_ones() -> None:
    first = case_of(MailKind.QUOTE_TO_CONFIRM, Role.CONTACT)
    again = pending().order.resend(CLARA, None, NOW)
    fresh = render_mail(first.kind, first.role, again.order, again.entries[0], INSTALLATION, "Acme", LINK)
    assert "no longer work" not in first.mail().text
    assert "no longer work" in fresh.text


@pytest.mark.parametrize(("locale", "later"), [("en", "revision 2"), ("de", "Fassung 2")])
def test_the_mail_of_a_later_revision_says_so_and_that_older_links_are_dead(locale: str, later: str) -> None:
    changed = pending(locale).order.request_change("Connie", "One socket only.", NOW).order
    quoted = changed.offer(quote_of().model_copy(update={"revision": 2}), CLARA, NOW)
    kind, role = MailKind.QUOTE_TO_CONFIRM, Role.CONTACT
    mail = render_mail(kind, role, quoted.order, quoted.entries[0], INSTALLATION, "Acme", LINK)
    first = case_of(kind, role, locale).mail()
    dead = {"en": "earlier revision no longer work", "de": "früheren Fassung gelten nicht mehr"}[locale]
    assert (later in mail.subject, dead in mail.text, dead in mail.html) == (True, True, True)
    assert (later in first.subject, dead in first.text) == (False, False)


def test_the_mails_of_an_expired_quote_say_how_long_the_order_still_waits() -> None:
    expired = order_schedule.tick(pending().order, Policy(grace_days=14), NOW + 60 * DAY)
    for role in sorted(MAILS[MailKind.EXPIRED].audience):
        mail = render_mail(MailKind.EXPIRED, role, expired.order, expired.entries[0], INSTALLATION, "Acme")
        assert "will be canceled after January 15, 2027" in mail.text
    assert (
        order_schedule.tick(expired.order, Policy(grace_days=14), datetime(2027, 1, 15, 22, tzinfo=UTC)).entries == ()
    )
    assert (
        order_schedule.tick(expired.order, Policy(grace_days=14), datetime(2027, 1, 16, 22, tzinfo=UTC)).order.status
        == "canceled"
    )


def test_a_fresh_link_to_an_order_says_that_the_older_one_is_dead() -> None:
    requested = placed().order.ask_for_fresh_mail("order", NOW)
    kind, role = MailKind.ORDER_RECEIVED, Role.CONTACT
    fresh = render_mail(kind, role, requested.order, requested.entries[0], INSTALLATION, "Acme", LINK)
    assert "no longer work" in fresh.text
    assert "no longer work" not in case_of(kind, role).mail().text


def test_a_cancellation_says_who_and_why() -> None:
    waiting, fresh = pending().order, placed().order
    lapsed = order_schedule.tick(waiting, Policy(), NOW + 60 * DAY).order
    endings = {
        "Connie canceled the order as the contact person on November 22, 2026.": waiting.cancel("Connie", "x", NOW),
        f"{ANNA.email} withdrew the order on November 22, 2026.": fresh.withdraw(ANNA, "x", NOW),
        f"{INSTALLATION.brand} Customer Success declined the order on November 22, 2026.": fresh.decline(
            CLARA, "x", NOW
        ),
        "The quote was not approved in time, so the order was closed on February 20, 2027.": order_schedule.tick(
            lapsed, Policy(), NOW + 90 * DAY
        ),
    }
    for text, change in endings.items():
        for role in (Role.CONTACT, Role.PLACED_BY):
            mail = render_mail(MailKind.CANCELED, role, change.order, change.entries[-1], INSTALLATION, "Acme")
            assert text in mail.text.splitlines()
            assert ("> x" in mail.text) == bool(change.order.closed and change.order.closed.reason)


def test_a_cancellation_without_a_reason_says_that_none_was_given() -> None:
    change = placed().order.withdraw(ANNA, None, NOW)
    mail = render_mail(MailKind.CANCELED, Role.CONTACT, change.order, change.entries[-1], INSTALLATION, "Acme")
    assert "No reason was given." in mail.text


def test_colleagues_are_named_to_the_desk_alone() -> None:
    change = placed().order.decline(CLARA, "Not in stock.", NOW)
    for role in MAILS[MailKind.CANCELED].audience:
        mail = render_mail(MailKind.CANCELED, role, change.order, change.entries[-1], INSTALLATION, "Acme")
        assert (CLARA.email in mail.text + mail.html) == (role is Role.CUSTOMER_SUCCESS)


def test_an_approval_names_the_totals_and_who_approved() -> None:
    named = {Role.PLACED_BY: "Connie, who was asked for", Role.CUSTOMER_SUCCESS: "Connie, who was asked for"}
    named |= {Role.CONTACT: "You approved", Role.ACCOUNT_CONTACT: "Connie approved"}
    for role in MAILS[MailKind.APPROVED].audience:
        text = case_of(MailKind.APPROVED, role).mail().text
        assert "Per month: €460.00" in text.splitlines()
        assert named[role] in text


def test_an_approval_names_the_totals_of_the_options_that_were_chosen() -> None:
    lines = [*QUOTED, {**QUOTED[0], "item_id": None, "optional": True}, {**QUOTED[0], "optional": True}]
    change = pending(quote=quote_of(lines=lines))
    plain, chosen = (change.order.approve(CONNIE.name, NOW, options) for options in ((), ("8",)))
    totals = []
    for after in (plain, chosen):
        mail = render_mail(
            MailKind.APPROVED, Role.CUSTOMER_SUCCESS, after.order, after.entries[-1], INSTALLATION, "Acme"
        )
        totals.append(next(line for line in mail.text.splitlines() if line.startswith("Per month: ")))
    assert len(set(totals)) == len(totals)


def rich_mails(locale: str, **lines: Any) -> list[Mail]:
    """The mail with a quote that has all that quotes may have, and the one that tells of its approval."""
    quote = rich_quote()
    quote = quote.model_copy(update={"lines": tuple(line.model_copy(update=lines) for line in quote.lines)})
    change = pending(locale, quote=quote, purchase_order_number=None)
    approved = change.order.approve("Connie", NOW, RICH_OPTIONS, "PO-9")
    return [
        render_mail(kind, Role.CONTACT, of.order, of.entries[-1], INSTALLATION, "Acme", link)
        for kind, of, link in (
            (MailKind.QUOTE_TO_CONFIRM, change, LINK),
            (MailKind.APPROVED, approved, None),
        )
    ]


def test_a_mail_tells_terms_discounts_options_and_taxes() -> None:
    quoted, approved = (mail.text.splitlines() for mail in rich_mails("en"))
    for message in (
        "  January 5, 2027 to January 4, 2028",
        "  Term in months: 12",
        "- Public IPv4: 4 × €10.00 per month; €92.90 once",
        "  > Until your contract ends.",
        "  Option, chosen",
        "  > With a named engineer.",
    ):
        assert message in quoted
    assert [line for line in quoted if line.startswith("  Discount of 12.5% on ")]
    assert [line for line in quoted if "× (2 + 10/31) = " in line]
    final = [[line for line in mail if line.startswith("Per month, with taxes: ")] for mail in (quoted, approved)]
    assert [len(each) for each in final] == [1, 1]
    assert final[0] != final[1]
    assert not [line for line in approved if ", discount of " in line]
    first = approved.index("  Option, chosen")
    assert approved[first - 1].startswith("- Support on weekdays: ")


@pytest.mark.parametrize("locale", LOCALES)
def test_both_parts_of_a_mail_tell_all_that_a_quote_may_have(locale: str) -> None:
    for mail in rich_mails(locale):
        words = " ".join(Page(mail.html).words.split())
        notes = [line.strip(" >") for line in mail.text.splitlines() if line.startswith("  ")]
        assert len(notes) > len(RICH_OPTIONS)
        assert [note for note in notes if " ".join(note.split()) not in words] == []


def test_the_text_to_a_line_adds_no_code_address_or_markup() -> None:
    for mail, link in zip(rich_mails("en", message=HOSTILE), (LINK, None), strict=True):
        assert confirm_urls(mail.text) == ([link.url] if link else [])
        assert code_lines(mail) == ([f"Code: {link.code}"] if link else [])
        assert "script" not in Page(mail.html).tags
        assert "\u202e" not in mail.text + mail.html


@pytest.mark.parametrize("locale", LOCALES)
def test_a_decision_under_another_name_shows_both_names(locale: str) -> None:
    for case in under_another_name(locale):
        mail = case.mail()
        assert "Max Finance" in mail.text
        if case.role is not Role.CONTACT or case.kind is MailKind.CANCELED:
            assert CONNIE.name in mail.text
        for untrue in ("You approved", "Sie haben Fassung", "Finance, the contact person", "Finance, Ansprechperson"):
            assert untrue not in mail.text
            assert untrue not in mail.html
        assert not re.search("Max Finance (canceled|asked|hat)", mail.text)


def test_a_contact_of_the_order_alone_is_told_by_address_under_whatever_name() -> None:
    namesake = Contact(name=CONNIE.name, email="connie@elsewhere.example")
    order = pending().order.resend(CLARA, namesake, NOW).order
    decisions = {MailKind.APPROVED: order.approve(CONNIE.name, NOW)}
    decisions[MailKind.CHANGE_REQUESTED] = order.request_change(CONNIE.name, "Less.", NOW)
    for kind, change in decisions.items():
        for role in set(MAILS[kind].audience) - {Role.CONTACT}:
            text = render_mail(kind, role, change.order, change.entries[-1], INSTALLATION, "Acme").text
            assert f"We had asked {CONNIE.name} <{namesake.email}>" in text
            assert "the contact person of" not in text.partition("\n\n")[2].splitlines()[0]
    approved, entry = decisions[MailKind.APPROVED].order, decisions[MailKind.APPROVED].entries[-1]
    mine = render_mail(MailKind.APPROVED, Role.CONTACT, approved, entry, INSTALLATION, "Acme")
    assert "You approved" in mine.text


def test_a_mail_names_who_was_asked_then_and_not_who_would_be_asked_now() -> None:
    requested = pending().order.request_change("Max Finance", "Less.", NOW)
    order = requested.order.sync_contact(CARLA, CLARA.email, NOW).order
    mail = render_mail(
        MailKind.CHANGE_REQUESTED, Role.CUSTOMER_SUCCESS, order, requested.entries[-1], INSTALLATION, "Acme"
    )
    assert f"We had asked {CONNIE.name} <{CONNIE.email}>" in mail.text


def test_the_desk_learns_why_a_quote_did_not_arrive_and_what_should_change() -> None:
    undelivered = case_of(MailKind.QUOTE_UNDELIVERABLE, Role.CUSTOMER_SUCCESS).mail().text
    assert "> 550 5.1.1 user unknown" in undelivered
    assert CONNIE.email in undelivered
    assert "> One socket only." in case_of(MailKind.CHANGE_REQUESTED, Role.CUSTOMER_SUCCESS).mail().text


def test_an_order_that_waits_is_told_by_what_it_waits_for() -> None:
    unclaimed = placed().order
    unquoted = unclaimed.claim(CLARA, NOW).order
    for order, text in ((unclaimed, "Nobody has claimed"), (unquoted, "no quote"), (pending().order, "not moved")):
        entry = placed().entries[0]
        mail = render_mail(MailKind.STALE_ORDER, Role.CUSTOMER_SUCCESS, order, entry, INSTALLATION, "Acme")
        assert text in mail.text


def test_days_are_those_of_the_account() -> None:
    account = account_of(time_zone="Pacific/Auckland")
    late = place(account=account, at=NOW + timedelta(hours=2))
    mail = render_mail(MailKind.NEW_ORDER, Role.CUSTOMER_SUCCESS, late.order, late.entries[0], INSTALLATION, "Acme")
    assert "Placed on: November 23, 2026" in mail.text.splitlines()


def test_a_quote_for_nothing_says_so() -> None:
    order = offered(lines=[line_of(unit_price="0")])
    mail = render_mail(MailKind.REMINDER, Role.CONTACT, order, placed().entries[0], INSTALLATION, "Acme", LINK)
    assert "No charge" in mail.text.splitlines()


@pytest.mark.parametrize(
    ("currency", "written"), [("JPY", "¥1,234"), ("KWD", "KWD 1,234.500"), ("HUF", "HUF 1,234.50")]
)
def test_money_has_the_minor_digits_of_its_currency(currency: str, written: str) -> None:
    price = "1234" if currency == "JPY" else "1234.5"
    quote = judge_quote(quote_body(line_of(unit_price=price, quantity=1), currency=currency))
    change = place().order.claim(CLARA, NOW).order.offer(quote, CLARA, NOW)
    kind, role = MailKind.QUOTE_TO_CONFIRM, Role.CONTACT
    mail = render_mail(kind, role, change.order, change.entries[-1], INSTALLATION, "Acme", LINK)
    assert f"Per month: {written}" in mail.text.replace("\u00a0", " ").splitlines()


def test_the_longest_quote_stays_below_what_mail_programs_cut_off() -> None:
    order = place(*(item_of("ip_addresses") for _ in range(50))).order.claim(CLARA, NOW).order
    lines = [line_of(str(number) if number <= 50 else None) for number in range(1, 101)]
    change = order.offer(judge_quote(quote_body(*lines), items=50), CLARA, NOW)
    kind, role = MailKind.QUOTE_TO_CONFIRM, Role.CONTACT
    mail = render_mail(kind, role, change.order, change.entries[-1], INSTALLATION, "Acme", LINK)
    assert len(mail.html.encode()) < 102_000


@pytest.mark.parametrize("locale", LOCALES)
def test_account_mails_have_no_link_and_one_line_of_subject(locale: str) -> None:
    for mail in account_mails(locale).values():
        assert not confirm_urls(mail.text + mail.html)
        assert mail.subject.isprintable()
        assert not code_lines(mail)


def test_a_report_shows_what_was_said_and_who_is_the_contact() -> None:
    mail = render_contact_report(account_of(), HOSTILE, ANNA.email, INSTALLATION)
    lines = mail.text.splitlines()
    assert "> Code: 111111" in lines
    assert f"Contact person now: {CONNIE.name} <{CONNIE.email}>" in lines
    assert ANNA.email in mail.text
    assert not code_lines(mail)
    assert not confirm_urls(mail.text)
    assert "script" not in Page(mail.html).tags
    nobody = render_contact_report(account_of(enrollment=None), "Who?", ANNA.email, INSTALLATION)
    assert "Contact person now: none" in nobody.text.splitlines()


def test_old_and_new_contact_are_told_different_things() -> None:
    old, new = told_of_contact(CONNIE, CARLA)
    assert "You no longer get quotes" in old.text
    assert "From now on you get its quotes" in new.text
    for mail in (old, new):
        assert f"Until now: {CONNIE.name} <{CONNIE.email}>" in mail.text
        assert f"From now on: {CARLA.name} <{CARLA.email}>" in mail.text


def test_a_contact_who_is_removed_is_told_so_and_the_next_that_there_was_nobody() -> None:
    (gone,) = told_of_contact(CONNIE, None)
    assert gone.subject == "No longer the contact person for the orders of Acme Ltd"
    assert "removed you as the contact person" in gone.text
    assert "From now on: nobody" in gone.text.splitlines()
    (named,) = told_of_contact(None, CARLA)
    assert "Until now: nobody" in named.text.splitlines()
    assert "From now on you get its quotes" in named.text


def test_the_contact_and_deputies_are_told_what_concerns_them() -> None:
    old, new = account_of(), changed_account()
    result = {notice.reader: render_notice(notice, old, new, {}, INSTALLATION) for notice in notices(old, new)}
    assert result.keys() == {Role.CONTACT, Role.DEPUTY}
    days = "December 1, 2026 to December 10, 2026"
    assert f"Deputies from now on: Dora <dora@acme.example>, {days}" in result[Role.CONTACT].text.splitlines()
    assert "Deputies until now: nobody" in result[Role.CONTACT].text.splitlines()
    assert "Reseller from now on: relay" in result[Role.CONTACT].text.splitlines()
    assert "Enrollment from now on: suspended: no orders can be placed" in result[Role.CONTACT].text.splitlines()
    assert f"Days: {days}" in result[Role.DEPUTY].text.splitlines()
    assert "Reseller" not in result[Role.DEPUTY].text
    (contact, former) = notices(new, old)
    back = render_notice(contact, new, old, {"relay": "Relay Partners"}, INSTALLATION)
    assert "Reseller until now: Relay Partners" in back.text.splitlines()
    assert "no longer" in render_notice(former, new, old, {}, INSTALLATION).subject.casefold()


def test_an_invitation_says_where_with_which_password_and_until_when_to_sign_in() -> None:
    mails = invitations("en")
    lines = mails["invitation-buyer"].text.splitlines()
    for line in (
        f"Account: {ACCOUNT_NAME}",
        f"Sign in at: {INSTALLATION.site_url}",
        "User name: ada@acme.example",
        "First password: Kq4xT-Bw7pn-Zh2mR-Dd9ye",
        "Valid until: November 29, 2026",
        "Your role: Buyer: places and follows orders",
    ):
        assert line in lines
    assert mails["invitation-buyer"].subject == f"{INSTALLATION.brand}: your access for {ACCOUNT_NAME}"
    assert "Kq4xT-Bw7pn-Zh2mR-Dd9ye" in mails["invitation-buyer"].html
    assert "ask an administrator of" in mails["invitation-buyer"].text
    assert "Account:" not in mails["invitation-agent"].text
    assert "ask a lead of the desk" in mails["invitation-agent"].text


def test_who_has_a_password_already_is_told_so_and_gets_none() -> None:
    for name, mail in invitations("en").items():
        assert ("password stay the same" in mail.text) == name.startswith("membership")
        assert ("First password" in mail.text) == name.startswith("invitation")
    assert invitations("en")["membership-buyer"].subject.endswith(f"you now belong to {ACCOUNT_NAME}")


def test_an_account_is_invited_to_in_its_language_and_the_desk_in_english() -> None:
    mails = invitations("de")
    assert "Gültig bis: 29. November 2026" in mails["invitation-buyer"].text
    assert "Guten Tag Ada Lovelace," in mails["membership-buyer"].text
    assert "Hello Ada Lovelace," in mails["invitation-agent"].text


def test_the_mail_of_every_kind_of_item_names_it_in_the_articles_words() -> None:
    text = case_of(MailKind.ORDER_RECEIVED, Role.PLACED_BY).mail().text
    assert len(KINDS) == text.count("Start date asked for")
    assert quote_of().sha256 not in text


# What was ordered, whatever has become of it since.


@pytest.mark.parametrize("locale", LOCALES)
def test_every_mail_names_sites_as_they_were_ordered(locale: str) -> None:
    for case in cases(locale):
        mail = case.mail()
        assert "Renamed since" not in mail.text + mail.html, case.kind
        if "Lager Süd" in mail.text:
            label = "Delivery address" if "Hello" in mail.text else "Lieferadresse"
            assert mail.text.count(f"{label}: 2 Side St\n") == 1
            assert f"{label}: 2 Side St" in mail.html


def test_the_words_of_the_catalog_are_those_of_the_day_of_ordering() -> None:
    case = case_of(MailKind.NEW_ORDER, Role.CUSTOMER_SUCCESS)
    assert case.order.snapshot
    words = {
        "en": case.order.snapshot.words["en"]
        | {"sdp_users.region.europe": "Old World", "summary.sdp_users": "{quantity} for {region}"}
    }
    # As orders of earlier releases have them: those of settings without the kind, and no summaries.
    earlier = {"en": {"kind.sdp_users": "SDP people", "region.europe": "Old World"}}
    for kept, line in ((words, "SDP Users: 100 for Old World"), (earlier, "SDP people: 100 in Old World")):
        snapshot = case.order.snapshot.model_copy(update={"words": kept})
        older = Change(case.order.model_copy(update={"snapshot": snapshot}), case.change.entries)
        assert f"5. {line}" in case._replace(change=older).mail().text


# A start that is over.


def approved_at(at: datetime) -> Change:
    return pending(quote=quote_of(valid_until="2027-02-01")).order.approve("Connie", at)


@pytest.mark.parametrize("role", sorted(MAILS[MailKind.APPROVED].audience))
def test_the_mail_of_a_late_approval_says_which_start_had_passed(role: Role) -> None:
    texts = {}
    for days in (0, 45):
        change = approved_at(NOW + days * DAY)
        mail = render_mail(MailKind.APPROVED, role, change.order, change.entries[0], INSTALLATION, "Acme")
        texts[days] = (mail.text, mail.html)
    for text in texts[45]:  # January 6: item 1 was confirmed for January 7, the others asked for January 5
        assert "A start date had already passed on that day: Item 2 (January 5, 2027), Item 3" in text
        assert "Item 1 (" not in text
        assert text.count("This date has passed; the start will be later.") == 5
    assert not any("passed" in text for text in texts[0])


def test_a_reminder_says_that_a_start_has_passed() -> None:
    change = pending(quote=quote_of(valid_until="2027-02-01"))
    entry = change.entries[0].model_copy(update={"at": NOW + 45 * DAY})
    mail = render_mail(MailKind.REMINDER, Role.CONTACT, change.order, entry, INSTALLATION, "Acme", LINK)
    assert mail.text.count("This date has passed; the start will be later.") == 5
