"""The letterhead: read, replaced and previewed by HTTP, and on the papers of the quotes that were offered with it."""

import base64
import hashlib
from io import BytesIO

import pytest
from pypdf import PdfReader

from online_orders.aws import erasure_job
from tests.contract.in_process import InProcess
from tests.contract.orders import Order, offered, place, quote, rows
from tests.contract.site import Json
from tests.contract.test_certificates import approved
from tests.domain.test_logos import END, PIXELS, chunk, coded, drawn, header, png, svg
from tests.rendering.samples import LETTERHEAD

PATH = "/api/desk/letterhead"
PREVIEW = f"{PATH}/preview"
PDF = "application/pdf"
LEAST: Json = {name: LETTERHEAD[name] for name in ("legal_name", "address")}


@pytest.fixture
def site(in_process: InProcess) -> InProcess:
    return in_process


def text_on(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def paper_of(order: Order, revision: int) -> bytes:
    response = order.site.get(f"{order.desk_path}/quotes/{revision}", order.site.people.cs, Accept=PDF)
    assert response.headers["content-type"] == PDF
    return response.body


def test_there_is_none_until_a_lead_stores_one(site: InProcess) -> None:
    lead = site.people.cs
    response = site.get(PATH, lead)
    assert (response.ok(), response.headers["etag"]) == ({}, '"0"')
    site.get(f"{PATH}/versions/1", lead).refused(404, "not_found")
    stored = site.put(PATH, lead, LETTERHEAD, If_None_Match="*")
    assert (stored.ok(), stored.headers["etag"]) == (LETTERHEAD, '"1"')
    response = site.get(PATH, lead)
    assert (response.ok(), response.headers["etag"]) == (LETTERHEAD, '"1"')
    version = site.get(f"{PATH}/versions/1", lead).ok()
    assert version.pop("at")
    assert version == {"version": 1, "by": lead.email, "letterhead": LETTERHEAD}


def test_nobodys_work_is_replaced_unseen(site: InProcess) -> None:
    lead = site.people.cs
    site.put(PATH, lead, LEAST, If_Match='"1"').refused(412, "version_mismatch")
    site.put(PATH, lead, LEAST, If_Match='"0"').ok()
    site.put(PATH, lead, LETTERHEAD, If_None_Match="*").refused(412, "version_mismatch")
    site.put(PATH, lead, LETTERHEAD, If_Match='"0"').refused(412, "version_mismatch")
    assert site.put(PATH, lead, LETTERHEAD, If_Match='"1"').headers["etag"] == '"2"'
    assert site.put(PATH, lead, LETTERHEAD).headers["etag"] == '"2"'
    assert site.get(f"{PATH}/versions/1", lead).ok()["letterhead"] == LEAST


def test_the_audit_trail_has_the_hash_of_the_logo(site: InProcess) -> None:
    lead, logo = site.people.cs, {"media_type": "image/png", "data": drawn("RGB")}
    site.put(PATH, lead, LEAST).ok()
    site.put(PATH, lead, {**LEAST, "logo": logo}).ok()
    entry = rows(site, "/api/desk/audit?subject=letterhead", lead)[0]
    assert (entry["subject"], entry["action"], entry["by"]["email"]) == ("letterhead", "changed", lead.email)
    sha256 = hashlib.sha256(base64.b64decode(logo["data"])).hexdigest()
    (change,) = entry["changes"]
    assert (change["pointer"], change["was"]) == ("/logo", None)
    assert change["is"] == {"media_type": "image/png", "sha256": sha256}


@pytest.mark.parametrize("path", [PATH, PREVIEW])
def test_faults_are_told_all_at_once_and_nothing_is_stored(site: InProcess, path: str) -> None:
    lead = site.people.cs
    body = {
        "legal_name": " ",
        "colors": {"accent": "#eeeeee"},
        "logo": {"media_type": "image/svg+xml", "data": svg("<script/>")},
        "slogan": "Best",
    }
    response = (site.put if path == PATH else site.post)(path, lead, body)
    assert response.faults() == {
        "/legal_name": "too_short",
        "/address": "required",
        "/colors/accent": "contrast_too_low",
        "/logo/data": "logo_unsafe",
        "/slogan": "unknown_field",
    }
    assert site.get(PATH, lead).ok() == {}


@pytest.mark.parametrize("path", [PATH, PREVIEW])
def test_a_logo_is_refused_when_no_paper_can_be_set_with_it(site: InProcess, path: str) -> None:
    empty = coded(b'<svg xmlns="http://www.w3.org/2000/svg" width="0" height="0"/>')
    body = {**LEAST, "logo": {"media_type": "image/svg+xml", "data": empty}}
    response = (site.put if path == PATH else site.post)(path, site.people.cs, body)
    assert response.faults() == {"/logo/data": "logo_malformed"}
    assert site.get(PATH, site.people.cs).ok() == {}


@pytest.mark.parametrize(("locale", "said"), [("en", "Managing director"), ("de", "Geschäftsführerin")])
def test_a_sample_quote_is_shown_in_a_language_and_nothing_is_stored(site: InProcess, locale: str, said: str) -> None:
    lead = site.people.cs
    body = {**LETTERHEAD, "logo": {"media_type": "image/png", "data": drawn("RGBA", (90, 40))}}
    response = site.post(f"{PREVIEW}?locale={locale}", lead, body)
    assert (response.status, response.headers["content-type"]) == (200, PDF)
    assert response.headers["cache-control"] == "no-store"
    text = text_on(response.body)
    assert LETTERHEAD["legal_name"] in text
    assert said in text
    assert site.get(PATH, lead).ok() == {}
    site.post(f"{PREVIEW}?locale=xx", lead, body).refused(400, "invalid_query")


def test_staff_reads_the_letterhead_and_leads_alone_change_it(site: InProcess) -> None:
    site.put(PATH, site.people.cs, LEAST).ok()
    site.get(PATH, site.people.customer).refused(403, "forbidden")
    site.put(PATH, site.people.customer, LEAST).refused(403, "forbidden")


def test_each_revision_keeps_the_letterhead_that_it_was_offered_with(site: InProcess) -> None:
    lead = site.people.cs
    plain, _ = offered(site)
    assert "letterhead_version" not in plain.read()["quote"]
    site.put(PATH, lead, LETTERHEAD).ok()
    order, _ = offered(site)
    site.settle()
    assert order.read()["quote"]["letterhead_version"] == 1
    first = paper_of(order, 1)
    assert LETTERHEAD["bank"].split("\n")[1] in text_on(first)
    site.put(PATH, lead, {**LEAST, "legal_name": "Vendor of Tomorrow Inc."}).ok()
    assert paper_of(order, 1) == first
    order.desk("quote", quote(site)).ok(202)
    site.settle()
    assert order.read()["quote"]["letterhead_version"] == 2
    assert "Vendor of Tomorrow Inc." in text_on(paper_of(order, 2))
    assert paper_of(order, 1) == first
    assert LETTERHEAD["legal_name"] not in text_on(paper_of(plain, 1))


def test_a_certificate_has_the_letterhead_of_the_quote_that_was_decided_on(site: InProcess) -> None:
    lead = site.people.cs
    before = approved(site)
    site.put(PATH, lead, LETTERHEAD).ok()
    order = approved(site)
    site.put(PATH, lead, LEAST | {"legal_name": "Later"}).ok()
    papers = [site.get(f"{each.desk_path}/certificate", lead, Accept=PDF).body for each in (before, order)]
    assert [LETTERHEAD["legal_name"] in text_on(paper) for paper in papers] == [False, True]


def test_the_preview_of_a_quote_has_the_letterhead_in_force(site: InProcess) -> None:
    site.put(PATH, site.people.cs, LETTERHEAD).ok()
    order = place(site)
    order.desk("claim").ok()
    response = site.post(f"{order.desk_path}/quote/preview", site.people.cs, quote(site), Accept=PDF)
    assert LETTERHEAD["legal_name"] in text_on(response.body)


def test_an_erased_author_is_gone_and_versions_that_name_the_person_are_told(site: InProcess) -> None:
    gone = site.people.cs2
    site.put(PATH, gone, {**LEAST, "email": gone.email}).ok()
    with site.lab.as_operator():
        steps = list(erasure_job.erase_person(gone.email))
    assert "letterhead version 1" in [each for step in steps for each in step.left]
    assert site.get(f"{PATH}/versions/1", site.people.cs).ok()["by"] != gone.email


def test_the_largest_logo_is_kept_and_set(site: InProcess) -> None:

    rest = chunk(b"IDAT", PIXELS) + END
    room = 200 * 1024 - len(b"\x89PNG\r\n\x1a\n" + header() + chunk(b"teXt") + rest)
    logo = {"media_type": "image/png", "data": png(header(), chunk(b"teXt", b"k\0" + b"x" * (room - 2)), rest)}
    site.put(PATH, site.people.cs, {**LETTERHEAD, "logo": logo}).ok()
    assert site.get(PATH, site.people.cs).ok()["logo"] == logo
