"""The confirmation of an approved order: who gets it where, and that it stays what it was."""

import pytest

from tests.contract.in_process import InProcess
from tests.contract.orders import Order, offered
from tests.contract.site import Mail
from tests.contract.test_certificates import approved
from tests.contract.test_evidence import decide

PDF = "application/pdf"


def confirmation_of(order: Order) -> bytes:
    response = order.site.get(f"{order.path}/confirmation", order.user)
    assert (response.status, response.headers["content-type"]) == (200, PDF)
    return response.body


def test_everybody_concerned_gets_the_same_paper_for_ever(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    in_process.settle()
    decide(in_process, mail, "approve")
    in_process.settle()
    page = in_process.request("GET", mail.link)
    assert "/confirmation.pdf" in page.text
    response = in_process.request("GET", f"{mail.link}/confirmation.pdf")
    assert response.headers["content-disposition"] == f'inline; filename="confirmation-{order.order_id}.pdf"'
    first = response.body
    assert first.startswith(b"%PDF-")
    in_process.lab.advance(days=1)
    assert confirmation_of(order) == first
    assert in_process.get(f"{order.desk_path}/confirmation", in_process.people.cs).body == first
    stored = in_process.lab.client("s3").get_object(
        Bucket=in_process.lab.outputs["DocumentsBucket"], Key=f"confirmations/{order.order_id}/1.pdf"
    )
    assert stored["Body"].read() == first


def test_others_do_not_get_it(in_process: InProcess) -> None:
    order = approved(in_process)
    in_process.get(f"{order.path}/confirmation", in_process.people.other).refused(404, "not_found")


@pytest.mark.parametrize("decision", [None, "cancel", "request_change"])
def test_only_an_approved_order_has_one(in_process: InProcess, decision: str | None) -> None:
    order, mail = offered(in_process)
    in_process.settle()
    if decision:
        decide(in_process, mail, decision)
    in_process.get(f"{order.path}/confirmation", order.user).refused(404, "not_found")
    in_process.get(f"{order.desk_path}/confirmation", in_process.people.cs).refused(404, "not_found")
    assert in_process.request("GET", f"{mail.link}/confirmation.pdf").status == 404


def attached_to(order: Order) -> list[list[str]]:
    return [[each.name for each in mail.attachments] for mail in order.mails_to(order.contact) if mail.attachments]


def approve(site: InProcess, mail: Mail) -> None:
    decide(site, mail, "approve")
    site.settle()


def test_it_is_attached_to_the_mail_of_the_approval_where_the_quote_has_a_letterhead(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    in_process.settle()
    approve(in_process, mail)
    assert attached_to(order) == [[f"quote-{order.order_id}-1.pdf"]] * 2
    letterhead = {"legal_name": "Northwind Networks GmbH", "address": "Ringstraße 1\n10115 Berlin"}
    in_process.put("/api/desk/letterhead", in_process.people.cs, letterhead).ok()
    order, mail = offered(in_process)
    in_process.settle()
    approve(in_process, mail)
    paper = f"quote-{order.order_id}-1.pdf"
    assert attached_to(order) == [[paper], [paper, f"confirmation-{order.order_id}.pdf"]]
