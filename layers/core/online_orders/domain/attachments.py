"""The signed order that a contact person attaches to an approval: which files are taken, and what is kept of one."""

import hashlib
import re
from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from online_orders.domain.errors import StateConflict
from online_orders.domain.values import Entity, Instant

MAX_ATTACHMENT_BYTES = 4 * 1024 * 1024
"""A function is sent 6 MB at most, and the gateway sends a form in Base64, which takes four bytes for three."""
MAX_FILE_NAME_LENGTH = 200
_FALLBACK_NAME = "signed-order.pdf"
_HEAD_BYTES, _TAIL_BYTES = 1_024, 2_048
"""Where readers of PDF look for its header and its end; what stands before or after is skipped."""
_TRAILER = re.compile(rb"\btrailer[\s\x00]*<<.*?(?:startxref|\Z)", re.DOTALL)
_XREF_STREAM = re.compile(rb"/Type[\s\x00]*/XRef\b")
_ENCRYPTION = re.compile(rb"/Encrypt(?:[\s\x00]|%[^\r\n]*)*(?:<<|\d+[\s\x00]+\d+[\s\x00]+R)")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")

ScanState = Literal["not_scanned", "pending", "clean", "infected", "failed"]
_QUARANTINE: dict[ScanState, str] = {
    "pending": "The file is yet to be scanned for malware.",
    "infected": "The scan has found malware in the file.",
}
"""The states of a file that nobody gets, and why."""

AttachmentFault = Literal["attachment_too_large", "attachment_not_pdf", "attachment_encrypted"]


class Upload(NamedTuple):
    """A file as it was sent with a form."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def fault(self) -> AttachmentFault | None:
        """Return why the file is not taken, by its content alone: its name and its type are the sender's word."""
        if len(self.content) > MAX_ATTACHMENT_BYTES:
            return "attachment_too_large"
        if b"%PDF-" not in self.content[:_HEAD_BYTES] or b"%%EOF" not in self.content[-_TAIL_BYTES:]:
            return "attachment_not_pdf"
        return "attachment_encrypted" if any(map(_ENCRYPTION.search, _trailers(self.content))) else None

    def attached(self) -> "Attached":
        """Return what the evidence says of the file."""
        return Attached(sha256=self.sha256, size=len(self.content), name=shown_name(self.name))


def _trailers(content: bytes) -> Iterator[bytes]:
    """Return where a PDF says whether it is encrypted: each trailer, and the dictionary of each stream in place of one.

    Names can be written with the codes of their characters. What pages say is in other objects.
    """
    for trailer in _TRAILER.finditer(content):
        yield _unescaped(trailer[0])
    for each in content.split(b"obj"):
        dictionary = _unescaped(each.partition(b"stream")[0])
        if _XREF_STREAM.search(dictionary):
            yield dictionary


def _unescaped(names: bytes) -> bytes:
    return _ESCAPED.sub(lambda code: bytes.fromhex(code[1].decode()), names)


def shown_name(name: str) -> str:
    """Return the name of a file without folders and what cannot be printed; some name for none."""
    last = re.split(r"[/\\]", name)[-1]
    printable = "".join(character if character.isprintable() else " " for character in last)
    return " ".join(printable.split())[-MAX_FILE_NAME_LENGTH:].strip() or _FALLBACK_NAME


class Attached(Entity):
    """What the evidence of an approval says of the file that came with it."""

    sha256: str
    size: Annotated[int, Field(description="Bytes.")]
    name: Annotated[str, Field(description="As the sender's browser gave it.")]


class Attachment(Attached):
    """A file that came with an approval, as the desk sees it."""

    sequence: int
    """The sequence number of the decision's timeline entry."""
    at: Instant
    scan: Annotated[
        ScanState, Field(description="What the scan for malware has found; `not_scanned` where there is none.")
    ]
    removed: Annotated[
        bool,
        Field(
            exclude_if=lambda removed: not removed,
            description="Whether the file was removed, because a person was erased.",
        ),
    ] = False

    @property
    def is_quarantined(self) -> bool:
        return self.scan in _QUARANTINE


def quarantine(scan: ScanState) -> StateConflict:
    """Return the refusal of a file that is yet to be scanned, or in which the scan has found malware."""
    return StateConflict("quarantined", _QUARANTINE[scan])
