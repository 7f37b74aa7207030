from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from emulation.mails import Attachment, Mail, read_mail
from sandbox.mailbox import Mailbox
from tests import loopback
from tests.sandbox.serving import serving

SITE = "http://localhost:8080"
SENT = datetime(2026, 11, 22, 10, 0, 0, 123_000, tzinfo=UTC)
PDF = b"%PDF-1.7 \x00\xff"


def a_mail(number: int = 1, **changed: Any) -> Mail:
    values: dict[str, Any] = {
        "id": f"mail-{number}",
        "to": ("petra@customer.example",),
        "sender": "orders@vendor.example",
        "subject": f"Quote {number}",
        "text": "Please confirm: http://localhost:8080/confirm/abc\nCode: 123456\n",
        "html": "<p>Please <b>confirm</b></p>",
        "attachments": (Attachment("Angebot für 7.pdf", "application/pdf", PDF),),
        "sent_at": SENT + timedelta(minutes=number),
    }
    return Mail(**(values | changed))


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox(SITE, most=3)


@pytest.fixture
def client(mailbox: Mailbox) -> Iterator[httpx.Client]:
    app = Starlette(routes=mailbox.routes())
    with serving(app) as address, loopback.client(base_url=address) as client:
        yield client


def messages(client: httpx.Client, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/mailbox{query}", headers={"Accept": "application/json"}).json()[
        "messages"
    ]
    return found


def test_programs_get_every_mail_whole(mailbox: Mailbox, client: httpx.Client) -> None:
    mailbox.keep(a_mail(sender_name="Vendor", reply_to=("success@vendor.example",)))

    assert messages(client) == [
        {
            "id": "mail-1",
            "to": ["petra@customer.example"],
            "from": "orders@vendor.example",
            "from_name": "Vendor",
            "reply_to": ["success@vendor.example"],
            "subject": "Quote 1",
            "text": "Please confirm: http://localhost:8080/confirm/abc\nCode: 123456\n",
            "html": "<p>Please <b>confirm</b></p>",
            "sent_at": "2026-11-22T10:01:00.123000Z",
            "attachments": [
                {
                    "name": "Angebot für 7.pdf",
                    "content_type": "application/pdf",
                    "url": "http://localhost:8080/mailbox/mail-1/attachments/1",
                }
            ],
        }
    ]


def test_mails_come_oldest_first_and_the_oldest_go(mailbox: Mailbox, client: httpx.Client) -> None:
    for number in range(1, 6):
        mailbox.keep(a_mail(number))

    assert [mail["id"] for mail in messages(client)] == ["mail-3", "mail-4", "mail-5"]


def test_the_mails_of_one_recipient_can_be_had_alone(mailbox: Mailbox, client: httpx.Client) -> None:
    mailbox.keep(a_mail(1))
    mailbox.keep(a_mail(2, to=("anna@customer.example", "tom@vendor.example")))

    assert [mail["id"] for mail in messages(client, "?to=TOM@vendor.example")] == ["mail-2"]
    assert messages(client, "?to=nobody@vendor.example") == []


def test_the_mails_about_something_can_be_had_alone(mailbox: Mailbox, client: httpx.Client) -> None:
    mailbox.keep(a_mail(1, subject="Your order ORD-1"))
    mailbox.keep(a_mail(2, text="Of ord-1 there is news.", to=("tom@vendor.example",)))
    mailbox.keep(a_mail(3, text=None))

    assert [mail["id"] for mail in messages(client, "?about=ORD-1")] == ["mail-1", "mail-2"]
    assert [mail["id"] for mail in messages(client, "?about=ORD-1&to=tom@vendor.example")] == ["mail-2"]
    assert messages(client, "?about=ORD-2") == []


def test_the_page_keeps_what_was_searched_for(mailbox: Mailbox, client: httpx.Client) -> None:
    mailbox.keep(a_mail(1, subject="Your order ORD-1"))
    mailbox.keep(a_mail(2))
    page = client.get("/mailbox?about=ORD-1").text

    assert 'href="/mailbox/mail-1?about=ORD-1"' in page
    assert "/mailbox/mail-2" not in page
    assert 'name="about" value="ORD-1"' in page
    assert "No such mail yet." in client.get("/mailbox?about=ORD-3").text


def test_an_attachment_comes_as_it_was_sent(mailbox: Mailbox, client: httpx.Client) -> None:
    mailbox.keep(a_mail())
    response = client.get("/mailbox/mail-1/attachments/1")

    assert response.content == PDF
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"] == "inline; filename*=UTF-8''Angebot%20f%C3%BCr%207.pdf"


def test_an_attachment_that_could_run_here_is_downloaded(mailbox: Mailbox, client: httpx.Client) -> None:
    mailbox.keep(a_mail(attachments=(Attachment("a.html", "text/html", b"<script>"),)))

    assert client.get("/mailbox/mail-1/attachments/1").headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize("path", ["unknown", "mail-1/attachments/0", "mail-1/attachments/2", "mail-2/html"])
def test_what_is_not_there_is_not_found(mailbox: Mailbox, client: httpx.Client, path: str) -> None:
    mailbox.keep(a_mail(1))
    mailbox.keep(a_mail(2, html=None))

    assert client.get(f"/mailbox/{path}").status_code == 404


def test_people_get_a_page_with_all_mails(mailbox: Mailbox, client: httpx.Client) -> None:
    mailbox.keep(a_mail(1, subject="<i>First</i>"))
    mailbox.keep(a_mail(2))
    page = client.get("/mailbox", headers={"Accept": "text/html,application/json;q=0.5"})

    assert page.headers["content-type"].startswith("text/html")
    assert page.text.index("Quote 2") < page.text.index("&lt;i&gt;First&lt;/i&gt;")
    assert client.get("/mailbox").headers["content-type"].startswith("text/html")


def test_a_page_shows_one_mail_and_nothing_in_it_can_run(mailbox: Mailbox, client: httpx.Client) -> None:
    mailbox.keep(a_mail(html='<script>alert(1)</script><a href="http://localhost:8080/confirm/abc">Confirm</a>'))
    page, html = client.get("/mailbox/mail-1"), client.get("/mailbox/mail-1/html")

    assert "<script>alert" not in page.text
    assert 'src="/mailbox/mail-1/html"' in page.text
    assert html.headers["content-security-policy"].startswith("sandbox allow-popups allow-popups-to-escape-sandbox;")
    assert "allow-scripts" not in html.headers["content-security-policy"]
    assert 'target="_blank"' in html.text


def test_the_text_of_a_mail_can_be_read_and_its_links_followed(mailbox: Mailbox, client: httpx.Client) -> None:
    mailbox.keep(a_mail(1))
    mailbox.keep(a_mail(2, html=None))

    for page in (client.get("/mailbox/mail-1?view=text"), client.get("/mailbox/mail-2")):
        assert '<a href="http://localhost:8080/confirm/abc"' in page.text
        assert "Code: 123456" in page.text


def test_the_page_can_ask_whether_there_is_more(mailbox: Mailbox, client: httpx.Client) -> None:
    assert client.get("/mailbox/-/newest").json() == {"newest": ""}
    mailbox.keep(a_mail())
    assert client.get("/mailbox/-/newest").json() == {"newest": "mail-1"}
    assert client.get("/mailbox/-/mailbox.js").status_code == client.get("/mailbox/-/sandbox.css").status_code == 200


def test_a_mail_is_read_out_of_mime_in_any_encoding() -> None:
    message = EmailMessage()
    message["Subject"] = "Bestellung für Zürich – eingegangen"
    message.set_content("Grüße\r\n" + "x" * 2_000, cte="quoted-printable")
    message.add_alternative("<p>Grüße</p>", subtype="html", cte="base64")
    message.add_attachment(PDF, maintype="application", subtype="pdf", filename="Angebot für 7.pdf")
    mail = read_mail(message)

    assert mail.subject == "Bestellung für Zürich – eingegangen"
    assert mail.text == "Grüße\n" + "x" * 2_000 + "\n"
    assert mail.html == "<p>Grüße</p>\n"
    assert mail.attachments == (Attachment("Angebot für 7.pdf", "application/pdf", PDF),)


def test_a_mail_may_be_bare() -> None:
    message = EmailMessage()
    message.set_content("Hello")
    mail = read_mail(message)

    assert (mail.subject, mail.text, mail.html, mail.attachments) == ("", "Hello\n", None, ())
