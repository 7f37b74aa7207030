"""Business papers from the desk's draft to the certificate: a German, a Japanese and an American order.

What each comes to is computed a second time here, in whole minor units and fractions, from the rules of docs/quotes.md.
"""

import calendar
import hashlib
import json
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from html import unescape
from typing import Any, NamedTuple

import rfc8785

from sandbox.seed import price_list
from tests.contract.in_process import InProcess
from tests.contract.orders import Order, enroll, line, place_for
from tests.contract.pages import forms
from tests.contract.site import Json, Mail, Site
from tests.contract.test_certificates import certificate_of
from tests.contract.test_evidence import evidence_of
from tests.contract.uploads import NAME, PDF, decide_with_file
from tests.rendering.samples import LETTERHEAD
from tests.rendering.test_papers import says, text_of

RECURRENCES = ("once", "monthly", "yearly")
DIGITS = {"EUR": 2, "JPY": 0, "USD": 2}


# -- the second computation ---------------------------------------------------------------------------------------


def half_up(number: Fraction) -> int:
    """Round a number that is not below zero."""
    return int(number + Fraction(1, 2))


def later(day: date, months: int) -> date:
    year, month = day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def months_of(starts_on: date, ends_on: date) -> Fraction:
    """How many months it is, the last of them perhaps in part."""
    beyond = ends_on + timedelta(days=1)
    whole = next(months for months in range(2000) if later(starts_on, months + 1) > beyond)
    begun = later(starts_on, whole)
    return whole + Fraction((beyond - begun).days, (later(starts_on, whole + 1) - begun).days)


class Sums:
    """What the lines of a request come to that are not optional, and those of the options with these ids."""

    def __init__(self, body: Json, currency: str, chosen: Iterable[str], account_tax: Json | None = None) -> None:
        self.unit = 10 ** DIGITS[currency]
        self.digits = DIGITS[currency]
        self.body = body
        self.amounts = [self._net(each) for each in body["lines"]]
        counted = [
            (each, amount)
            for number, (each, amount) in enumerate(zip(body["lines"], self.amounts, strict=True), 1)
            if not each.get("optional") or str(number) in chosen
        ]
        self.totals, self.off = dict.fromkeys(RECURRENCES, 0), dict.fromkeys(RECURRENCES, 0)
        self.gross = dict.fromkeys(RECURRENCES, 0)
        self.taxes: list[Json] = []
        for recurrence in RECURRENCES:
            lines = [(each, amount) for each, amount in counted if due(each) == recurrence]
            total = sum(amount for _, amount in lines)
            self.off[recurrence] = self._off_whole(recurrence, total)
            self.totals[recurrence] = total - self.off[recurrence]
            self.gross[recurrence] = self.totals[recurrence]
            bases: dict[str, tuple[Json, int]] = {}
            for each, amount in lines:
                tax = each.get("tax") or body.get("tax") or account_tax or {}
                bases[json.dumps(tax)] = (tax, bases.get(json.dumps(tax), (tax, 0))[1] + amount)
            shares = self._shared(self.off[recurrence], [base for _, base in bases.values()])
            for (tax, base), share in zip(bases.values(), shares, strict=True):
                if tax:
                    amount = half_up((base - share) * Fraction(tax.get("rate", "0")) / 100)
                    self.gross[recurrence] += amount
                    self.taxes.append(
                        {"label": tax["label"], "recurrence": recurrence, "net": base - share, "amount": amount}
                    )

    def _net(self, each: Json) -> int:
        periods = Fraction(1)
        if each.get("prorate"):
            ends_on = each.get("ends_on") or self.body["common_end_on"]
            periods = months_of(date.fromisoformat(each["starts_on"]), date.fromisoformat(ends_on))
            periods = periods / 12 if each["recurrence"] == "yearly" else periods
        listed = half_up(Fraction(each["unit_price"]) * each["quantity"] * periods * self.unit)
        discount = each.get("discount") or {"percent": "0"}
        if "percent" in discount:
            return listed - half_up(listed * Fraction(discount["percent"]) / 100)
        return listed - int(Fraction(discount["amount"]) * self.unit)

    def _off_whole(self, recurrence: str, total: int) -> int:
        discount = self.body.get("discount") or {"percent": "0"}
        if "percent" in discount:
            return half_up(total * Fraction(discount["percent"]) / 100)
        return int(Fraction(discount["amount"]) * self.unit) if discount["recurrence"] == recurrence else 0

    @staticmethod
    def _shared(units: int, bases: list[int]) -> list[int]:
        """Each gets its whole units; what is left goes to the largest remainders."""
        exact = [Fraction(units * base, sum(bases) or 1) for base in bases]
        shares = [int(each) for each in exact]
        by_rest = sorted(range(len(bases)), key=lambda index: shares[index] - exact[index])
        for index in by_rest[: units - sum(shares)]:
            shares[index] += 1
        return shares

    def text(self, units: int) -> str:
        """As the JSON has it."""
        whole, rest = divmod(units, self.unit)
        return f"{whole}.{rest:0{self.digits}}" if self.digits else str(whole)

    def texts(self, units: dict[str, int]) -> Json:
        return {recurrence: self.text(each) for recurrence, each in units.items()}

    def assert_are(self, found: Json) -> None:
        """Compare with a quote or what was accepted of one."""
        assert found["totals"] == self.texts(self.totals)
        assert found["gross_totals"] == self.texts(self.gross)
        taxes = [{name: each[name] for name in ("label", "recurrence", "net", "amount")} for each in found["taxes"]]
        expected = [{**each, "net": self.text(each["net"]), "amount": self.text(each["amount"])} for each in self.taxes]
        assert sorted(taxes, key=str) == sorted(expected, key=str)

    def shown(self, write: Any) -> list[str]:
        """The amounts that whoever decides has to read."""
        amounts = [*self.totals.values(), *self.gross.values(), *self.off.values()]
        amounts += [each["amount"] for each in self.taxes]
        return [write(self.text(each)) for each in amounts if each]


def due(each: Json) -> str:
    return "once" if each.get("prorate") else str(each["recurrence"])


def euros(text: str) -> str:
    """As Germans write them."""
    whole, _, cents = text.partition(".")
    return f"{int(whole):,}".replace(",", ".") + f",{cents} €"


def yen(text: str) -> str:
    return f"¥{int(text):,}"


def dollars(text: str) -> str:
    whole, _, cents = text.partition(".")
    return f"${int(whole):,}.{cents}"


# -- the way of an order ------------------------------------------------------------------------------------------


class Papers(NamedTuple):
    """What people get to see on the way, by name."""

    pages: dict[str, str]
    mails: dict[str, Mail]
    pdfs: dict[str, bytes]


def bare(text: str) -> str:
    return "".join(unescape(text).split())


def lacks(text: str, *wanted: str) -> list[str]:
    return [each for each in wanted if bare(each) not in bare(text)]


def drafted(order: Order, currency: str) -> Json:
    """The desk's draft, priced by the list of the account's currency, which is the one that the local run has."""
    site, cs = order.site, order.site.people.cs
    site.put(f"/api/desk/price-lists/{currency}", cs, price_list(currency)).ok()
    order.desk("claim").ok()
    body: Json = site.get(f"{order.desk_path}/quote-draft", cs).ok()
    assert {each["item_id"] for each in body["lines"]} == {each["item_id"] for each in order.created.json["items"]}
    return body


def offer(order: Order, body: Json, sums: Sums) -> Mail:
    """Quote what the preview has shown, and check every line."""
    preview = order.desk("quote/preview", body).ok()["quote"]
    order.desk("quote", body).ok(202)
    mail = order.quote_mail()
    found = order.read()["quote"]
    for seen in (preview, found):
        assert [each["amount"] for each in seen["lines"]] == [sums.text(each) for each in sums.amounts]
        sums.assert_are(seen)
        if body.get("discount"):
            assert seen["discount_amounts"] == sums.texts(sums.off)
    return mail


def papers_of(order: Order, offered: Mail, pages: dict[str, str]) -> Papers:
    """All that there is after the approval."""
    site, cs = order.site, order.site.people.cs
    site.eventually(lambda: len([each for each in order.mails_to(order.contact) if each.attachments]) > 1)
    pages["afterwards"] = site.request("GET", offered.link).page()
    confirmation = site.get(f"{order.path}/confirmation", order.user)
    certificate = site.get(f"{order.desk_path}/certificate", cs, Accept="application/pdf")
    quote = site.get(f"{order.path}/quotes/1", order.user, Accept="application/pdf")
    assert [each.status for each in (confirmation, certificate, quote)] == [200] * 3
    assert offered.attachments[0].read() == quote.body
    pdfs = {"quote": quote.body, "confirmation": confirmation.body, "certificate": certificate.body}
    approved = next(each for each in order.mails_to(order.contact)[::-1] if each.attachments)
    return Papers(pages, {"offered": offered, "approved": approved}, pdfs)


def assert_certified(order: Order, sums: Sums) -> Json:
    """Look into the certificate's document and at the hash of what was accepted; return the document."""
    body = json.loads(certificate_of(order))["certificate"]
    after = order.read()
    quote = body["quote"]
    accepted = after["quote"].get("accepted")
    assert (quote["sha256"], quote.get("accepted")) == (after["quote"]["sha256"], accepted)
    sums.assert_are(accepted or quote)
    if accepted:
        content = {name: value for name, value in accepted.items() if name != "sha256"} | {
            "order_id": order.order_id,
            "account_id": after["account_id"],
            "revision": 1,
            "quote_sha256": quote["sha256"],
        }
        assert accepted["sha256"] == hashlib.sha256(rfc8785.dumps(content)).hexdigest()
    return dict(body)


# -- Germany ------------------------------------------------------------------------------------------------------

GERMAN_TERMS = "Es gelten unsere Allgemeinen Geschäftsbedingungen. Zahlbar innerhalb von 30 Tagen ohne Abzug."
VAT: Json = {"treatment": "rate", "label": "USt.", "rate": "19"}
REVERSE: Json = {
    "treatment": "reverse_charge",
    "label": "Steuerschuld des Empfängers",
    "sentence": "Steuerschuldnerschaft des Leistungsempfängers (Art. 196 MwStSystRL).",
}


def german(site: Site) -> tuple[Order, Papers, Sums]:
    cs, year = site.people.cs, site.now().year + 1
    site.put("/api/desk/letterhead", cs, LETTERHEAD).ok()
    site.put("/api/desk/terms", cs, {"locale": "de", "group": None, "text": GERMAN_TERMS}).ok()
    office: Json = {"site_id": "office", "name": "Zentrale Hamburg", "country": "DE", "license": None, "sockets": []}
    account = enroll(
        site,
        name="Nordlicht Groß- & Außenhandelsgesellschaft mbH",
        locale="de",
        currency="EUR",
        time_zone="Europe/Berlin",
        tax=VAT,
        tax_number="DE 811 234 567",
        billing_address="Nordlicht Groß- & Außenhandelsgesellschaft mbH\nBuchhaltung\nAm Sandtorkai 12\n20457 Hamburg",
        sites=[{**office, "address": "Am Sandtorkai 12, 20457 Hamburg"}],
    )
    start = site.day(45)
    items: list[Json] = [
        {"kind": "ip_addresses", "quantity": 5, "start_date": start},
        {"kind": "sdp_users", "region": "europe", "quantity": 37, "start_date": start},
        {"kind": "socket", "site_id": "office", "model": "X1500", "quantity": 3, "start_date": start},
    ]
    order = place_for(site, account, items=items, purchase_order_number="BE-2026/118")
    body = drafted(order, "EUR")
    body["lines"][0] |= {"starts_on": f"{year}-02-10", "prorate": True, "message": "Bis zum Ende Ihres Vertrags."}
    body["lines"][1] |= {"discount": {"percent": "12.5"}, "starts_on": f"{year}-03-01", "term_months": 24}
    body["lines"].append(
        line(
            item_id=None,
            description="Schulung in Wien",
            quantity=1,
            unit_price="1234.57",
            recurrence="once",
            tax=REVERSE,
        )
    )
    body |= {"common_end_on": f"{year}-12-31", "discount": {"percent": "3"}, "message": "Wie besprochen."}
    sums = Sums(body, "EUR", (), VAT)
    mail = offer(order, body, sums)
    pages = {"offered": site.request("GET", mail.link).page()}
    pages["approved"] = site.decide(mail, "approve", name="Petra Vogel").page()
    return order, papers_of(order, mail, pages), sums


def test_a_german_order_has_german_papers_from_draft_to_certificate(in_process: InProcess) -> None:
    order, papers, sums = german(in_process)
    found = order.read()["quote"]
    assert found["lines"][0]["proration"] == {"months": 10, "days": 22, "days_in_month": 31}
    assert found["tax_sentences"] == [REVERSE["sentence"]]
    assert found["terms_version"] == {"locale": "de", "version": 1}
    assert_certified(order, sums)
    shown = sums.shown(euros)
    assert lacks(papers.pages["offered"], *shown, REVERSE["sentence"], "Bis zum Ende Ihres Vertrags.") == []
    for name in ("quote", "confirmation"):
        wanted = (*shown, "USt.", REVERSE["sentence"], "12,5", "10 + 22/31", GERMAN_TERMS, "BE-2026/118")
        wanted = (*wanted, "DE 811 234 567", "Buchhaltung", "Außenhandelsgesellschaft", "Dana Vendor", "Zentrale")
        assert says(papers.pdfs[name], *wanted) == [], name
    totals = [euros(sums.text(each)) for each in (*sums.totals.values(), *sums.gross.values()) if each]
    assert says(papers.pdfs["certificate"], *totals, "Petra Vogel", found["sha256"], LETTERHEAD["legal_name"]) == []
    assert lacks(papers.mails["offered"].text, *totals) == []
    assert [each.name for each in papers.mails["approved"].attachments] == [
        f"quote-{order.order_id}-1.pdf",
        f"confirmation-{order.order_id}.pdf",
    ]


# -- Japan --------------------------------------------------------------------------------------------------------

CONSUMPTION_TAX: Json = {"treatment": "rate", "label": "Consumption tax", "rate": "10"}
JAPANESE_NAME = "株式会社青空総合意匠設計研究所ホールディングス東京本社デジタル推進事業部"
JAPANESE_ADDRESS = "〒153-0063\n東京都目黒区目黒二丁目11番3号\n目黒駅前セントラルビルディング西館14階\n経理部 御中"
JAPANESE_SITE = "大阪市北区梅田スカイデザインスタジオ"


def japanese(site: Site) -> tuple[Order, Papers, Sums]:
    year = site.now().year + 1
    studio: Json = {"site_id": "osaka", "name": JAPANESE_SITE, "country": "JP", "license": None, "sockets": []}
    account = enroll(
        site,
        name=JAPANESE_NAME,
        locale="en",
        currency="JPY",
        time_zone="Asia/Tokyo",
        tax=CONSUMPTION_TAX,
        tax_number="T1234567890123",
        billing_address=JAPANESE_ADDRESS,
        sites=[{**studio, "address": "〒530-0001 大阪府大阪市北区梅田三丁目1番1号"}],
    )
    start = site.day(45)
    items: list[Json] = [
        {"kind": "sdp_users", "region": "asia_pacific", "quantity": 7, "start_date": start},
        {"kind": "socket", "site_id": "osaka", "model": "X1700", "quantity": 2, "start_date": start},
    ]
    order = place_for(site, account, items=items)
    body = drafted(order, "JPY")
    body["lines"][0] |= {
        "recurrence": "yearly",
        "unit_price": "4999",
        "starts_on": f"{year}-01-31",
        "ends_on": f"{year}-11-14",
        "prorate": True,
    }
    body["lines"][1] |= {"discount": {"amount": "12345"}, "message": "設置は平日の午前中に行います。"}
    body["lines"].append(line(item_id=None, description="保守サポート(24時間365日)", quantity=3, unit_price="3333"))
    body["discount"] = {"amount": "777", "recurrence": "monthly"}
    sums = Sums(body, "JPY", (), CONSUMPTION_TAX)
    mail = offer(order, body, sums)
    pages = {"offered": site.request("GET", mail.link).page()}
    pages["approved"] = site.decide(mail, "approve", name="田中 ゆき", purchase_order_number="発注-0042").page()
    return order, papers_of(order, mail, pages), sums


def test_a_japanese_order_has_whole_yen_and_its_own_letters(site: Site) -> None:
    order, papers, sums = japanese(site)
    after = order.read()
    assert "." not in "".join(after["quote"]["totals"].values())
    assert after["quote"]["buyer"] == {"billing_address": JAPANESE_ADDRESS, "tax_number": "T1234567890123"}
    assert_certified(order, sums)
    shown = sums.shown(yen)
    assert lacks(papers.pages["offered"], *shown, "保守サポート(24時間365日)", JAPANESE_SITE) == []
    for name in ("quote", "confirmation"):
        wanted = (*shown, JAPANESE_NAME, *JAPANESE_ADDRESS.split("\n"), JAPANESE_SITE, "T1234567890123")
        wanted = (*wanted, "保守サポート(24時間365日)", "設置は平日の午前中に行います。")
        assert says(papers.pdfs[name], *wanted) == [], name
        assert "¥" in text_of(papers.pdfs[name])
    assert says(papers.pdfs["confirmation"], "発注-0042") == []
    totals = [yen(sums.text(each)) for each in (*sums.totals.values(), *sums.gross.values()) if each]
    assert says(papers.pdfs["certificate"], *totals, "田中 ゆき", "発注-0042", JAPANESE_NAME) == []
    assert lacks(papers.mails["offered"].text, *totals) == []


# -- the United States --------------------------------------------------------------------------------------------

SALES_TAX: Json = {"treatment": "rate", "label": "Sales tax (NYC)", "rate": "8.875"}


def american(site: Site) -> tuple[Order, Papers, Sums]:
    shop: Json = {"site_id": "nyc", "name": "Café New York", "country": "US", "license": None, "sockets": []}
    account = enroll(
        site,
        name="Harbor & Pine Coffee Roasters, Inc.",
        locale="en",
        currency="USD",
        time_zone="America/New_York",
        billing_address="Harbor & Pine Coffee Roasters, Inc.\nAccounts Payable\n210 Broadway\nNew York, NY 10007",
        purchase_order="required",
        signed_order="required",
        sites=[{**shop, "address": "210 Broadway, New York, NY 10007"}],
    )
    start = site.day(45)
    items: list[Json] = [
        {"kind": "socket", "site_id": "nyc", "model": "X1700", "quantity": 3, "start_date": start},
        {"kind": "ip_addresses", "quantity": 6, "start_date": start},
    ]
    order = place_for(site, account, items=items)
    body = drafted(order, "USD")
    body["lines"][0] |= {"unit_price": "1899.99", "tax": SALES_TAX}
    option = {"item_id": None, "quantity": 1, "optional": True}
    body["lines"] += [
        line(**option, description="Support on weekdays", unit_price="90", option_group="support", selected=True),
        line(**option, description="Support around the clock", unit_price="210.50", option_group="support"),
        line(**option, description="Spare Socket", unit_price="1650.45", recurrence="once", tax=SALES_TAX),
    ]
    mail = offer(order, body, Sums(body, "USD", "4"))
    pages = {"offered": site.request("GET", mail.link).page()}
    assert {"option.6", "group.support", "purchase_order_number", "signed_order"} <= forms(pages["offered"])[
        0
    ].fields.keys()
    fields = {"options": "shown", "group.support": "5", "option.6": "yes"}
    pages["recalculated"] = site.decide(mail, "recalculate", **fields).page()
    sums = Sums(body, "USD", "56")
    assert lacks(pages["recalculated"], *sums.shown(dollars)) == []
    fields["priced"] = forms(pages["recalculated"])[0].fields["priced"]
    pages["unnumbered"] = decide_with_file(site, mail, PDF, "approve", NAME, **fields).page(400)
    fields["purchase_order_number"] = "PO 4500-118/A"
    pages["unsigned"] = decide_with_file(site, mail, None, "approve", NAME, **fields).page(400)
    assert order.read()["quote"]["state"] == "offered"
    pages["approved"] = decide_with_file(site, mail, PDF, "approve", NAME, **fields).page()
    return order, papers_of(order, mail, pages), sums


def test_an_american_order_is_approved_with_options_a_number_and_the_signed_order(site: Site) -> None:
    order, papers, sums = american(site)
    after = order.read()
    accepted = after["quote"]["accepted"]
    assert (accepted["options"], accepted["purchase_order_number"]) == (["5", "6"], "PO 4500-118/A")
    document = assert_certified(order, sums)
    assert document["decision"]["options"] == ["5", "6"]
    (evidence,) = evidence_of(order)
    attachment = {"sha256": hashlib.sha256(PDF).hexdigest(), "size": len(PDF), "name": NAME}
    assert (evidence["attachment"], evidence["accepted_sha256"]) == (attachment, accepted["sha256"])
    kept = site.eventually(lambda: site.get(f"{order.desk_path}/attachments", site.people.cs).ok()["items"])
    file = site.get(f"{order.desk_path}/attachments/{kept[0]['sequence']}", site.people.cs)
    assert (file.status, file.body) == (200, PDF)
    shown = sums.shown(dollars)
    offered = Sums(after["quote"], "USD", "4").shown(dollars)
    assert lacks(papers.pages["offered"], *offered, "8.875%") == []
    assert lacks(papers.mails["offered"].text, *offered) == []
    assert says(papers.pdfs["quote"], *offered, "8.875%", "Accounts Payable", "Support on weekdays") == []
    wanted = (*shown, "8.875%", "PO 4500-118/A", "Support around the clock", "Spare Socket", accepted["sha256"])
    assert says(papers.pdfs["confirmation"], *wanted, "Accounts Payable", "Café New York") == []
    assert "Supportonweekdays" not in bare(text_of(papers.pdfs["confirmation"]))
    assert says(papers.pdfs["certificate"], *shown, "PO 4500-118/A", accepted["sha256"], "Connie Contact") == []
    assert "Inc.." not in "".join((*papers.pages.values(), *(each.text + each.html for each in papers.mails.values())))
    finals = [dollars(sums.text(each)) for each in sums.gross.values() if each]
    for page in ("approved", "afterwards"):
        assert lacks(papers.pages[page], *finals, "PO 4500-118/A", "Spare Socket") == [], page
