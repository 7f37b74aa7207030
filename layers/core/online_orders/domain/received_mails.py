"""Read a mail that a stranger may have written: its sender, its text without what it quotes, the names of its files.

Nothing here raises. What is malformed comes out as text with U+FFFD, as nothing, or as a mail that `is_unreadable`.
Work is bounded by the size of the input, the number of parts and the length of each text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from email.utils import parsedate_to_datetime
from html import unescape
from itertools import islice
from typing import NamedTuple

MAX_MAIL_BYTES = 2 * 1024 * 1024
"""Of a mail, so much is read; a longer one `is_cut`."""
MAX_TEXT = 10_000
"""Characters of the text that are kept."""
MAX_SUBJECT = 200
MAX_NAME = 100
MAX_FILES = 10
_MAX_PARTS = 200
_MAX_DEPTH = 20
_MAX_BOUNDARIES = 30
_MAX_RAW_TEXT = 300_000
_MAX_HEADER = 2_000
_MAX_ADDRESS = 254
_ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+"
_COMMENT = r"\([^()\\]*\)"
_FROM = re.compile(
    rf"""\s* (?: (?P<name> (?: "(?:[^"\\]|\\.)*" | {_COMMENT} | [^"()<>@,:;\\] )* ) < \s* (?P<angled>{_ADDRESS}) \s* >
    | (?P<bare>{_ADDRESS}) ) \s* (?:{_COMMENT}\s*)?""",
    re.VERBOSE | re.DOTALL,
)
"""The ways to write one sender on which all programs agree: what two may read in two ways is read in none."""
_CHARSETS = re.compile(
    r"(?:us-)?ascii|utf-?8|iso-?8859-?\d{1,2}(?:-[ei])?|latin-?\d{1,2}|(?:windows-|cp)\d{3,4}|koi8-[rut]"
    r"|gbk|gb-?2312|gb-?18030|hz-gb-2312|big5(?:-hkscs)?|(?:x-)?sjis|shift-?jis|euc-?(?:jp|kr)|iso-2022-(?:jp|kr)"
    r"|ks-c-5601-1987|tis-620|macintosh|mac-roman",
)
"""Charsets of mails. The codecs of Python are many more, and some take time by the square of the length."""
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_SENDER_LINE = re.compile(rb"(?:^|[\r\n])from[ \t]*:", re.IGNORECASE)
_INVISIBLE = {"Cf", "Cc", "Cs", "Co", "Cn"}
"""Categories of characters that are dropped from texts: formats such as those that turn the direction of writing,
controls, and what is no character."""
_KEPT = {"\n", "\t", "\u200d", "\u200c"}
"""Emoji and some scripts need the joiners."""


_WHOLE_HEADERS = {"from", "authentication-results"}
"""Headers that prove something: the beginning of one may say another thing than the whole."""


class _ShortHeaders(Compat32):
    """Cuts each header while it is parsed: the time to parse parameters grows with the square of their length."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        if len(value) > _MAX_HEADER and name.strip().casefold() in _WHOLE_HEADERS:
            return name, ""
        return name, value[:_MAX_HEADER]


_POLICY = _ShortHeaders()


class ReceivedMail(NamedTuple):
    """What is read of a mail."""

    sender: str = ""
    """The one address in the one `From`; empty if there is none, or more than one."""
    sender_name: str = ""
    recipients: tuple[str, ...] = ()
    """The addresses in the one `To`, in small letters; empty if there is none, or more than one."""
    subject: str = ""
    text: str = ""
    """At most `MAX_TEXT` characters, without what the mail quotes at its end."""
    files: tuple[str, ...] = ()
    sent_at: datetime | None = None
    authentication: str = ""
    """The uppermost header `Authentication-Results`, which the receiving server writes."""
    is_automatic: bool = False
    is_cut: bool = False
    is_unreadable: bool = False


def parse_mail(raw: bytes, *, size: int | None = None, is_head: bool = False) -> ReceivedMail:
    """Return what is read of a mail; `size` is that of the whole mail, of which `raw` may be the beginning.

    `is_head`: only the headers are read.
    """
    is_cut = len(raw) > MAX_MAIL_BYTES or (size is not None and size > len(raw))
    if raw.lower().count(b"boundary") > _MAX_BOUNDARIES:  # the parser compares each line with each of them
        return ReceivedMail(is_cut=is_cut, is_unreadable=True)
    try:
        message = BytesParser(policy=_POLICY).parsebytes(raw[:MAX_MAIL_BYTES], headersonly=is_head)
        mail = _read(message, is_cut=is_cut, is_head=is_head)
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, HeaderParseError):
        # The standard library's parser raises any of these for what no mail program writes.
        return ReceivedMail(is_cut=is_cut, is_unreadable=True)
    # The standard library passes over what is written as `From :`, and what follows a line end of its own kind.
    head = _HEAD_END.split(raw[:MAX_MAIL_BYTES], 1)[0]
    is_clear = len(_SENDER_LINE.findall(head)) == 1
    return mail if is_clear else mail._replace(sender="", sender_name="")


def _read(message: Message, *, is_cut: bool, is_head: bool) -> ReceivedMail:
    sender, sender_name = _sender(message)
    to = _raw(message, "To")
    text, files, is_whole = ("", (), True) if is_head else _text_and_files(message)
    return ReceivedMail(
        sender=sender,
        sender_name=sender_name,
        recipients=tuple(each.casefold() for each in re.findall(_ADDRESS, to[0])) if len(to) == 1 else (),
        subject=without_link_and_code(_line(_header(message, "Subject"), MAX_SUBJECT)),
        text=text[:MAX_TEXT],
        files=files,
        sent_at=_sent_at(message),
        authentication=_raw(message, "Authentication-Results")[0],
        is_automatic=_is_automatic(message),
        is_cut=is_cut or not is_whole or len(text) > MAX_TEXT,
    )


def _sender(message: Message) -> tuple[str, str]:
    """Return address and name of the one sender; nothing if there is none, or more than one.

    The receiving server has judged the header as it was sent. So the address is read from that: in what is decoded, or
    cut, another one may stand.
    """
    written = _raw(message, "From")
    found = _FROM.fullmatch(written[0]) if len(written) == 1 else None
    address = (found["angled"] or found["bare"]) if found else ""
    if found is None or len(address) > _MAX_ADDRESS:
        return "", ""
    name = re.sub(r'\\(.)|"', r"\1", found["name"] or "")
    return address, _line(_decoded(name.strip()), MAX_NAME)


def is_only_sender(shown: object, sender: str) -> bool:
    """Return whether the receiving server has read the same sender of a mail; `shown` are those that it found."""
    if not isinstance(shown, list) or len(shown) != 1:
        return False
    return {each.casefold() for each in re.findall(_ADDRESS, str(shown[0]))} == {sender.casefold()}


def _raw(message: Message, name: str) -> list[str]:
    """Return the headers of a name as they were sent, the uppermost first; one that says nothing if there is none.

    Bytes beyond ASCII are shown as U+FFFD.
    """
    found = [str(value) for each, value in message.raw_items() if each.strip().casefold() == name.casefold()]
    return [each.encode("ascii", "surrogateescape").decode("ascii", "replace") for each in found] or [""]


def _header(message: Message, name: str) -> str:
    """Return the uppermost header of a name with its encoded words decoded; empty if there is none."""
    return _decoded(str(message.get(name, ""))[:_MAX_HEADER])


def _decoded(value: str) -> str:
    try:
        parts = decode_header(value)
    except (HeaderParseError, ValueError):
        return value
    return "".join(part if isinstance(part, str) else _decode(part, charset) for part, charset in parts)


def _decode(raw: bytes, charset: str | None) -> str:
    name = (charset or "").strip().casefold().replace("_", "-")
    try:
        return raw.decode(name if _CHARSETS.fullmatch(name) else "utf-8", "replace")
    except (LookupError, ValueError):  # an unknown charset
        return raw.decode("utf-8", "replace")


def _sent_at(message: Message) -> datetime | None:
    try:
        at = parsedate_to_datetime(_header(message, "Date"))
    except (ValueError, TypeError, OverflowError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _is_automatic(message: Message) -> bool:
    """Return whether a program wrote the mail: an absence note, a report about a delivery, a mailing list."""
    submitted = {each.partition(";")[0].strip().casefold() for each in _raw(message, "Auto-Submitted")}
    precedences = {each.strip().casefold() for each in _raw(message, "Precedence")}
    return (
        not submitted <= {"", "no"}
        or "X-Auto-Response-Suppress" in message
        or "List-Id" in message
        or "X-Autoreply" in message
        or not precedences.isdisjoint({"bulk", "junk", "list", "auto_reply"})
        or any(each.strip() == "<>" for each in _raw(message, "Return-Path"))
        or message.get_content_type() == "multipart/report"
    )


def _text_and_files(message: Message) -> tuple[str, tuple[str, ...], bool]:
    """Return the text, the names of the attached files, and whether all parts were looked at."""
    plain: list[str] = []
    html: list[str] = []
    files: list[str] = []
    parts = list(islice(_leaves(message, 0), _MAX_PARTS + 1))
    for part in parts[:_MAX_PARTS]:
        kind, name = part.get_content_type(), _line(_decoded(part.get_filename() or ""), MAX_NAME)
        is_file = part.get_content_disposition() == "attachment" or not kind.startswith("text/")
        if is_file and part.get_content_maintype() == "image" and "Content-ID" in part:
            continue  # which the text shows, such as the logo of a signature
        if name or is_file:
            files.append(name or kind)
        elif kind == "text/html":
            html.append(_payload(part))
        else:
            plain.append(_payload(part))
    text = "\n\n".join(map(clean_text, plain)).strip() or "\n\n".join(map(html_text, html)).strip()
    more = [f"+{len(files) - MAX_FILES}"] if len(files) > MAX_FILES else []
    return without_link_and_code(cut_quotation(text)), (*files[:MAX_FILES], *more), len(parts) <= _MAX_PARTS


def _leaves(message: Message, depth: int) -> Iterator[Message]:
    """Yield the parts that contain no others; an attached mail is one of them."""
    parts = message.get_payload()
    if not message.is_multipart() or message.get_content_maintype() != "multipart" or not isinstance(parts, list):
        yield message
    elif depth < _MAX_DEPTH:
        for part in parts:
            if isinstance(part, Message):
                yield from _leaves(part, depth + 1)


def _payload(part: Message) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    return _decode(raw[: 4 * _MAX_RAW_TEXT], part.get_content_charset())[:_MAX_RAW_TEXT]


def clean_text(text: str) -> str:
    """Return a text without controls, direction marks and what is no character, with simple line ends."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    shown = "".join(each for each in lines if each in _KEPT or unicodedata.category(each) not in _INVISIBLE)
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(line.rstrip() for line in shown.split("\n")))


def _line(text: str, most: int) -> str:
    return " ".join(clean_text(text).split())[:most].strip()


# -- HTML ---------------------------------------------------------------------------------------------------------

_BREAKS = {"p", "div", "br", "li", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre"}
_UNSEEN = {"script", "style", "head", "title", "template", "noscript", "object", "svg"}
_TAG_NAME = re.compile(r"/?[a-z][a-z0-9]{0,20}", re.IGNORECASE)


def html_text(document: str) -> str:
    """Return the text of an HTML document; what stands in a `blockquote` gets the mark of a quotation.

    Not by html.parser, which takes minutes for what is made to be slow; this takes time by the length alone. The result
    is text, and is shown as text: no markup that slips through can do anything.
    """
    pieces: list[str] = []
    quoted = 0
    unseen = ""
    for text, tag in _tokens(document):
        words = "" if unseen else " ".join(unescape(text).split())
        if words and quoted:
            pieces.append(f"\n> {words}\n")
        elif words:
            pieces.append(f"{' ' if text[0].isspace() else ''}{words}{' ' if text[-1].isspace() else ''}")
        name = tag.lstrip("/")
        if unseen:
            unseen = "" if tag == f"/{unseen}" else unseen
        elif tag in _UNSEEN:
            unseen = tag
        if name == "blockquote":
            quoted = max(0, quoted + (-1 if tag.startswith("/") else 1))
        if name in _BREAKS or name == "blockquote":
            pieces.append("\n")
    return clean_text("\n".join(line.strip() for line in "".join(pieces).split("\n"))).strip()


def _tokens(document: str) -> Iterator[tuple[str, str]]:
    """Yield each text with the name of the tag after it, in lower case; empty after the last one, and for a comment."""
    position = 0
    while (start := document.find("<", position)) >= 0:
        is_comment = document.startswith("<!--", start)
        end = document.find("-->" if is_comment else ">", start)
        if end < 0:  # the rest of the document is no tag
            break
        found = _TAG_NAME.match(document, start + 1)
        yield document[position:start], "" if is_comment or found is None else found[0].lower()
        position = end + (3 if is_comment else 1)
    yield document[position:], ""


# -- what a reply quotes ------------------------------------------------------------------------------------------

_SEPARATOR = re.compile(
    r"-{2,} ?(?:original message|original appointment|forwarded message|ursprüngliche nachricht|originalnachricht"
    r"|weitergeleitete nachricht) ?-{2,}|_{20,}",
    re.IGNORECASE,
)
_WROTE = re.compile(r"(?:on|am|le)\b.{1,300}\b(?:wrote|schrieb|a écrit)\b.{0,200}:", re.IGNORECASE)
_HEADER_FIRST = re.compile(r"\*?(?:from|von)\*?:\*? ?\S", re.IGNORECASE)
_HEADER_NEXT = re.compile(r"\*?(?:sent|date|to|gesendet|datum|an)\*?:\*? ?\S", re.IGNORECASE)


def cut_quotation(text: str) -> str:
    """Return a reply without the mail that it quotes at its end; the whole text where nothing else would be left.

    Lines that are quoted and answered one by one stay, since the answers need them.
    """
    lines = text.split("\n")
    quoted_from = _quoted_from(lines)
    end = next((n for n in range(len(lines)) if _begins_quotation(lines, n, quoted_from)), quoted_from)
    return "\n".join(lines[:end]).strip() or text.strip()


def _quoted_from(lines: Sequence[str]) -> int:
    """Return the number of the line from which on all is quoted or empty."""
    last_own = next((n for n in reversed(range(len(lines))) if not _is_quoted(lines[n])), -1)
    return last_own + 1


def _is_quoted(line: str) -> bool:
    stripped = line.strip()
    return not stripped or stripped.startswith(">")


def _begins_quotation(lines: Sequence[str], n: int, quoted_from: int) -> bool:
    """Return whether everything from a line on is the mail that is answered."""
    line = lines[n].strip()
    if _SEPARATOR.fullmatch(line[:400]):
        return True
    if _HEADER_FIRST.match(line):
        return any(_HEADER_NEXT.match(each.strip()) for each in lines[n + 1 : n + 3])
    if quoted_from - n not in (1, 2):  # the line that names the writer may be broken in two
        return False
    return _WROTE.fullmatch(" ".join(each.strip() for each in lines[n:quoted_from])[:600]) is not None


# -- what no reply may publish ------------------------------------------------------------------------------------

_SLASH = r"(?:/|_|%(?:25)*2f)"  # programs that check links write them anew
_LINK = re.compile(
    rf"""{_SLASH}confirm{_SLASH}(?:[A-Z0-9_-](?:=?\s*\n[\s>]*)?){{1,42}}[A-Z0-9_-]+(?:[&?#%;][^\s<>"]*)?""",
    re.IGNORECASE,
)
"""Its token has 43 characters; lines may end in it."""
_LINK_START = re.compile(r"https?[:%-][^\s<>\"]*\Z", re.IGNORECASE)
_MAX_LINK_START = 300
_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
_CODE = re.compile(r"(?<![\d.,])\d{3}[^\S\n]?[-.\u2010-\u2015]?[^\S\n]?\d{3}(?!\d)")
_NEAR = 120
"""Characters between the word and a code: mails have line ends, marks of quotations and further words there."""
REDACTED = "[…]"


def without_link_and_code(text: str) -> str:
    """Return a text without links of confirmation and their codes, which a reply may quote from the mail that it
    answers: others read the comment.

    Beside a link, every number of six digits goes, and so does one that follows the word.
    """
    pieces, position = [], 0
    for found in _LINK.finditer(text):
        start = _LINK_START.search(text, max(position, found.start() - _MAX_LINK_START), found.start())
        pieces += [text[position : start.start() if start else found.start()], REDACTED]
        position = found.end()
    redacted, tokens = _TOKEN.subn(REDACTED, "".join([*pieces, text[position:]]))
    has_link = bool(pieces or tokens)

    def hide(found: re.Match[str]) -> str:
        before = redacted[max(0, found.start() - _NEAR) : found.start()].casefold()
        return REDACTED if has_link or "code" in before else found[0]

    return _CODE.sub(hide, redacted)
