"""An order with a quote, rendered: in this process, or by the artifact when its source is run as a program.

It reads the order as JSON from standard input and writes {"text", "html", "page", "paper"}, the PDF in hexadecimal.
"""

import json
import sys

from online_orders.domain.approval_links import ConfirmLink
from online_orders.domain.confirmation import FormState
from online_orders.domain.installation import Installation
from online_orders.domain.mail_kinds import MailKind, Role
from online_orders.domain.orders import Order
from online_orders.domain.timeline import SYSTEM, Entry, Event
from online_orders_rendering.mails.compose import render_mail
from online_orders_rendering.pages.approval import decision_page
from online_orders_rendering.quote_pdf import render_pdf

INSTALLATION = Installation(brand="Northwind Networks", site_url="https://orders.example.com")
LINK = ConfirmLink("https://orders.example.com/confirm/token", "042917")


def rendered(document: str) -> dict[str, str]:
    order = Order.model_validate_json(document)
    assert order.quote
    entry = Entry(sequence=9, at=order.updated_at, actor=SYSTEM, event=Event.QUOTED)
    mail = render_mail(
        MailKind.QUOTE_TO_CONFIRM, Role.CONTACT, order, entry, installation=INSTALLATION, account_name="Acme", link=LINK
    )
    page = decision_page(
        order, order.quote, INSTALLATION, account_name="Acme", pdf_path="/quote.pdf", form=FormState(), site_names={}
    )
    pdf = render_pdf(
        order.quote,
        order_id=order.order_id,
        account_id=order.account_id,
        account_name="Acme",
        placed_on=order.placed_at.date(),
        locale=order.internals.locale,
        installation=INSTALLATION,
    )
    return {"text": mail.text, "html": mail.html, "page": page, "paper": pdf.hex()}


if __name__ == "__main__":
    json.dump(rendered(sys.stdin.read()), sys.stdout)
