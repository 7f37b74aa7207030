"""Forms as a browser sends them with a file."""

from collections.abc import Mapping
from uuid import uuid4

from tests.contract.site import Mail, Response, Site

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
ENCRYPTED = PDF.replace(b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 2 0 R")
NAME = "Order signed.pdf"


def multipart(
    fields: Mapping[str, str], file: bytes | None = None, name: str = NAME, field: str = "signed_order"
) -> tuple[bytes, str]:
    """Return the body, and its type; without a file the field is there and empty, as where none was chosen."""
    boundary = f"----{uuid4().hex}"
    parts = [f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in fields.items()]
    head = f'Content-Disposition: form-data; name="{field}"; filename="{name if file is not None else ""}"\r\n'
    kind = "application/pdf" if file is not None else "application/octet-stream"
    parts.append(f"{head}Content-Type: {kind}\r\n\r\n".encode() + (file or b""))
    line = f"--{boundary}".encode()
    body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"
    return body, f"multipart/form-data; boundary={boundary}"


def decide_with_file(
    site: Site, mail: Mail, file: bytes | None = PDF, decision: str = "approve", name: str = NAME, **fields: str
) -> Response:
    form = {"decision": decision, "name": "Connie Contact", "code": mail.code, **fields}
    body, media_type = multipart(form, file, name)
    return site.request("POST", mail.link, content=body, headers={"Content-Type": media_type})
