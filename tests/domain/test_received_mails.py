"""Mails that strangers may have written: what is read of them, what is cut and dropped, and that nothing raises."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.domain.messages import Verdicts
from online_orders.domain.received_mails import (
    MAX_MAIL_BYTES,
    MAX_TEXT,
    ReceivedMail,
    clean_text,
    cut_quotation,
    html_text,
    parse_mail,
    without_link_and_code,
)

PLAIN = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
TOKEN = "x" * 43


def text_of(raw: bytes) -> str:
    return parse_mail(raw).text


def test_a_plain_mail_is_read() -> None:
    raw = (
        b"From: =?utf-8?q?J=C3=BCrgen?= <j@acme.example>\r\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\r\n"
        b"To: R <Reply+x@vendor.example>, b@acme.example\r\n"
        b"Date: Sun, 22 Nov 2026 11:00:00 +0100\r\nAuthentication-Results: amazonses.com; dmarc=pass\r\n"
    ) + PLAIN
    assert parse_mail(raw + "Grüße\r\n".encode()) == ReceivedMail(
        sender="j@acme.example",
        sender_name="Jürgen",
        recipients=("reply+x@vendor.example", "b@acme.example"),
        subject="Grüße",
        text="Grüße",
        sent_at=datetime(2026, 11, 22, 10, tzinfo=UTC),
        authentication="amazonses.com; dmarc=pass",
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff" * 1000,
        b"From",
        b": :\r\n\r\n",
        b"From: \xff\xfe <\x00@\x00>\r\n\r\n",
        b"From: (((((\r\n\r\n",
        b"From: a@b, c@d\r\n\r\n",
        b"From: a@b.example\r\nFrom: c@d.example\r\n\r\n",
        b"Date: 99999999999999999999\r\n\r\n",
        b"Subject: =?x?q?=ff?= =?utf-8?b?####?=\r\n\r\n",
    ],
)
def test_what_has_no_one_sender_has_none(raw: bytes) -> None:
    assert parse_mail(raw).sender == ""


@pytest.mark.parametrize(
    ("written", "sender", "name"),
    [
        ("x@attacker.example", "x@attacker.example", ""),
        (" <x@attacker.example> ", "x@attacker.example", ""),
        ("x@attacker.example (Xaver)", "x@attacker.example", ""),
        ('"X, \\"Y\\"" <x@attacker.example>', "x@attacker.example", 'X, "Y"'),
        ("X. Y-Z (Sales)\r\n\t<x@attacker.example> (home)", "x@attacker.example", "X. Y-Z (Sales)"),
        ("=?utf-8?Q?=3Ccontact=40victim.example=3E_=28?= <x@attacker.example>", "x@attacker.example", None),
        ("=?utf-8?Q?contact=40victim.example_=28?= <x@attacker.example> (=?utf-8?Q?=29?=)", "x@attacker.example", None),
        ('"contact@victim.example" <x@attacker.example>', "x@attacker.example", None),
        ("=?utf-8?Q?contact=40victim.example?=", "", ""),
        ("contact@victim.example" + "\r\n  " * 700 + "<x@attacker.example>", "", ""),
        ('"contact@victim.example' + " " * 2_000 + '" <x@attacker.example>', "", ""),
        ("contact@victim.example" + " " * 2_000 + ", x@attacker.example", "", ""),
        ("contact@victim.example <x@attacker.example>", "", ""),
        ("contact@victim.example (<x@attacker.example>", "", ""),
        ("contact@victim.example, x@attacker.example", "", ""),
        ("all: contact@victim.example;", "", ""),
        ("<@attacker.example:contact@victim.example>", "", ""),
        ("<contact@victim.example> <x@attacker.example>", "", ""),
        ("contact@victim\x00.example", "", ""),
        ("contact@victim\u200b.example", "", ""),
        ('"contact"@victim.example', "", ""),
        ("contact@victim.example\r\nFrom : x@attacker.example", "", ""),
        ("c" * 250 + "@victim.example", "", ""),
    ],
)
def test_only_a_sender_that_can_be_read_in_one_way_is_one(written: str, sender: str, name: str | None) -> None:
    mail = parse_mail(f"From: {written}\r\n\r\nHello".encode())
    assert mail.sender == sender
    assert name is None or mail.sender_name == name


@pytest.mark.parametrize(
    "charset", ["nothing", "idna", "punycode", "base64", "utf-7", "rot13", "zip", "utf-16", "\x00"]
)
def test_a_charset_that_is_none_or_wrong_costs_no_more_than_the_text(charset: str) -> None:
    parse_mail(f"Content-Type: text/plain; charset={charset}\r\n\r\nHello".encode() + b"\xff\x00")


@pytest.mark.parametrize(
    "charset",
    ["us-ascii", "ISO-8859-15", "windows-1252", "koi8-r", "gb18030", "big5", "Shift_JIS", "euc-kr", "ISO-2022-JP"],
)
def test_charsets_of_mails_are_read(charset: str) -> None:
    text = {"koi8-r": "Привет", "windows-1252": "Grüße €", "ISO-8859-15": "Grüße €", "us-ascii": "Hello"}.get(charset)
    text = text or {"euc-kr": "안녕", "gb18030": "你好", "big5": "你好"}.get(charset, "こんにちは")
    assert text_of(f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + text.encode(charset)) == text


def test_of_its_head_alone_a_mail_has_no_text() -> None:
    raw = b"From: a@b.example\r\nAuto-Submitted: auto-replied\r\nContent-Type: multipart/x; boundary=b\r\n\r\n--b"
    mail = parse_mail(raw, is_head=True)
    assert (mail.sender, mail.is_automatic, mail.text, mail.files) == ("a@b.example", True, "", ())


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "x-uuencode", "7bit", "nothing"])
def test_nor_does_an_encoding(encoding: str) -> None:
    parse_mail(f"Content-Transfer-Encoding: {encoding}\r\n\r\nbegin 666 x\n=ZZ=\xff%%%".encode())


def test_controls_and_marks_of_direction_are_dropped() -> None:
    text = "a\x00b\x1b[31mc\u202ed\u2066e\ufefff\r\ng\u2028h\ud800"
    assert clean_text(text) == "ab[31mcdef\ng\nh"
    assert clean_text("👩\u200d🔧") == "👩\u200d🔧"
    assert parse_mail(b"Subject: a\r\n\tb\x00\x0bc\r\n\r\n").subject == "a bc"


def test_the_plain_part_counts_and_files_are_named() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=o\r\n\r\n"
        b"--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"
        b"--i\r\nContent-Type: text/plain\r\n\r\nPlain\r\n"
        b"--i\r\nContent-Type: text/html\r\n\r\n<p>HTML</p>\r\n--i--\r\n"
        b'--o\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename="../../a\x00.txt"\r\n\r\nx\r\n'
        b"--o\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nInner\r\n--o--\r\n"
    )
    mail = parse_mail(raw)
    assert (mail.text, mail.files, mail.is_cut) == ("Plain", ("../../a.txt", "message/rfc822"), False)


def test_many_files_are_counted() -> None:
    part = b"--b\r\nContent-Disposition: attachment; filename=%d.pdf\r\n\r\n\r\n"
    mail = parse_mail(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"".join(part % n for n in range(12)))
    assert (len(mail.files), mail.files[-1]) == (11, "+2")


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("<p>One</p><p>Two <b>three</b></p>", "One\n\nTwo three"),
        ("a<br>b", "a\nb"),
        ("<style>p {}</style><script>alert(1)</script>Hello<!-- no -->", "Hello"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("Yes<blockquote>No</blockquote>", "Yes\n\n> No"),
        ("1 < 2 and <", "1 < 2 and <"),
        ("<div><script>x", ""),
        ("</blockquote></script>Fine", "Fine"),
    ],
)
def test_of_html_its_text_is_left(document: str, text: str) -> None:
    assert html_text(document) == text


@pytest.mark.parametrize(
    "quotation",
    [
        "On Monday, Vendor wrote:\n> Please decide.",
        "Am 22.11.2026 um 10:00 schrieb Vendor\n<orders@vendor.example>:\n\n> Bitte\n>\n> Danke",
        "> Please decide.\n> Thanks",
        "-----Original Message-----\nFrom: Vendor\nHello",
        "-----Ursprüngliche Nachricht-----\nVon: Vendor",
        "________________________________\nFrom: Vendor",
        "From: Vendor\nSent: Monday\nTo: Connie\n\nHello",
        "Von: Vendor\nGesendet: Montag\n\nHallo",
    ],
)
def test_the_quoted_mail_is_cut(quotation: str) -> None:
    assert cut_quotation(f"Next week, please.\n\n{quotation}\n") == "Next week, please."


@pytest.mark.parametrize(
    "text",
    [
        "> When?\nNext week.\n> Where?\nHere.",
        "On Monday, Vendor wrote:\nthat it is ready",
        "From: here\nit goes on",
        "> all of it is quoted",
        "On time is what I wrote: now",
    ],
)
def test_what_may_be_the_answer_stays(text: str) -> None:
    assert cut_quotation(text) == text


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"https://x.example/confirm/{TOKEN} and 123456", "[…] and […]"),
        (f"see /confirm/{TOKEN}", "see […]"),
        ("Code: 123456", "Code: […]"),
        ("Der Code lautet\n123 456.", "Der Code lautet\n[…]."),
        ("Code: 123\u00a0456, or code 123-456.", "Code: […], or code […]."),
        ("> Bestätigungscode\n>\n> \uff11\uff12\uff13\uff14\uff15\uff16", "> Bestätigungscode\n>\n> […]"),
        (f"HTTPS://X.example/CONFIRM/{TOKEN}!", "[…]!"),
        (
            f"See <https://links.example/?url=https%3A%2F%2Fx.example%2Fconfirm%2F{TOKEN}&data=05%7C1>, 123456",
            "See <[…]>, […]",
        ),
        (f"https://x.example/?u=https%253A%252F%252Fx.example%252Fconfirm%252F{TOKEN}", "[…]"),
        (f"https://urldefense.example/v2/url?u=https-3A__x.example_confirm_{TOKEN}&d=x too", "[…] too"),
        (f"> https://x.example/confirm/{TOKEN[:12]}\n> {TOKEN[12:]} is it", "> […] is it"),
        (f"https://x.example/confirm/\n{TOKEN}", "https://x.example/confirm/\n[…]"),
        (f"It is {TOKEN}, 123 456", "It is […], […]"),
        ("We need 123456 of them", "We need 123456 of them"),
        ("Our order is 1234567, code 1234567", "Our order is 1234567, code 1234567"),
    ],
)
def test_links_and_codes_never_get_through(text: str, redacted: str) -> None:
    assert without_link_and_code(text) == redacted
    assert text_of(PLAIN + text.encode()) == redacted


def test_a_long_text_is_cut_and_says_so() -> None:
    mail = parse_mail(PLAIN + b"x" * (MAX_TEXT + 1))
    assert (len(mail.text), mail.is_cut) == (MAX_TEXT, True)
    assert not parse_mail(PLAIN + b"x" * MAX_TEXT).is_cut
    assert parse_mail(PLAIN + b"x", size=1_000).is_cut
    assert parse_mail(b"X: y\r\n\r\n" + b"\n" * MAX_MAIL_BYTES).is_cut


@pytest.mark.parametrize(
    "raw",
    [
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2_000)),
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 20_000,
        b"Content-Type: text/plain; " + b"a=b;" * 100_000 + b"\n\nhi",
        b"Content-Disposition: attachment; " + b"filename*0=a;" * 50_000 + b"\n\nhi",
        b"Content-Type: text/html\n\n" + b"<!--" * 100_000,
        b"Content-Type: text/html\n\n" + b"<script>" * 100_000,
        b"Content-Type: text/html\n\n" + b"<" * 300_000,
        PLAIN + b"On a wrote:\n" * 30_000,
        PLAIN + b"code " * 80_000,
        PLAIN + b"http://a" * 50_000,
        PLAIN + b"/confirm/a\n" * 30_000,
        PLAIN + b"/confirm/a" * 30_000,
        PLAIN + b"http:/confirm/a " * 20_000,
        PLAIN + b"123456 " * 40_000,
        PLAIN + b"/confirm/a" + b"\n" * 300_000,
        PLAIN + b"/confirm/a" + b" " * 300_000,
        b"Content-Type: text/plain; charset=punycode\n\n" + b"b" * 100_000 + b"-" + b"a" * 100_000,
        b"Content-Type: text/plain; charset=idna\n\n" + b"xn--a" * 100_000,
        b"Content-Type: text/plain; charset=utf_7\n\n" + b"+AAA-" * 100_000,
        b"From: " + b'"\\' * 900 + b"\n\nhi",
        b"To: " + b"a@" * 1_000 + b"\n\nhi",
        b"Authentication-Results: " + b"(" * 1_000 + b")" * 900 + b"\n\nhi",
        b"From: " + b"((" * 200_000 + b"\n\nhi",
        b"Subject: " + b"=?utf-8?q?" * 50_000 + b"\n\nhi",
    ],
    ids=[
        "nested",
        "parts",
        "parameters",
        "names",
        "comments",
        "scripts",
        "tags",
        "wrote",
        "codes",
        "links",
        "broken",
        "unbroken",
        "starts",
        "numbers",
        "ends",
        "blanks",
        "punycode",
        "idna",
        "utf-7",
        "quotes",
        "to",
        "results",
        "from",
        "words",
    ],
)
def test_what_is_made_to_take_long_does_not(raw: bytes) -> None:
    began = time.process_time()
    mail = parse_mail(raw)
    Verdicts("PASS", "PASS", "PASS", "GRAY").authenticates(mail)
    assert time.process_time() - began < 5


@given(st.binary(max_size=2_000))
def test_no_bytes_are_too_strange_to_be_read(raw: bytes) -> None:
    mail = parse_mail(raw)
    mail.text.encode()
    mail.subject.encode()


HEADERS = st.sampled_from(
    ["From", "Date", "Subject", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Precedence"]
)
VALUES = st.sampled_from(
    ["multipart/mixed; boundary=b", "text/html; charset=x", "=?utf-8?q?=ff?=", "base64", "a@b.example", "attachment"]
)


@given(st.lists(st.tuples(HEADERS, VALUES | st.text(max_size=30)), max_size=8), st.text(max_size=200))
def test_nor_are_headers(headers: list[tuple[str, str]], body: str) -> None:
    head = "".join(f"{name}: {value}\n" for name, value in headers)
    mail = parse_mail(f"{head}\n--b\n{head}\n{body}\n--b--".encode("utf-8", "surrogatepass"))
    assert len(mail.text) <= MAX_TEXT
    assert "\x00" not in mail.text + mail.subject + mail.sender + "".join(mail.files)
