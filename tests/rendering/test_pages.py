"""The pages behind the links: every state there is, without scripts, with what was typed, and never the code."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from online_orders.domain.confirmation import FormError, FormNotice, FormState, Outcome
from online_orders.domain.languages import LOCALES
from online_orders_rendering.pages.approval import CONTENT_SECURITY_POLICY, outcome_page
from tests.domain.builders import CLARA, CONNIE, DAY, KINDS, NOW, ORDER_ID
from tests.rendering.samples import (
    ACCOUNT_NAME,
    INSTALLATION,
    TOKEN,
    decision,
    pages,
    pending,
    placed,
    quote_of,
    rich_quote,
)
from tests.shipped_catalog import KIND_LABELS

PAGES = [
    pytest.param(html, locale, id=f"{locale}-{name}") for locale in LOCALES for name, html in pages(locale).items()
]
HOSTILE = '"><script>alert(1)</script>\u202e'
FIELDS = {"decision", "name", "code", "reason", "extra"}
COLLEAGUE = {"new_name", "new_email"}
FILE = {"signed_order"}
OPTIONS = {"options", "priced", "group.support", "option.9"}

Attributes = dict[str, str | None]


class Page(HTMLParser):
    """The tags of a page with their attributes, its words, and its style sheets."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, Attributes]] = []
        self.styles: list[str] = []
        self.words = ""
        self._in = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in = tag

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in == "style":
            self.styles.append(data)
        else:
            self.words += f"{data} "

    def all(self, tag: str, **wanted: str) -> list[Attributes]:
        return [given for name, given in self.tags if name == tag and wanted.items() <= given.items()]

    @property
    def fields(self) -> set[str]:
        """The names that the form sends."""
        return {given["name"] or "" for _, given in self.tags if "name" in given} - {
            "viewport",
            "robots",
            "color-scheme",
        }


def shown(html: str) -> str:
    return " ".join(Page(html).words.split())


@pytest.mark.parametrize(("html", "locale"), PAGES)
def test_a_page_loads_nothing_and_runs_nothing(html: str, locale: str) -> None:
    page = Page(html)
    names = {tag for tag, _ in page.tags}
    assert names.isdisjoint({"script", "link", "img", "iframe", "object", "base"})
    for tag, given in page.tags:
        assert "style" not in given
        assert not [name for name in given if name.startswith("on")]
        assert "src" not in given
        if tag == "a":
            assert (given["href"] or "").startswith(("#", "/confirm/"))
    assert page.all("html", lang=locale)
    assert page.all("meta", name="viewport")
    assert "{" not in page.words


@pytest.mark.parametrize(("html", "locale"), PAGES)
def test_the_policy_names_the_style_sheet_of_every_page(html: str, locale: str) -> None:
    (style,) = Page(html).styles
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY


def test_the_policy_allows_the_form_and_nothing_else() -> None:
    directives = dict(part.strip().split(" ", 1) for part in CONTENT_SECURITY_POLICY.split(";"))
    assert directives.pop("style-src").startswith("'sha256-")
    assert directives == {
        "default-src": "'none'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.parametrize(("html", "locale"), PAGES)
def test_every_field_has_a_label_and_every_reference_leads_somewhere(html: str, locale: str) -> None:
    page = Page(html)
    ids = [given["id"] for _, given in page.tags if "id" in given]
    assert len(ids) == len(set(ids))
    labeled = {given.get("for") for given in page.all("label")}
    for tag in ("input", "textarea"):
        for given in page.all(tag):
            if given.get("type") not in {"hidden", "radio", "checkbox"}:
                assert given["id"] in labeled
    for _, given in page.tags:
        for reference in ("aria-describedby", "aria-labelledby", "for"):
            for name in (given.get(reference) or "").split():
                assert name in ids
    for link in page.all("a"):
        if (link["href"] or "").startswith("#"):
            assert (link["href"] or "")[1:] in ids
    assert len(page.all("h1")) == 1


@pytest.mark.parametrize(("html", "locale"), PAGES)
def test_a_form_posts_to_where_it_came_from(html: str, locale: str) -> None:
    for form in Page(html).all("form"):
        assert form["method"] == "post"
        assert "action" not in form


@pytest.mark.parametrize("locale", LOCALES)
def test_a_quote_can_be_approved_changed_or_canceled(locale: str) -> None:
    order = pending(locale).order
    page = Page(decision(order, order.quote))
    assert page.fields == FIELDS | COLLEAGUE | FILE
    assert [given["value"] for given in page.all("input", name="decision", type="radio")] == [
        "approve",
        "request_change",
        "cancel",
        "ask",
        "hand_over",
    ]
    assert page.all("details") == [{"class": "more"}]
    assert not [given for given in page.all("input") if "checked" in given]
    (code,) = page.all("input", name="code")
    assert (code["inputmode"], code["autocomplete"]) == ("numeric", "one-time-code")
    # Whether it is one, with blanks or without, the server says.
    assert "pattern" not in code
    assert not [field for tag in ("input", "textarea") for field in page.all(tag) if "maxlength" in field], (
        "it would cut"
    )
    assert "value" not in code


def test_what_else_can_be_done_is_open_while_it_is_chosen() -> None:
    order = pending().order
    for chosen, is_open in (("ask", True), ("hand_over", True), ("approve", False)):
        (more,) = Page(decision(order, order.quote, FormState(chosen))).all("details")
        assert ("open" in more) is is_open


def test_a_colleague_that_was_typed_is_shown_again_with_what_is_wrong() -> None:
    form = FormState("hand_over", errors=(FormError.NEW_EMAIL_OWN,), new_name='C. "C"', new_email="connie@acme.example")
    order = pending().order
    page = Page(decision(order, order.quote, form))
    (name,), (email,) = page.all("input", name="new_name"), page.all("input", name="new_email")
    assert (name["value"], email["value"], email["type"]) == ('C. "C"', "connie@acme.example", "email")
    assert (email["aria-describedby"], "aria-invalid" in name) == ("new_email-fault", False)


def test_nobody_is_offered_to_hand_over_where_the_account_does_not_want_it() -> None:
    order = pending().order
    page = Page(decision(order, order.quote, FormState(may_hand_over=False)))
    assert page.fields == FIELDS | FILE
    assert "hand_over" not in [given["value"] for given in page.all("input", name="decision")]


@pytest.mark.parametrize("locale", LOCALES)
def test_an_order_without_a_quote_can_be_canceled_alone(locale: str) -> None:
    page = Page(decision(placed(locale).order, None))
    assert page.fields == FIELDS
    assert [given["value"] for given in page.all("input", name="decision")] == ["cancel"]
    assert not page.all("input", type="radio")
    assert not page.all("table")


def test_the_page_of_an_order_link_shows_no_quote_that_is_underway() -> None:
    order = pending().order
    text = shown(decision(order, None))
    assert "Lines of the quote" not in text
    assert "Confirmed start date" not in text


def test_the_page_shows_all_that_is_decided_on() -> None:
    order = pending().order
    message = shown(decision(order, order.quote))
    assert order.quote
    for text in (
        ORDER_ID,
        ACCOUNT_NAME,
        "PO-7781",
        "Revision 1",
        "Valid until January 1, 2027",
        "Start date asked for: January 5, 2027",
        "Confirmed start date: January 7, 2027",
        "3. Sockets: 2 × X1500 for Lager Süd",
        "SDP user license Item 5 1,500 €36.50 €54,750.00 per year",
        "Volume discount 1 -€150.00 -€150.00 once",
        "Per month €460.00",
        "as discussed with a volume discount.",
        "Prices are net of taxes.",
        "Please deliver to the loading dock.",
        order.quote.sha256,
    ):
        assert text in message
    assert all(label in message for label in KIND_LABELS.values())
    assert len(KINDS) == message.count("Start date asked for")


def test_the_paper_is_linked_where_there_is_one() -> None:
    order = pending().order
    assert Page(decision(order, order.quote)).all("a", href=f"/confirm/{TOKEN}/quote.pdf")
    assert not [given for given in Page(decision(order, order.quote, pdf_path=None)).all("a") if "pdf" in str(given)]


def test_a_refused_form_keeps_the_input_and_shows_errors_at_the_fields() -> None:
    order = pending().order
    form = FormState("request_change", "Bob Buyer", "Two sockets", (FormError.CODE_WRONG,), 4)
    page = Page(decision(order, order.quote, form))
    assert "checked" in page.all("input", value="request_change")[0]
    assert page.all("input", name="name", value="Bob Buyer")
    assert "Two sockets" in page.words
    (code,) = page.all("input", name="code")
    assert code["aria-invalid"] == "true"
    assert "code-fault" in (code["aria-describedby"] or "").split()
    assert page.all("span", id="code-fault")
    assert page.all("div", role="alert")
    assert page.all("a", href="#code")
    assert "This code is not right. You have 4 more tries." in " ".join(page.words.split())


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("fault", FormError)
def test_every_fault_is_said_at_its_field_and_at_the_top(fault: FormError, locale: str) -> None:
    order = pending(locale, quote=rich_quote()).order
    form = FormState(errors=(fault,))
    if fault is FormError.ATTACHMENT_NOT_TAKEN:
        form = replace(form, signed_order="never")
    page = Page(decision(order, order.quote, form))
    assert page.all("div", role="alert")
    is_seen = fault not in {FormError.EXTRA_FILLED, FormError.ATTACHMENT_NOT_TAKEN}
    assert bool(page.all("a", href=f"#{fault.field}")) is is_seen, "no link leads where there is nothing to see"
    assert bool(page.all("span", id=f"{fault.field}-fault")) is is_seen


@pytest.mark.parametrize("locale", LOCALES)
def test_nobody_sees_hears_or_reaches_the_field_that_is_there_for_robots(locale: str) -> None:
    order = pending(locale).order
    for html in (decision(order, order.quote), outcome_page(Outcome.LOCKED, order, INSTALLATION, locale)):
        page = Page(html)
        (field,) = page.all("input", name="extra")
        assert (field["tabindex"], field["autocomplete"], field["value"]) == ("-1", "off", "")
        assert page.all("div", **{"class": "extra", "aria-hidden": "true"})


def test_an_error_of_options_that_the_quote_does_not_have_leads_nowhere() -> None:
    order = pending().order
    page = Page(decision(order, order.quote, FormState(errors=(FormError.OPTION_UNKNOWN,), options=("9",))))
    assert page.all("div", role="alert")
    assert not page.all("a", href="#options")


def test_one_try_is_one_try() -> None:
    order = pending().order
    text = shown(decision(order, order.quote, FormState(errors=(FormError.CODE_WRONG,), tries_left=1)))
    assert "You have 1 more try." in text


def test_what_people_write_is_shown_as_they_wrote_it() -> None:
    typed = HOSTILE.replace("\u202e", "")
    change = pending(note=typed)
    quote = change.order.quote
    assert quote
    lines = tuple(line.model_copy(update={"description": HOSTILE}) for line in quote.lines)
    hostile = quote.model_copy(update={"message": HOSTILE, "terms": HOSTILE, "lines": lines})
    order = change.order.model_copy(update={"quote": hostile, "purchase_order_number": HOSTILE})
    form = FormState(typed, typed, typed, (FormError.DECISION_MISSING,))
    sites = dict.fromkeys(("office", "branch", "store", "lab"), HOSTILE)
    page = Page(decision(order, hostile, form, account_name=HOSTILE, site_names=sites))
    assert not page.all("script")
    assert "<script>alert(1)</script>" in page.words
    assert "\u202e" not in page.words


def test_a_reason_keeps_the_empty_line_that_it_begins_with() -> None:
    order = pending().order
    html = decision(order, order.quote, FormState("cancel", "Bob", "\nfirst", (FormError.CODE_MISSING,)))
    assert re.search(r"<textarea[^>]*>\n\nfirst</textarea>", html)


ASKING: dict[Outcome, dict[str, Any]] = {
    Outcome.EXPIRED: {"decision": "request_quote", "fields": {"decision", "code", "extra"}},
    Outcome.LOCKED: {"decision": "request_mail", "fields": {"decision", "code", "extra"}},
}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("outcome", Outcome)
def test_a_page_asks_only_where_there_is_something_to_ask_for(outcome: Outcome, locale: str) -> None:
    page = Page(outcome_page(outcome, pending(locale).order, INSTALLATION, locale))
    expected = ASKING.get(outcome)
    assert len(page.all("form")) == (1 if expected else 0)
    if expected:
        assert page.fields == expected["fields"]
        assert page.all("input", type="hidden", name="decision", value=expected["decision"])


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_can_be_told_when_the_order_is_not_known(outcome: Outcome, locale: str) -> None:
    text = shown(outcome_page(outcome, None, INSTALLATION, locale))
    assert INSTALLATION.brand in text
    assert "{" not in text


@pytest.mark.parametrize("outcome", Outcome)
def test_an_outcome_complains_of_its_own_fields_alone(outcome: Outcome) -> None:
    page = Page(outcome_page(outcome, pending().order, INSTALLATION, "en", form=FormState(errors=tuple(FormError))))
    complaints = [link["href"] for link in page.all("a")]
    asks = {Outcome.EXPIRED, Outcome.LOCKED}
    assert complaints == (["#code"] * 3 if outcome in asks else [])
    assert len(page.all("div", role="alert")) == (outcome in asks)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("already_decided-approved", "The quote was approved on November 22, 2026."),
        ("already_decided-canceled", "The contact person canceled the order on November 22, 2026."),
        ("already_decided-changed", "A change of the quote was requested."),
        ("closed-declined", "Customer Success declined the order on November 22, 2026."),
        ("closed-declined", "Not available in your region."),
        ("closed-withdrawn", "Your organization withdrew the order on November 22, 2026."),
        ("closed-expiry", "The quote was not approved in time"),
        ("closed-completed", "The quote was approved on November 22, 2026."),
        ("expired", "It was valid until January 1, 2027"),
        ("approved", "Revision 1 of the quote is approved"),
        ("change_requested", "Revision 1 can no longer be approved"),
    ],
)
def test_a_page_says_what_happened(name: str, said: str) -> None:
    assert said in shown(pages("en")[name])


def test_the_name_of_who_decided_is_told_where_it_is_known() -> None:
    order = pending().order
    for decided, text in (
        (order.approve("Bob Buyer", NOW).order, "Bob Buyer approved the quote on November 22, 2026."),
        (order.cancel("Bob Buyer", None, NOW).order, "We had asked Connie; the name given is Bob Buyer."),
    ):
        html = outcome_page(Outcome.ALREADY_DECIDED, decided, INSTALLATION, "en", decided_by="Bob Buyer")
        assert text in shown(html)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("outcome", [Outcome.APPROVED, Outcome.CHANGE_REQUESTED, Outcome.ALREADY_DECIDED])
def test_a_page_says_who_was_asked_where_the_name_given_is_another(outcome: Outcome, locale: str) -> None:
    order = pending(locale).order.approve("Bob Buyer", NOW).order
    other = shown(outcome_page(outcome, order, INSTALLATION, locale, decided_by="Bob <b>Buyer</b>"))
    same = shown(outcome_page(outcome, order, INSTALLATION, locale, decided_by=CONNIE.name))
    text = {"en": "We had asked Connie", "de": "Gefragt hatten wir Connie"}[locale]
    assert (text in other, "Bob <b>Buyer</b>" in other) == (True, True)
    assert text not in same


def test_pages_name_no_colleague_and_no_address() -> None:
    order = pending().order
    declined = order.decline(CLARA, "No.", NOW).order
    response = [
        decision(order, order.quote),
        outcome_page(Outcome.CLOSED, declined, INSTALLATION, "en", account_name=ACCOUNT_NAME),
    ]
    for html in response:
        assert "@" not in Page(html).words


def test_the_page_names_sites_and_their_addresses_as_they_were_ordered() -> None:
    order = pending().order
    words = Page(decision(order, order.quote)).words
    assert "Renamed since" not in words
    assert "Delivery address: 2 Side St" in " ".join(words.split())


def test_a_passed_start_is_shown_around_the_decision_and_blocks_nothing() -> None:
    order = pending(quote=quote_of(valid_until="2027-02-01")).order
    late = NOW + 45 * DAY
    before, early = decision(order, order.quote, at=late), decision(order, order.quote, at=NOW)
    assert "A start date has passed: Item 2 (January 5, 2027)" in before
    assert before.count("This date has passed; the start will be later.") == 5
    assert Page(before).all("input", name="decision", value="approve")
    assert "passed" not in Page(early).words
    after = outcome_page(Outcome.APPROVED, order.approve("Connie", late).order, INSTALLATION, "en")
    assert "A start date had already passed: Item 2 (January 5, 2027)" in after
    assert "passed" not in Page(outcome_page(Outcome.APPROVED, order.approve("C", NOW).order, INSTALLATION, "en")).words


# -- options, taxes and terms ---------------------------------------------------------------------------------------


def rich(**changes: Any) -> str:
    order = pending("en", quote=rich_quote(), purchase_order_number=None).order
    return decision(order, order.quote, replace(FormState(), **changes))


def test_terms_discounts_and_parts_of_periods_are_shown_at_their_lines() -> None:
    text = shown(rich())
    for expected in (
        "January 5, 2027 to January 4, 2028 Term in months: 12",
        "Discount of 12.5% on €2,500.00",
        "Full months: 2; days after them: 10 of 31. 4 × €10.00 × (2 + 10/31) = €92.90",
        "Full months: 9; days after them: 0 of 31. 1,500 × €36.50 × 9 / 12 = €41,062.50",
        "Discount of €1,000.00 on €41,062.50",
        "Reverse charge",
        "VAT 19%",
        "Until your contract ends.",
        "Accounts payable",
        "DE 123456789",
        "The buyer owes the tax (Article 196 of Directive 2006/112/EC).",
    ):
        assert expected in text, expected


def test_the_totals_lead_from_net_to_what_is_to_be_paid() -> None:
    text = shown(rich())
    for expected in (
        "Per month, discount of 2% -€12.60",
        "Per month, net €617.40",
        "VAT 19% on €617.40 €117.31",
        "Per month, with taxes €734.71",
    ):
        assert expected in text, expected
    assert "Per year" not in text


def test_a_quote_without_taxes_and_discounts_has_the_totals_alone() -> None:
    order = pending().order
    text = shown(decision(order, order.quote))
    for word in (", net", "with taxes", "Options", "Recalculate", "discount of"):
        assert word not in text


def test_options_are_chosen_by_a_box_and_within_a_group_by_a_button() -> None:
    page = Page(rich())
    assert page.fields == FIELDS | COLLEAGUE | FILE | OPTIONS | {"purchase_order_number"}
    assert page.all("input", type="hidden", name="options", value="shown")
    assert page.all("input", type="hidden", name="priced", value="8")
    (box,) = page.all("input", type="checkbox")
    assert (box["name"], box["value"], "checked" in box) == ("option.9", "yes", False)
    of_group = page.all("input", type="radio", name="group.support")
    assert [(each["value"], "checked" in each) for each in of_group] == [("7", False), ("8", True), ("", False)]
    (form,) = page.all("form")
    assert form["enctype"] == "multipart/form-data"


def test_other_options_are_priced_and_stay_chosen() -> None:
    html = rich(options=("7", "9"), notice=FormNotice.RECALCULATED, name="Bob", purchase_order_number="PO-9")
    page = Page(html)
    text = shown(html)
    assert "checked" in page.all("input", name="option.9")[0]
    assert "checked" in page.all("input", name="group.support", value="7")[0]
    assert "Per month, with taxes: €594.76" in text
    assert text.index("The totals were computed anew") < text.index("Your quote")
    assert page.all("input", name="name", value="Bob")
    assert page.all("input", name="purchase_order_number", value="PO-9")
    assert page.all("input", name="priced", value="7,9")
    html = rich(decision="approve", options=("7", "9"), notice=FormNotice.TOTALS_CHANGED)
    assert Page(html).all("input", name="priced", value="7,9")
    assert "checked" in Page(html).all("input", name="decision", value="approve")[0]
    assert shown(html).index("The totals have changed with your choice") < shown(html).index("€594.76")
    none = Page(rich(options=()))
    assert none.all("input", name="priced", value="")
    assert "checked" in none.all("input", name="group.support", value="")[0]


def test_what_cannot_be_chosen_shows_what_is_offered() -> None:
    page = Page(rich(options=("7", "8"), errors=(FormError.OPTIONS_EXCLUDE,)))
    assert page.all("input", name="priced", value="8")
    assert "checked" in page.all("input", name="group.support", value="8")[0]
    assert page.all("a", href="#options")


def test_the_enter_key_decides_and_does_not_recalculate() -> None:
    page = Page(rich())
    buttons = page.all("button")
    assert [button.get("value") for button in buttons] == [None, "recalculate", None]
    assert "name" not in buttons[0]
    assert "formnovalidate" in buttons[1]
    names = [given.get("name") for tag, given in page.tags if tag in {"input", "button"} and given.get("name")]
    assert names.index("decision") == names.index("option.9") + 1, "of two fields of a name the first counts"


@pytest.mark.parametrize(
    ("policy", "label"), [("optional", "Signed order (optional)"), ("required", "Signed order"), ("never", None)]
)
def test_a_signed_order_is_asked_for_as_the_account_wants_it(policy: Any, label: str | None) -> None:
    page = Page(rich(signed_order=policy))
    assert len(page.all("input", type="file")) == (label is not None)
    (form,) = page.all("form")
    assert ("enctype" in form) is (label is not None)
    assert (label or "never") in f"{page.words} never"


def test_the_purchase_order_is_asked_for_where_the_order_has_none() -> None:
    order = pending().order
    assert not Page(decision(order, order.quote)).all("input", name="purchase_order_number")
    long = FormState(errors=(FormError.PURCHASE_ORDER_TOO_LONG,), purchase_order_number="x" * 65)
    assert Page(decision(order, order.quote, long)).all("input", name="purchase_order_number", value="x" * 65)
    assert "Purchase order number (optional)" in shown(rich())
    assert "(optional)" not in shown(rich(needs_purchase_order=True, signed_order="never"))


def test_a_file_that_was_sent_is_to_be_chosen_again() -> None:
    assert "Please choose it again" in shown(rich(had_upload=True))
    assert "Please choose it again" not in shown(rich())


def test_the_page_after_an_approval_says_what_was_accepted() -> None:
    text = shown(pages("en")["rich-approved"])
    assert "What you have accepted Options Support on weekdays Setup on site" in text
    assert "Per month, with taxes €594.76" in text
    assert "PO-9" in text
    assert "What you have accepted" not in shown(pages("en")["approved"])
