"""Render the certificate of a decision as a PDF, from the signed document and nothing else.

The layout is in `certificate.typ`, set by Typst like the quote's. The same certificate has the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from babel import Locale

from online_orders.domain.certificates import Certificate
from online_orders.domain.installation import Installation
from online_orders.domain.letterheads import Letterhead
from online_orders.domain.quote_parts import TaxAmount
from online_orders.domain.quotes import Recurrence
from online_orders_rendering.directions import directed
from online_orders_rendering.i18n import Translator, line_of, translator
from online_orders_rendering.letterhead import content_of
from online_orders_rendering.quote_pdf import compiler_of, pdf_of
from online_orders_rendering.quote_texts import tax_text

_CHUNK = 24
"""Characters of a signature that stand together."""


def render_certificate_pdf(
    certificate: Certificate, locale: str, installation: Installation, letterhead: Letterhead | None = None
) -> bytes:
    """Return the PDF of a certificate, A4, in the order's language; all times are in UTC, as in the document.

    `letterhead` is that of the quote that was decided on.
    """
    translate = translator(locale)
    babel_locale = Locale.parse(translate.name)
    content = certificate.content
    brand = line_of(installation.brand)
    title = f"{translate('certificate.title')} {content['order_id']}"
    data = {
        "title": title,
        "author": line_of(letterhead.legal_name) if letterhead else brand,
        "day": _day(content["issued_at"]) if letterhead else None,
        "language": babel_locale.language,
        "region": babel_locale.territory,
        "direction": babel_locale.text_direction,
        "letterhead": directed(brand),
        "vendor": content_of(letterhead, translate.name),
        "heading": translate("certificate.title"),
        "introduction": translate("certificate.introduction"),
        "foot": directed(title),
        "page": translate("pdf.page", page="{page}", pages="{pages}"),
        "sections": [_order(content, translate), _decision(content, translate), *_quote(content, translate)],
        "course_heading": directed(translate("certificate.course")),
        "columns": [translate(f"certificate.{name}") for name in ("number", "at", "event")],
        "course": [
            (str(each["sequence"]), _moment(each["at"], translate), directed(_event(each["event"], translate)))
            for each in content["timeline"]
        ],
        "proof": _proof(certificate, translate, installation),
    }
    return pdf_of(compiler_of("certificate.typ"), letterhead, certificate=data)


def _section(heading: str, facts: Iterable[tuple[str, str]]) -> dict[str, Any]:
    return {"heading": directed(heading), "facts": [(name, directed(line_of(value))) for name, value in facts]}


def _order(content: dict[str, Any], translate: Translator) -> dict[str, Any]:
    facts = [
        (translate("label.number"), content["number"]),
        (translate("label.order_id"), content["order_id"]),
        (translate("label.account"), f"{content['account_name']} ({content['account_id']})"),
        (translate("certificate.issued_at"), _moment(content["issued_at"], translate)),
    ]
    return _section(translate("certificate.order"), facts)


def _decision(content: dict[str, Any], translate: Translator) -> dict[str, Any]:
    decision = content["decision"]
    unknown = translate("certificate.unknown")
    facts = [
        (translate("certificate.decision"), translate(f"certificate.decision.{decision['decision']}")),
        (translate("certificate.at"), _moment(decision["at"], translate)),
        (translate("certificate.name"), decision["name"]),
        (translate("certificate.recipient"), decision["recipient"]),
        (translate("certificate.address"), decision["address"] or unknown),
        (translate("certificate.agent"), decision["agent"] or unknown),
    ]
    if attachment := decision.get("attachment"):
        facts.append((translate("certificate.attachment"), attachment["sha256"]))
    return _section(translate("certificate.decision"), facts)


def _quote(content: dict[str, Any], translate: Translator) -> list[dict[str, Any]]:
    quote = content["quote"]
    if quote is None:
        return []
    facts = [
        (translate("label.revision"), str(quote["revision"])),
        *_amounts(quote, quote["currency"], translate),
        (translate("label.valid_until"), translate.day(date.fromisoformat(quote["valid_until"]))),
        (translate("label.sha256"), quote["sha256"]),
    ]
    sections = [_section(translate("certificate.quote"), facts)]
    if accepted := quote.get("accepted"):
        sections.append(_section(translate("certificate.accepted"), _accepted(accepted, quote["currency"], translate)))
    return sections


def _accepted(accepted: dict[str, Any], currency: str, translate: Translator) -> Iterator[tuple[str, str]]:
    """Yield what was accepted of a quote that left a choice, or under a number."""
    yield translate("certificate.options"), ", ".join(accepted["options"]) or translate("certificate.no_options")
    yield from _amounts(accepted, currency, translate)
    if number := accepted.get("purchase_order_number"):
        yield translate("label.purchase_order_number"), number
    yield translate("confirmation.sha256"), accepted["sha256"]


def _amounts(content: dict[str, Any], currency: str, translate: Translator) -> Iterator[tuple[str, str]]:
    """Yield the totals, and with each its taxes and what it comes to with them, if there are any."""
    taxes = [TaxAmount.model_validate(each) for each in content.get("taxes", ())]
    gross = content.get("gross_totals")
    for recurrence in Recurrence:
        net, name = Decimal(content["totals"][recurrence]), translate(f"total.{recurrence}")
        here = [tax for tax in taxes if tax.recurrence is recurrence]
        if not (net or here):
            continue
        yield translate("total.net", total=name) if gross else name, translate.money(net, currency)
        for tax in here:
            about = translate("total.tax", tax=tax_text(tax, translate), net=translate.money(tax.net, currency))
            yield about, translate.money(tax.amount, currency)
        if gross:
            yield translate("total.gross", total=name), translate.money(Decimal(gross[recurrence]), currency)


def _proof(certificate: Certificate, translate: Translator, installation: Installation) -> dict[str, Any]:
    text = json.loads(certificate.text)["signature"]
    value = text["value"]
    chunks = " ".join(value[first : first + _CHUNK] for first in range(0, len(value), _CHUNK))
    facts = [
        (translate("certificate.sha256"), certificate.sha256),
        (translate("certificate.signature"), chunks),
        (translate("certificate.key"), text["key_id"]),
    ]
    note = translate("certificate.note", url=f"{installation.site_url}/api/certificate-keys")
    return {**_section(translate("certificate.proof"), facts), "note": note}


def _day(instant: str) -> list[int]:
    day = datetime.fromisoformat(instant).astimezone(UTC)
    return [day.year, day.month, day.day]


def _moment(instant: str, translate: Translator) -> str:
    return translate.moment(datetime.fromisoformat(instant).astimezone(UTC), "UTC")


def _event(event: str, translate: Translator) -> str:
    """Return what an event is called; its name where it has no words."""
    key = f"certificate.event.{event}"
    return translate(key) if translate.has(key) else event
