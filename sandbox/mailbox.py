"""Show every mail that the sandbox sent: as JSON for programs, as pages for people."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from emulation.mails import Mail

PAGES = Path(__file__).parent / "pages"
MAX_MAILS = 5_000
MAX_SHOWN = 500
# A browser shows these itself; all others are downloaded, so that nothing in a mail runs as a page of this origin.
SHOWN = {"application/pdf", "image/png", "image/jpeg", "text/plain"}
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "frame-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# No script, no form and nothing from elsewhere; a link opens a tab of its own.
MAIL_HEADERS = HEADERS | {
    "Content-Security-Policy": "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
}


class Mailbox:
    """The newest mails, in memory. `site` is the origin of the addresses of attachments.

    `pause_reason` returns why mail is paused; None while it is not.
    """

    def __init__(self, site: str, most: int = MAX_MAILS, pause_reason: Callable[[], str | None] = lambda: None) -> None:
        self._site = site
        self._most = most
        self._pause_reason = pause_reason
        self._mails: OrderedDict[str, Mail] = OrderedDict()
        self._pages = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)
        self._pages.filters["moment"] = lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}"

    def keep(self, mail: Mail) -> None:
        self._mails[mail.id] = mail
        while len(self._mails) > self._most:
            self._mails.popitem(last=False)

    def mails(self, to: str = "", about: str = "") -> list[Mail]:
        """Return mails, oldest first: to the address `to`, with `about` in subject or text, both in any case of
        letters.
        """
        mails = list(self._mails.values())
        if to:
            mails = [mail for mail in mails if to.lower() in (address.lower() for address in mail.to)]
        if about:
            mails = [mail for mail in mails if about.lower() in f"{mail.subject}\n{mail.text or ''}".lower()]
        return mails

    def routes(self) -> list[Route | Mount]:
        return [
            Route("/mailbox/-/newest", self.show_newest_id),
            Mount("/mailbox/-", StaticFiles(directory=PAGES / "assets")),
            Route("/mailbox", self.list_mails),
            Route("/mailbox/", self.list_mails),
            Route("/mailbox/{mail_id}", self.read),
            Route("/mailbox/{mail_id}/html", self.read_html),
            Route("/mailbox/{mail_id}/attachments/{number:int}", self.read_attachment),
        ]

    async def list_mails(self, request: Request) -> Response:
        if _wants_json(request):
            mails = self.mails(**_search(request))
            return JSONResponse({"messages": [self.as_json(mail) for mail in mails]}, headers=HEADERS)
        return await self._page(_search(request), mail=None, plain=False)

    async def show_newest_id(self, _: Request) -> Response:
        return JSONResponse({"newest": self._newest}, headers=HEADERS)

    async def read(self, request: Request) -> Response:
        mail = self._find(request)
        if _wants_json(request):
            return JSONResponse(self.as_json(mail), headers=HEADERS)
        plain = mail.html is None or request.query_params.get("view") == "text"
        return await self._page(_search(request), mail=mail, plain=plain)

    async def read_html(self, request: Request) -> Response:
        mail = self._find(request)
        if mail.html is None:
            raise HTTPException(404, "This mail has no HTML part.")
        return HTMLResponse(f'<base target="_blank">{mail.html}', headers=MAIL_HEADERS)

    async def read_attachment(self, request: Request) -> Response:
        mail, number = self._find(request), request.path_params["number"]
        if not 1 <= number <= len(mail.attachments):
            raise HTTPException(404, "This mail has no such attachment.")
        attachment = mail.attachments[number - 1]
        shown = "inline" if attachment.content_type in SHOWN else "attachment"
        headers = HEADERS | {"Content-Disposition": f"{shown}; filename*=UTF-8''{quote(attachment.name, safe='')}"}
        if attachment.content_type == "application/pdf":
            del headers["Content-Security-Policy"]  # browsers apply it to their own PDF viewer
        return Response(attachment.content, media_type=attachment.content_type, headers=headers)

    def as_json(self, mail: Mail) -> dict[str, Any]:
        return {
            "id": mail.id,
            "to": list(mail.to),
            "from": mail.sender,
            "from_name": mail.sender_name,
            "reply_to": list(mail.reply_to),
            "subject": mail.subject,
            "text": mail.text,
            "html": mail.html,
            "sent_at": mail.sent_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "attachments": [
                {
                    "name": attachment.name,
                    "content_type": attachment.content_type,
                    "url": f"{self._site}/mailbox/{mail.id}/attachments/{number}",
                }
                for number, attachment in enumerate(mail.attachments, start=1)
            ],
        }

    def _find(self, request: Request) -> Mail:
        mail = self._mails.get(request.path_params["mail_id"])
        if mail is None:
            raise HTTPException(404, "There is no such mail.")
        return mail

    @property
    def _newest(self) -> str:
        return next(reversed(self._mails), "")

    async def _page(self, search: dict[str, str], **values: Any) -> Response:
        page = self._pages.get_template("mailbox.html")
        held = await asyncio.to_thread(self._pause_reason)
        mails = self.mails(**search)[::-1]
        html = page.render(mails=mails, search=search, shown=MAX_SHOWN, newest=self._newest, held=held, **values)
        return HTMLResponse(html, headers=HEADERS)


def _search(request: Request) -> dict[str, str]:
    """Return the filters in a query, as `mails` takes them."""
    return {name: value for name in ("to", "about") if (value := request.query_params.get(name))}


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept
