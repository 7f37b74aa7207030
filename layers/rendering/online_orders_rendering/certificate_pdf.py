"""Render the certificate of a decision as a PDF, from the signed document and nothing else.

The layout is in `certificate.typ`, set by Typst like the quote's. The same certificate has the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from babel import Locale

from online_orders.domain.certificates import Certificate
from online_orders.domain.installation import Installation
from online_orders.domain.letterheads import Letterhead
from online_orders_rendering.directions import directed
from online_orders_rendering.i18n import Translator, line_of, translator
from online_orders_rendering.letterhead import content_of
from online_orders_rendering.quote_pdf import compiler_of, pdf_of
from online_orders_rendering.quote_texts import certified_totals

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
    return _section(translate("certificate.decision"), facts)


def _quote(content: dict[str, Any], translate: Translator) -> list[dict[str, Any]]:
    quote = content["quote"]
    if quote is None:
        return []
    facts = [
        (translate("label.revision"), str(quote["revision"])),
        *((row.label, translate.money(row.amount, quote["currency"])) for row in certified_totals(quote, translate)),
        (translate("label.valid_until"), translate.day(date.fromisoformat(quote["valid_until"]))),
        (translate("label.sha256"), quote["sha256"]),
        *_accepted(quote.get("accepted"), translate),
    ]
    return [_section(translate("certificate.quote"), facts)]


def _accepted(accepted: Mapping[str, Any] | None, translate: Translator) -> Iterator[tuple[str, str]]:
    if accepted is None:
        return
    if accepted["options"]:
        yield translate("certificate.options"), ", ".join(accepted["options"])
    if number := accepted.get("purchase_order_number"):
        yield translate("label.purchase_order_number"), number
    yield translate("confirmation.sha256"), accepted["sha256"]


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


def _moment(instant: str, translate: Translator) -> str:
    return translate.moment(datetime.fromisoformat(instant).astimezone(UTC), "UTC")


def _event(event: str, translate: Translator) -> str:
    """Return what an event is called; its name where it has no words."""
    key = f"certificate.event.{event}"
    return translate(key) if translate.has(key) else event
