"""Which files are taken with an approval, by their content, and what is kept of one."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.domain.attachments import MAX_ATTACHMENT_BYTES, Upload, quarantine, shown_name
from online_orders.domain.confirmation import DecisionForm, FormError, parse_form
from tests.domain.builders import offered
from tests.domain.test_link_states import SOUND, link_of

HEAD, END = b"%PDF-1.7\n", b"\n%%EOF\n"
PDF = HEAD + END
LINK = link_of(offered())


def trailer(members: bytes, objects: bytes = b"") -> bytes:
    return HEAD + objects + b"\nxref\n0 1\ntrailer\n<</Size 1 " + members + b">>\nstartxref\n9" + END


def xref_stream(members: bytes, objects: bytes = b"") -> bytes:
    head = b"\n9 0 obj\n<</Type /XRef " + members + b">>\nstream\n\x00\nendstream\nendobj\nstartxref\n9"
    return HEAD + objects + head + END


def fault(content: bytes) -> str | None:
    return Upload("order.pdf", content).fault


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (PDF, None),
        (b"x" * 1_019 + PDF, None),
        (b"x" * 1_020 + PDF, "attachment_not_pdf"),
        (PDF + b"x" * (2_048 - 6), None),
        (PDF + b"x" * (2_048 - 5), "attachment_not_pdf"),
        (b"", "attachment_not_pdf"),
        (HEAD, "attachment_not_pdf"),
        (END, "attachment_not_pdf"),
        (b"PK\x03\x04" + END, "attachment_not_pdf"),
        (trailer(b"/Encrypt 12 0 R"), "attachment_encrypted"),
        (trailer(b"/Encrypt\n12 0 R"), "attachment_encrypted"),
        (trailer(b"/Encrypt % so\n12 0 R"), "attachment_encrypted"),
        (trailer(b"/Encrypt<</Filter/Standard>>"), "attachment_encrypted"),
        (trailer(b"/#45ncryp#74 12 0 R"), "attachment_encrypted"),
        (trailer(b"/Encrypt 12 0 R") + trailer(b"/Size 3"), "attachment_encrypted"),
        (trailer(b"/Size 3") + trailer(b"/Encrypt 12 0 R"), "attachment_encrypted"),
        (HEAD + b"trailer<</Encrypt 12 0 R>>" + END, "attachment_encrypted"),
        (xref_stream(b"/Encrypt 12 0 R"), "attachment_encrypted"),
        (xref_stream(b"/#45ncrypt 12 0 R"), "attachment_encrypted"),
        (xref_stream(b"/EncryptMetadata false"), None),
        (trailer(b"/EncryptMetadata false"), None),
        (trailer(b"/Root 1 0 R", b"4 0 obj (say /Encrypt 1 0 R here) endobj"), None),
        (xref_stream(b"/Root 1 0 R", b"4 0 obj (say /Encrypt 1 0 R here) endobj"), None),
        (HEAD + b"4 0 obj <</Length 9>>\nstream\n/Type /XRef /Encrypt 1 0 R" + END, None),
        (HEAD + b"(how to /Encrypt a file)" + END, None),
        (HEAD + b" " * (MAX_ATTACHMENT_BYTES - len(PDF)) + END, None),
        (HEAD + b" " * (MAX_ATTACHMENT_BYTES - len(PDF) + 1) + END, "attachment_too_large"),
        (b" " * (MAX_ATTACHMENT_BYTES + 1), "attachment_too_large"),
    ],
)
def test_a_file_is_judged_by_its_content(content: bytes, expected: str | None) -> None:
    assert fault(content) == expected


@given(st.binary(max_size=4_000))
def test_no_bytes_are_a_fault_of_ours(content: bytes) -> None:
    is_pdf = b"%PDF-" in content[:1_024] and b"%%EOF" in content[-2_048:]
    assert (fault(content) == "attachment_not_pdf") is not is_pdf


@given(st.text())
def test_a_name_is_one_printable_line_that_is_never_empty(name: str) -> None:
    shown = shown_name(name)
    assert 1 <= len(shown) <= 200
    assert shown.isprintable()
    assert shown == shown.strip()
    assert "/" not in shown
    assert "\\" not in shown


def test_the_evidence_has_name_size_and_hash() -> None:
    attached = Upload("C:\\a\\b.pdf", PDF).attached()
    assert attached.model_dump() == {"sha256": hashlib.sha256(PDF).hexdigest(), "size": len(PDF), "name": "b.pdf"}


def test_a_quarantine_says_why() -> None:
    pending, infected = quarantine("pending"), quarantine("infected")
    assert (pending.code, infected.code) == ("quarantined", "quarantined")
    assert pending.detail != infected.detail


def sent(upload: Upload | None, policy: str = "optional", decision: str = "approve") -> DecisionForm:
    return parse_form({**SOUND, "decision": decision, "reason": "So."}, LINK, upload=upload, signed_order=policy)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policy", "upload", "errors"),
    [
        ("optional", None, ()),
        ("optional", PDF, ()),
        ("optional", b"x", (FormError.ATTACHMENT_NOT_PDF,)),
        ("required", None, (FormError.ATTACHMENT_MISSING,)),
        ("required", PDF, ()),
        ("required", b"x", (FormError.ATTACHMENT_NOT_PDF,)),
        ("never", None, ()),
        ("never", PDF, (FormError.ATTACHMENT_NOT_TAKEN,)),
        ("never", b"x", (FormError.ATTACHMENT_NOT_TAKEN,)),
    ],
)
def test_the_accounts_policy_says_whether_a_file_comes(
    policy: str, upload: bytes | None, errors: tuple[FormError, ...]
) -> None:
    file = None if upload is None else Upload("a.pdf", upload)
    form = sent(file, policy)
    assert (form.errors, form.upload, form.had_upload) == (errors, file, file is not None)


@pytest.mark.parametrize("decision", ["cancel", "request_change", "ask", "recalculate", "request_quote"])
@pytest.mark.parametrize("policy", ["optional", "required", "never"])
def test_only_an_approval_takes_a_file_or_needs_one(policy: str, decision: str) -> None:
    form = sent(Upload("a.pdf", b"x"), policy, decision)
    assert (form.errors, form.upload, form.had_upload) == ((), None, True)
    assert sent(None, policy, decision).errors == ()


def test_an_approval_tells_the_timeline_of_its_file() -> None:
    order = offered()
    (entry,) = order.approve("Connie", order.updated_at, attachment="hash").entries
    assert entry.data["attachment"] == "hash"
    (entry,) = order.approve("Connie", order.updated_at).entries
    assert "attachment" not in entry.data
