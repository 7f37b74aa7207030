"""The terms of a quote for which Customer Success writes none, in the account's language."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from online_orders.aws import erasure_job
from online_orders.domain.catalog import shipped
from online_orders.domain.roles import Role
from online_orders.domain.terms import DEFAULT_TERMS
from tests.cli.terminal import Terminal
from tests.contract.in_process import InProcess, adopted
from tests.contract.orders import claimed, enroll, offer, place_for, quote, rows
from tests.contract.site import Response, Site, User
from tests.lab import Lab

Json = dict[str, Any]
LONG = "\N{GRINNING FACE}" * 1_024
"""4,096 bytes: as much as CloudFormation takes for a parameter."""


def by_locale(site: Site) -> dict[str, User]:
    """A customer of an enrolled account of each language."""
    found: dict[str, User] = {}
    for user in site.users:
        if user.role == "customer":
            account = site.get("/api/account", user).ok()
            if (account["enrollment"] or {}).get("state") == "active":
                found.setdefault(account["locale"], user)
    return found


def terms_of(site: Site, locale: str) -> set[str]:
    """Of the draft, the preview and the quote of an order: they are the same."""
    order = claimed(site, by_locale(site)[locale])
    draft = site.get(f"{order.desk_path}/quote-draft", site.people.cs).ok()
    preview = order.desk("quote/preview", quote(site)).ok()["mail"]["text"]
    quoted = order.desk("quote", quote(site)).ok(202)["quote"]["terms"]
    lines = quoted.splitlines()
    assert all(line in preview for line in lines), preview
    return {draft["terms"], quoted}


@pytest.mark.parametrize("locale", ["en", "de"])
def test_a_quote_has_the_products_terms_in_the_accounts_language(site: Site, locale: str) -> None:
    assert terms_of(site, locale) == {DEFAULT_TERMS[locale]}


@pytest.fixture
def seeded(request: pytest.FixtureRequest) -> Iterator[InProcess]:
    with InProcess.started(**getattr(request, "param", {})) as started:
        yield started
        assert not started.lab.errors


def operator(seeded: InProcess, *arguments: object, expect: int = 0) -> str:
    with seeded.lab.as_operator():
        return Terminal.of_lab(seeded).run("terms", *arguments, expect=expect).out


def test_terms_that_an_operator_sets_hold_for_their_language(seeded: InProcess, tmp_path: Path) -> None:
    file = tmp_path / "terms.txt"
    file.write_bytes(b"\xef\xbb\xbfZahlbar binnen 30 Tagen.\r\n\r\n\xc2\xa7 2 gilt.\n")
    assert operator(seeded, "set", "--locale", "de", file) == "de: version 1, 35 characters.\n"
    assert terms_of(seeded, "de") == {"Zahlbar binnen 30 Tagen.\n\n\N{SECTION SIGN} 2 gilt."}
    assert terms_of(seeded, "en") == {DEFAULT_TERMS["en"]}
    file.write_text("Bar.")
    assert operator(seeded, "set", "--locale", "de", file) == "de: version 2, 4 characters.\n"
    assert "de: version 2 of" in operator(seeded, "show")
    assert terms_of(seeded, "de") == {"Bar."}
    assert operator(seeded, "clear", "--locale", "de") == "de: removed.\n"
    assert terms_of(seeded, "de") == {DEFAULT_TERMS["de"]}


def test_terms_are_as_long_as_those_of_a_quote_may_be(seeded: InProcess, tmp_path: Path) -> None:
    file = tmp_path / "terms.txt"
    file.write_text("\N{GRINNING FACE}" * 10_000, "utf-8")
    operator(seeded, "set", "--locale", "en", file)
    assert terms_of(seeded, "en") == {"\N{GRINNING FACE}" * 10_000}
    for words in ("x" * 10_001, " \n"):
        file.write_text(words)
        operator(seeded, "set", "--locale", "en", file, expect=1)
    file.write_bytes(b"\xff")
    operator(seeded, "set", "--locale", "en", file, expect=1)
    assert "version 1" in operator(seeded, "show")


@pytest.mark.parametrize("seeded", [{"QuoteTerms": LONG}], indirect=True)
def test_the_templates_terms_hold_in_every_language_that_has_none_of_its_own(seeded: InProcess, tmp_path: Path) -> None:
    assert terms_of(seeded, "en") == terms_of(seeded, "de") == {LONG}
    file = tmp_path / "terms.txt"
    file.write_text("Bar.")
    operator(seeded, "set", "--locale", "de", file)
    assert (terms_of(seeded, "en"), terms_of(seeded, "de")) == ({LONG}, {"Bar."})


# -- at the desk --------------------------------------------------------------------------------------------------

TERMS = "/api/desk/terms"


def put(seeded: InProcess, text: str | None, group: str | None = None, locale: str = "en", **headers: str) -> Response:
    body = {"locale": locale, "text": text, **({"group": group} if group else {})}
    return seeded.put(TERMS, seeded.people.cs, body, **headers)


def publish(seeded: InProcess, *groups: str) -> None:
    labels = {"en": "Group", "de": "Gruppe"}
    catalog = {**shipped().document, "groups": [{"group": each, "labels": labels} for each in groups]}
    seeded.put("/api/desk/catalog", seeded.people.cs, catalog).ok()


def quoted(seeded: InProcess, account: Json, **changes: Any) -> Json:
    """The quote of a new order of an account."""
    order = place_for(seeded, account)
    order.desk("claim").ok()
    made: Json = order.desk("quote", quote(seeded, **changes)).ok(202)["quote"]
    return made


def test_terms_are_set_and_removed_at_the_desk(seeded: InProcess) -> None:
    lead = seeded.people.cs
    assert seeded.get(TERMS, lead).ok() == {"terms": [], "defaults": DEFAULT_TERMS}
    stored = put(seeded, "Net 30.", If_None_Match="*")
    entry = stored.ok()
    assert stored.headers["etag"] == '"1"'
    assert {**entry, "updated_at": None} == {
        "locale": "en",
        "group": None,
        "version": 1,
        "text": "Net 30.",
        "updated_at": None,
    }
    assert seeded.get(TERMS, lead).ok()["terms"] == [entry]
    assert terms_of(seeded, "en") == {"Net 30."}
    gone = put(seeded, None, If_Match='"1"')
    assert (gone.ok()["text"], gone.headers["etag"]) == (None, '"2"')
    assert seeded.get(TERMS, lead).ok()["terms"] == []
    assert terms_of(seeded, "en") == {DEFAULT_TERMS["en"]}
    found = rows(seeded, f"{TERMS}/versions?locale=en&limit=1", lead)
    assert [(row["version"], row["by"], row["text"]) for row in found] == [
        (2, lead.email, None),
        (1, lead.email, "Net 30."),
    ]
    assert found[1]["at"] == entry["updated_at"]
    trail = rows(seeded, "/api/desk/audit?subject=terms", lead)
    assert [(each["subject_id"], each["action"]) for each in trail] == [("en", "removed"), ("en", "created")]
    assert trail[1]["changes"] == [{"pointer": "/text", "was": None, "is": "Net 30."}]


def test_nobodys_terms_are_replaced_unseen(seeded: InProcess) -> None:
    put(seeded, "Net 30.", If_Match="*").refused(412, "version_mismatch")
    put(seeded, "Net 30.", If_None_Match="*").ok()
    put(seeded, "Net 60.", If_None_Match="*").refused(412, "version_mismatch")
    put(seeded, "Net 60.", If_Match='"2"').refused(412, "version_mismatch")
    assert put(seeded, "Net 60.", If_Match='"1"').ok()["version"] == 2
    assert put(seeded, "Net 60.").headers["etag"] == '"2"', "it is the same text"
    assert seeded.put(TERMS, seeded.people.cs, {"locale": "xx", "group": "none", "more": 1}).faults() == {
        "/locale": "not_allowed",
        "/text": "required",
        "/more": "unknown_field",
        "/group": "not_allowed",
    }


def test_the_terms_of_an_accounts_groups_go_first(seeded: InProcess) -> None:
    publish(seeded, "partners", "schools")
    account = enroll(seeded, groups=["schools", "partners"], locale="en")
    put(seeded, "For all.").ok()
    for group, text in (("partners", "For partners."), ("schools", "For schools.")):
        put(seeded, "Für Gruppen.", group, "de").ok()
        assert quoted(seeded, account)["terms"] == ("For partners." if group == "schools" else "For all.")
        put(seeded, text, group).ok()
    made = quoted(seeded, account)
    assert (made["terms"], made["terms_version"]) == (
        "For schools.",
        {"locale": "en", "version": 1},
    )
    assert "schools" not in str(made).replace("For schools.", ""), "groups are the desk's alone"
    put(seeded, None, "schools").ok()
    assert quoted(seeded, account)["terms"] == "For partners."
    assert [(each["group"], each["locale"]) for each in seeded.get(TERMS, seeded.people.cs).ok()["terms"]] == [
        (None, "en"),
        ("partners", "de"),
        ("partners", "en"),
        ("schools", "de"),
    ]
    (version,) = rows(seeded, f"{TERMS}/versions?locale=en&group=partners", seeded.people.cs)
    assert (version["version"], version["text"]) == (1, "For partners.")


def test_a_quote_keeps_the_version_of_standard_terms_alone(seeded: InProcess) -> None:
    account = enroll(seeded, locale="en")
    assert "terms_version" not in quoted(seeded, account), "the product's own"
    put(seeded, "Net 30.").ok()
    assert quoted(seeded, account)["terms_version"] == {"locale": "en", "version": 1}
    assert quoted(seeded, account, terms="Net 30.")["terms_version"] == {"locale": "en", "version": 1}
    assert "terms_version" not in quoted(seeded, account, terms="Net 10."), "Customer Success' own"


def test_a_further_revision_with_the_same_terms_keeps_their_version(seeded: InProcess) -> None:
    order = place_for(seeded, enroll(seeded, locale="en"))
    put(seeded, "Net 30.").ok()
    offer(order)
    put(seeded, "Net 60.").ok()
    draft = seeded.get(f"{order.desk_path}/quote-draft", seeded.people.cs).ok()
    assert draft["terms"] == "Net 30."
    again = order.desk("quote", quote(seeded, terms=draft["terms"])).ok(202)["quote"]
    assert (again["revision"], again["terms_version"]) == (2, {"locale": "en", "version": 1})
    newest = order.desk("quote", quote(seeded)).ok(202)["quote"]
    assert (newest["terms"], newest["terms_version"]) == ("Net 60.", {"locale": "en", "version": 2})


def test_agents_read_terms_and_only_leads_write_them(seeded: InProcess) -> None:
    agent = seeded.people.cs2
    adopted(seeded, agent, Role.AGENT)
    assert seeded.get(TERMS, agent).ok()["terms"] == []
    assert seeded.get(f"{TERMS}/versions?locale=en", agent).ok()["items"] == []
    seeded.put(TERMS, agent, {"locale": "en", "text": "A"}).refused(403, "forbidden")
    seeded.get(f"{TERMS}/versions", agent).refused(400, "invalid_query")
    seeded.get(f"{TERMS}/versions?locale=xx", agent).refused(400, "invalid_query")
    seeded.get(f"{TERMS}/versions?locale=en&group=a%20b", agent).refused(400, "invalid_query")


def test_an_operator_sets_the_terms_of_a_group(seeded: InProcess, tmp_path: Path) -> None:
    publish(seeded, "partners")
    file = tmp_path / "terms.txt"
    file.write_text("Bar.")
    with seeded.lab.as_operator():
        refused = Terminal.of_lab(seeded).run("terms", "set", "--locale", "de", "--group", "nobody", file, expect=1)
    assert "There is no group nobody." in refused.err
    assert operator(seeded, "set", "--locale", "de", "--group", "partners", file) == (
        "de, group partners: version 1, 4 characters.\n"
    )
    shown = operator(seeded, "show")
    assert shown.startswith("en: not set\nde: not set\nde, group partners: version 1 of ")
    assert operator(seeded, "clear", "--locale", "de", "--group", "partners") == "de, group partners: removed.\n"
    assert operator(seeded, "clear", "--locale", "de", "--group", "partners") == "de, group partners: not set.\n"
    (gone, first) = rows(seeded, f"{TERMS}/versions?locale=de&group=partners", seeded.people.cs)
    assert (gone["text"], first["text"], first["by"]) == (None, "Bar.", "operator")


def test_an_erased_author_of_terms_is_named_no_more_and_the_texts_stay(seeded: InProcess) -> None:
    gone = seeded.people.cs2
    publish(seeded, "partners")
    for group, text in (("partners", f"Write to {gone.email}."), ("partners", None), (None, "Net 30.")):
        seeded.put(TERMS, gone, {"locale": "en", "group": group, "text": text}).ok()
    with seeded.lab.as_operator():
        steps = list(erasure_job.erase_person(gone.email))
    assert sum(step.erased["terms"] for step in steps) == 4, "two texts with their versions, one of them removed"
    assert "version 1 of the terms in en of the group partners" in [each for step in steps for each in step.left]
    stored = [item for item in seeded.lab.items if item["pk"].startswith("TERMS#")]
    assert gone.email not in str([item["changed_by"] for item in stored])
    assert quoted(seeded, enroll(seeded, locale="en"))["terms"] == "Net 30."


def test_a_stack_with_an_old_default_parameter_has_no_terms_of_its_own() -> None:
    with Lab.started(QuoteTerms=DEFAULT_TERMS["en"]) as lab:
        assert "QuoteTermsText" not in [name for name, made in lab.stack._made.items() if made]
