"""Papers of quotes with terms, discounts, options and taxes, and the confirmations of orders."""

from __future__ import annotations

from typing import Any

import pytest

from online_orders.domain.letterheads import parse_letterhead
from online_orders.domain.quote_requests import MAX_LINES, frame_of
from online_orders.domain.quotes import Quote
from online_orders_rendering import quote_pdf
from online_orders_rendering.confirmation_pdf import render_confirmation_pdf
from tests.domain.builders import ANNA, CLARA, CONNIE, account_of, judge_quote, line_of, quote_body
from tests.domain.test_logos import drawn
from tests.rendering.samples import (
    INSTALLATION,
    LETTERHEAD,
    REVERSE_CHARGE,
    VAT,
    account_named,
    approved_order,
    certificate_of_choice,
    certificates,
    papers,
    pending,
    rich_quote,
    with_papers,
)
from tests.rendering.test_quote_pdf import assert_margins_are_empty, paper_of, read, set_lines, words_on

Json = dict[str, Any]

LETTER = parse_letterhead(LETTERHEAD)


def quote_for(*lines: Json, currency: str = "EUR", account: Json | None = None, **members: Any) -> Quote:
    frame = frame_of(account_of(**account or {}))
    return judge_quote(quote_body(*lines, **members), currency=currency, frame=frame)


def text_of(paper: bytes) -> str:
    """The lines as they stand on the pages, a blank between two."""
    return " ".join("".join(line.text.split()) for line in set_lines(paper))


def says(paper: bytes, *texts: str) -> list[str]:
    """Which of the texts the paper does not say."""
    found = text_of(paper)
    return [text for text in texts if "".join(text.split()) not in found]


def test_the_paper_says_terms_discounts_options_and_taxes() -> None:
    paper = papers("en")["quote"]
    missing = says(
        paper,
        "January 5, 2027 to January 4, 2028",
        "Term in months: 12",
        "Discount of 12.5% on €2,500.00",
        "4 × €10.00 × (2 + 10/31) = €92.90",
        "Until your contract ends.",
        "1,500 × €36.50 × 9 / 12 = €41,062.50",
        "Discount of €1,000.00 on €41,062.50",
        "7. Support on weekdays",
        "Option, not chosen",
        "Option, chosen",
        "One of the lines 7, 8 can be chosen, or none",
        "With a named engineer.",
        "Purchase order number",
        "PO-7781",
        "Accounts payable",
        "DE 123456789",
        "Periods end on",
        "March 14, 2027",
        "Version 3 of the standard terms",
        "The buyer owes the tax (Article 196 of Directive 2006/112/EC).",
        LETTERHEAD["legal_name"],
    )
    assert missing == []
    quote = rich_quote()
    lines = ["".join(line.text.split()) for line in set_lines(paper)]
    assert quote.gross_totals
    for name, total in (("One-time", quote.gross_totals.once), ("Permonth", quote.gross_totals.monthly)):
        assert f"{name},withtaxes€{total:,}" in lines
    for tax in quote.taxes:
        assert any(line.endswith(f"on€{tax.net:,}€{tax.amount:,}") for line in lines)


def test_a_part_of_a_period_is_charged_once() -> None:
    (line,) = [each.text for each in set_lines(papers("en")["quote"]) if each.text.startswith("4. Public")]
    assert "".join(line.split()) == "4.PublicIPv44€10.00once€92.90"


def test_a_tax_that_all_lines_have_stands_with_the_totals_alone() -> None:
    lines = (line_of("1"), line_of(None, "5"))
    assert text_of(paper_of(quote_for(*lines, account={"tax": VAT}))).count("VAT19%") == 1
    mixed = quote_for(line_of("1"), line_of(None, "5", tax=REVERSE_CHARGE), account={"tax": VAT})
    assert text_of(paper_of(mixed)).count("VAT19%") == 2


def test_german_papers_say_reverse_charge_and_whom_they_are_for() -> None:
    sentence = "Steuerschuldnerschaft des Leistungsempfängers (Artikel 196 der Richtlinie 2006/112/EG)."
    buyer = {"billing_address": "Beispiel GmbH\nLange Straße 1\n1010 Wien", "tax_number": "ATU12345678"}
    quote = quote_for(line_of("1", "420"), account={"tax": {**REVERSE_CHARGE, "sentence": sentence}, **buyer})
    paper = paper_of(quote, locale="de", letterhead=LETTER)
    wanted = (sentence, "Rechnungsadresse", "1010 Wien", "ATU12345678", "Reverse charge auf 1.680,00 €", "0,00 €")
    assert says(paper, *wanted, "Pro Monat, mit Steuern") == []


@pytest.mark.parametrize(
    ("currency", "tax", "gross"),
    [
        ("USD", {"treatment": "rate", "label": "Sales tax (TX)", "rate": "8.25"}, "$90.93"),
        ("JPY", {"treatment": "rate", "label": "消費税", "rate": "10"}, "¥92"),
        ("KWD", {"treatment": "exempt", "label": "Exempt"}, "KWD 84.000"),
    ],
)
def test_amounts_with_tax_have_the_digits_of_the_currency(currency: str, tax: Json, gross: str) -> None:
    quote = quote_for(line_of("1", "21"), currency=currency, account={"tax": tax})
    assert says(paper_of(quote, letterhead=LETTER), gross, tax["label"]) == []


def test_a_long_paper_with_options_stays_between_the_margins() -> None:
    lines = [
        line_of(
            "1" if number == 0 else None,
            description=f"Position {number}",
            tax=VAT if number % 3 else REVERSE_CHARGE,
            optional=number % 7 == 3,
            discount={"percent": "3"},
        )
        for number in range(MAX_LINES)
    ]
    buyer = {"billing_address": f"שלום בע״מ\n{'Long' * 60}\n東京都千代田区丸の内一丁目", "tax_number": "N" * 64}
    paper = paper_of(quote_for(*lines, account=buyer), letterhead=LETTER, account_name="Donaudampfschiff" * 9)
    assert says(paper, *(f"{number + 1}. Position {number}" for number in range(MAX_LINES))) == []
    assert_margins_are_empty(paper)


def test_only_the_paper_of_a_quote_with_more_names_the_purchase_order() -> None:
    assert paper_of(purchase_order_number="PO-7781") == paper_of()
    paper = paper_of(with_papers(quote_for(line_of("1"))), purchase_order_number="PO-7781")
    assert says(paper, "PO-7781") == []


# -- the confirmation ---------------------------------------------------------------------------------------------


def test_a_confirmation_says_what_was_accepted_and_nothing_else() -> None:
    order = approved_order()
    quote = order.approved_quote
    assert quote
    assert quote.accepted
    assert quote.accepted.gross_totals
    paper = papers("en")["confirmation"]
    wanted = (
        "Order confirmation",
        "Northwind Networks GmbH confirms this order as it was approved on November 22, 2026.",
        "4500-123",
        "7. Support on weekdays",
        "9. Setup on site",
        f"€{quote.accepted.gross_totals.once:,}",
        f"€{quote.accepted.gross_totals.monthly:,}",
        quote.sha256,
        quote.accepted.sha256,
    )
    assert says(paper, *wanted) == []
    unsaid = ("Support around the clock", "not chosen", "can be chosen", "PO-7781")
    assert says(paper, *unsaid) == list(unsaid)


def test_a_certificate_names_what_was_accepted() -> None:
    quote = approved_order().approved_quote
    assert quote
    assert quote.accepted
    assert quote.accepted.gross_totals
    paper = certificate_of_choice("en")
    accepted = [getattr(quote.accepted.gross_totals, name) for name in ("once", "monthly", "yearly")]
    amounts = [f"€{amount:,}" for amount in accepted if amount]
    taxes = [f"€{tax.amount:,}" for tax in quote.accepted.taxes if tax.amount]
    choice = ", ".join(quote.accepted.options)
    assert says(paper, *amounts, *taxes, choice, "4500-123", quote.sha256, quote.accepted.sha256) == []
    assert quote.totals.monthly != quote.accepted.totals.monthly


def test_an_order_that_left_no_choice_is_confirmed_as_it_was_offered() -> None:
    paper = papers("en")["confirmation-plain"]
    assert says(paper, "PO-7781", "One-time €2,830.00", "Per year €54,750.00", INSTALLATION.brand) == []
    assert "what was accepted" not in words_on(paper)


def test_a_confirmation_names_no_person() -> None:
    text = " ".join(words_on(paper) + str(read(paper).metadata) for paper in papers("en").values())
    for person in (CONNIE.name, CONNIE.email, ANNA.email, CLARA.email):
        assert person not in text


def test_only_an_approved_order_is_confirmed() -> None:
    for order in (pending().order, pending().order.cancel("Connie", None, pending().order.updated_at).order):
        assert order.approved_quote is None
        with pytest.raises(ValueError, match="not approved"):
            render_confirmation_pdf(order, account_named(), INSTALLATION)


@pytest.mark.parametrize("locale", ["en", "de"])
def test_papers_are_the_same_every_time_and_stay_between_the_margins(locale: str) -> None:
    made = papers(locale)
    assert papers(locale) == made
    for paper in made.values():
        assert_margins_are_empty(paper)


# -- the certificate ----------------------------------------------------------------------------------------------


def test_a_certificate_says_what_was_accepted_with_taxes() -> None:
    some, none = certificates("en")[-2:]
    quote = approved_order().approved_quote
    assert quote
    assert quote.accepted
    assert quote.gross_totals
    assert quote.accepted.gross_totals
    wanted = (
        "Options, by line 7, 9",
        "4500-123",
        quote.accepted.sha256,
        f"One-time, with taxes €{quote.gross_totals.once:,}",
        f"One-time, with taxes €{quote.accepted.gross_totals.once:,}",
        "Reverse charge on",
        "SHA-256 of the signed order",
        LETTERHEAD["legal_name"],
    )
    assert says(some, *wanted) == []
    assert says(none, "Options, by line None") == []
    assert [standards_of(paper) for paper in (some, none)] == [(True, True)] * 2
    for paper in (some, none):
        assert_margins_are_empty(paper)


# -- for archives and for readers of screens ----------------------------------------------------------------------


def standards_of(paper: bytes) -> tuple[bool, bool]:
    root: Any = read(paper).trailer["/Root"]
    text = root["/Metadata"].get_data().decode()
    is_archive = "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in text
    return is_archive, "<pdfuaid:part>1</pdfuaid:part>" in text


@pytest.mark.parametrize("locale", ["en", "de"])
def test_papers_with_a_letterhead_and_confirmations_are_for_archives_and_for_all_readers(locale: str) -> None:
    assert {standards_of(paper) for paper in papers(locale).values()} == {(True, True)}
    assert standards_of(paper_of()) == (False, False)


def test_a_paper_for_archives_has_the_day_that_is_known_from_the_first() -> None:
    about = [read(papers("en")[name]).metadata for name in ("quote", "confirmation")]
    assert [each and str(each.creation_date)[:10] for each in about] == ["2026-11-22", "2026-11-22"]


@pytest.mark.parametrize("mode", ["LA", "P", "RGBA", "I;16"])
def test_a_logo_of_every_kind_may_be_archived(mode: str) -> None:
    logo = {"media_type": "image/png", "data": drawn(mode, (200, 60))}
    paper = paper_of(letterhead=parse_letterhead({**LETTERHEAD, "logo": logo}))
    assert standards_of(paper) == (True, True)


def test_what_no_font_has_keeps_no_paper_from_archives() -> None:
    quote = quote_for(line_of("1", description="Acme \U0001347f \ue000 \ufffe שלום 🚀"))
    assert standards_of(paper_of(quote, letterhead=LETTER)) == (True, True)
    assert quote_pdf.STANDARDS == ["a-2a", "ua-1"]
