"""Accounts: what Customer Success may put, every fault at once, and who may order."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.domain.accounts import (
    ERASED,
    ERASED_EMAIL,
    Account,
    Contact,
    ContactReport,
    License,
    catalog_faults,
    changed_members,
    has_begun,
    parse_account,
)
from online_orders.domain.errors import FieldError, Forbidden, Invalid
from online_orders.domain.field_errors import validate
from tests.domain.builders import (
    CARLA,
    CONNIE,
    DAY,
    TODAY,
    Json,
    account_body,
    account_of,
    named,
    property_of,
    refused,
    site_body,
)

ENROLLMENT: Json = {"letter_received_on": "2026-01-15", "contact": CONNIE.model_dump(), "state": "active"}


def field_errors_of(body: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refusal:
        parse_account("acme", body)
    assert (refusal.value.status, refusal.value.code) == (422, "invalid")
    return refused(refusal)


def faults_with(**changes: Any) -> list[tuple[str, str]]:
    return field_errors_of(account_body(**changes))


def faults_of_site(**changes: Any) -> list[tuple[str, str]]:
    return faults_with(sites=[site_body("other"), site_body("office", **changes)])


def test_what_get_gives_can_be_put_again() -> None:
    account = account_of(locale="de", parent_account_id="relay")
    assert parse_account("acme", json.loads(account.model_dump_json())) == account


@pytest.mark.parametrize("year", ["0026", "0202", "1999"])
def test_a_date_without_a_full_year_is_refused_everywhere_in_an_account(year: str) -> None:
    day = f"{year}-03-01"
    deputy = {"name": "Dora", "email": "dora@acme.example", "from": day, "until": day}
    assert faults_with(
        enrollment={**ENROLLMENT, "letter_received_on": day, "deputies": [deputy]},
        sites=[site_body("office", license={"bandwidth_mbps": 100, "starts_on": day})],
    ) == [
        ("/enrollment/letter_received_on", "date_too_early"),
        ("/enrollment/deputies/0/from", "date_too_early"),
        ("/enrollment/deputies/0/until", "date_too_early"),
        ("/sites/0/license/starts_on", "date_too_early"),
    ]


def test_an_account_that_was_stored_with_such_a_date_can_still_be_read() -> None:
    stored = account_of(enrollment={**ENROLLMENT, "letter_received_on": "2026-03-01"}).model_dump_json()
    read = Account.model_validate_json(stored.replace("2026-03-01", "0026-03-01"))
    assert read.enrollment
    assert read.enrollment.letter_received_on == date(26, 3, 1)


def test_the_account_shown_has_the_contracts_members() -> None:
    shown = account_of().model_dump(mode="json")
    assert shown.keys() == {
        "account_id",
        "name",
        "locale",
        "currency",
        "time_zone",
        "parent_account_id",
        "enrollment",
        "sites",
    }
    assert shown["enrollment"] == ENROLLMENT
    assert shown["sites"][0] == {
        "site_id": "office",
        "name": "Office",
        "country": "DE",
        "address": "1 Main St",
        "license": {"bandwidth_mbps": 100, "starts_on": "2026-01-01"},
        "sockets": [],
    }
    assert shown["sites"][3]["sockets"] == [{"model": "X1700", "quantity": 1}]


@pytest.mark.parametrize("sent", ["acme", "bolt", None, 7, "", "\ud800", []], ids=named)
def test_the_account_id_in_the_body_is_read_only_and_ignored(sent: Any) -> None:
    assert parse_account("acme", account_body(account_id=sent)) == account_of()


def test_an_account_may_be_little_more_than_a_name() -> None:
    account = parse_account("acme", {"name": "Acme", "currency": "EUR", "time_zone": "UTC"})
    assert (account.locale, account.parent_account_id, account.enrollment, account.sites) == ("en", None, None, ())


@pytest.mark.parametrize("member", ["name", "currency", "time_zone"])
def test_some_members_are_needed(member: str) -> None:
    body = {name: value for name, value in account_body().items() if name != member}
    assert field_errors_of(body) == [(f"/{member}", "required")]


@pytest.mark.parametrize("body", [None, [], "acme", 7])
def test_a_body_is_an_object(body: Any) -> None:
    assert field_errors_of(body) == [("", "wrong_type")]


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("currency", "EURO", "unknown_currency"),
        ("currency", "eur", "unknown_currency"),
        ("currency", "XXX", "unknown_currency"),
        ("currency", "", "unknown_currency"),
        ("currency", 978, "wrong_type"),
        ("currency", None, "wrong_type"),
        ("time_zone", "Europe/Atlantis", "unknown_time_zone"),
        ("time_zone", "europe/berlin", "unknown_time_zone"),
        ("time_zone", "Europe", "unknown_time_zone"),
        ("time_zone", "Europe/", "unknown_time_zone"),
        ("time_zone", "", "unknown_time_zone"),
        ("time_zone", " UTC", "unknown_time_zone"),
        ("time_zone", "../../etc/passwd", "unknown_time_zone"),
        ("time_zone", "/etc/localtime", "unknown_time_zone"),
        ("time_zone", "localtime", "unknown_time_zone"),
        ("time_zone", "Factory", "unknown_time_zone"),
        ("time_zone", "posixrules", "unknown_time_zone"),
        ("time_zone", "posix/UTC", "unknown_time_zone"),
        ("time_zone", "right/UTC", "unknown_time_zone"),
        ("time_zone", "tzdata.zi", "unknown_time_zone"),
        ("time_zone", "UTC\0", "unknown_time_zone"),
        ("time_zone", "x" * 65, "too_long"),
        ("time_zone", 1, "wrong_type"),
        ("locale", "fr", "not_allowed"),
        ("locale", "DE", "not_allowed"),
        ("locale", None, "not_allowed"),
        ("name", "", "too_short"),
        ("name", " ", "too_short"),
        ("name", "x" * 201, "too_long"),
        ("name", "two\nlines", "malformed"),
        ("name", "\ud800", "malformed"),
        ("name", 7, "wrong_type"),
        ("parent_account_id", "no id!", "malformed"),
        ("parent_account_id", 7, "wrong_type"),
        ("parent_account_id", "acme", "own_parent"),
        ("enrollment", [], "wrong_type"),
        ("enrollment", True, "wrong_type"),
        ("sites", {}, "wrong_type"),
        ("sites", None, "wrong_type"),
        ("sites", "office", "wrong_type"),
        ("version", 1, "unknown_field"),
        ("billing_address", "x" * 501, "too_long"),
        ("billing_address", "a\0", "malformed"),
        ("billing_address", 7, "wrong_type"),
        ("tax_number", "x" * 65, "too_long"),
        ("tax_number", "two\nlines", "malformed"),
        ("tax", "19", "wrong_type"),
        ("purchase_order", "never", "not_allowed"),
        ("purchase_order", None, "not_allowed"),
        ("signed_order", "maybe", "not_allowed"),
        ("signed_order", None, "not_allowed"),
    ],
    ids=named,
)
def test_an_unsound_member_is_the_one_fault_that_is_told(member: str, value: Any, code: str) -> None:
    assert faults_with(**{member: value}) == [(f"/{member}", code)]


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kathmandu", "Etc/GMT+12"]
)
def test_a_time_zone_is_one_of_iana(zone: str) -> None:
    assert account_of(time_zone=zone).time_zone == zone


# Enrollment.


@pytest.mark.parametrize(
    ("member", "value", "pointer", "code"),
    [
        ("letter_received_on", "2026-02-30", "letter_received_on", "invalid_date"),
        ("letter_received_on", None, "letter_received_on", "invalid_date"),
        ("state", "paused", "state", "not_allowed"),
        ("state", None, "state", "not_allowed"),
        ("contact", "Connie", "contact", "wrong_type"),
        ("contact", {}, "contact/name", "required"),
        ("contact", {"name": "Connie", "email": "nobody"}, "contact/email", "malformed"),
        ("contact", {"name": "Connie", "email": "c@acme.example", "phone": "1"}, "contact/phone", "unknown_field"),
        ("signed_by", "Connie", "signed_by", "unknown_field"),
    ],
    ids=named,
)
def test_an_unsound_enrollment_is_a_fault_below_it(member: str, value: Any, pointer: str, code: str) -> None:
    assert (f"/enrollment/{pointer}", code) in faults_with(enrollment=ENROLLMENT | {member: value})


def deputy(**changes: Any) -> Json:
    return {"name": "Dora", "email": "dora@acme.example", "from": "2026-12-01", "until": "2026-12-10"} | changes


@pytest.mark.parametrize(
    ("deputies", "pointer", "code"),
    [
        ([deputy(until="2026-11-30")], "/0/until", "until_before_from"),
        ([deputy(), deputy(email="dora")], "/1/email", "malformed"),
        ([deputy(name=" ")], "/0/name", "too_short"),
        ([{"name": "Dora", "email": "dora@acme.example"}], "/0/from", "required"),
        ([deputy(first_day="2026-12-01")], "/0/first_day", "unknown_field"),
        ([deputy()] * 6, "", "too_many"),
        ("Dora", "", "wrong_type"),
    ],
)
def test_an_unsound_deputy_is_a_fault_at_its_place(deputies: Any, pointer: str, code: str) -> None:
    assert (f"/enrollment/deputies{pointer}", code) in faults_with(enrollment=ENROLLMENT | {"deputies": deputies})


def test_deputies_are_shown_as_they_were_sent_and_left_out_where_there_is_none() -> None:
    two = [deputy(), deputy(name="Dirk", **{"from": "2026-12-05", "until": "2026-12-05"})]
    account = account_of(enrollment=ENROLLMENT | {"deputies": two})
    assert json.loads(account.model_dump_json())["enrollment"]["deputies"] == two
    assert "deputies" not in json.loads(account_of().model_dump_json())["enrollment"]
    assert Account.model_validate_json(account.model_dump_json()) == account


def test_the_first_deputy_whose_day_it_is_is_asked_and_else_the_contact() -> None:
    both = [deputy(), deputy(name="Dirk", email="dirk@acme.example", **{"from": "2026-12-10", "until": "2026-12-12"})]
    account = account_of(enrollment=ENROLLMENT | {"deputies": both})
    requested = [account.contact_for_orders(date(2026, 12, day)).name for day in (1, 10, 11, 12, 13)]
    assert requested == ["Dora", "Dora", "Dirk", "Dirk", "Connie"]


def test_whoever_may_be_asked_on_some_day_is_named_and_nobody_else() -> None:
    account = account_of(enrollment=ENROLLMENT | {"deputies": [deputy()]})
    contact_gone = account_of(enrollment=ENROLLMENT | {"contact": None, "deputies": [deputy()]})
    assert account.enrollment
    assert contact_gone.enrollment
    for email in (CONNIE.email, CONNIE.email.upper(), "dora@acme.example"):
        contact = Contact(name="Whoever", email=email)
        assert account.enrollment.names(contact), email
        assert not contact_gone.enrollment.names(contact), email
    assert not account.enrollment.names(CARLA)


@pytest.mark.parametrize(
    "email",
    [
        "",
        "connie",
        "connie@",
        "@acme.example",
        "connie@acme",
        "connie@-acme.example",
        "connie@acme..example",
        "con nie@acme.example",
        "connie@acme.example, carla@acme.example",
        "Connie <connie@acme.example>",
        "connie@acme.example\nBcc: all@acme.example",
        "connié@acme.example",
        "connie@ácme.example",
        "x" * 65 + "@acme.example",
        "c@" + "x" * 64 + ".example",
        "c@" + "x.".join(["y"] * 130) + ".example",
        "\ud800@acme.example",
    ],
    ids=lambda email: named(email[:40]),
)
def test_an_address_is_one_that_a_mail_can_go_to_and_no_more(email: str) -> None:
    contact = {"name": "Connie", "email": email}
    ((pointer, code),) = faults_with(enrollment=ENROLLMENT | {"contact": contact})
    assert pointer == "/enrollment/contact/email"
    assert code in {"malformed", "too_long"}


@pytest.mark.parametrize("email", ["connie@acme.example", "o'hara+orders@mail.acme-corp.example", "C.D@x.io", "a@b.co"])
def test_usual_addresses_are_taken_as_they_are(email: str) -> None:
    account = account_of(enrollment=ENROLLMENT | {"contact": {"name": "Connie", "email": f" {email} "}})
    assert account.contact_for_orders(TODAY).email == email


def test_the_contact_of_an_active_enrollment_is_asked_about_orders() -> None:
    assert account_of().contact_for_orders(TODAY) == CONNIE


def test_an_enrollment_is_active_unless_it_says_otherwise() -> None:
    enrollment = {name: value for name, value in ENROLLMENT.items() if name != "state"}
    assert account_of(enrollment=enrollment).contact_for_orders(TODAY) == CONNIE


@pytest.mark.parametrize(
    ("enrollment", "said"),
    [
        (None, "no Electronic Order Program enrollment"),
        (ENROLLMENT | {"state": "suspended"}, "suspended"),
        (ENROLLMENT | {"contact": None}, "no contact"),
        ({"letter_received_on": "2026-01-15"}, "no contact"),
        (ENROLLMENT | {"state": "suspended", "contact": None}, "suspended"),
    ],
    ids=["no enrollment", "suspended", "contact null", "contact left out", "both"],
)
def test_an_account_that_may_not_order_is_told_why(enrollment: Json | None, said: str) -> None:
    with pytest.raises(Forbidden) as refusal:
        account_of(enrollment=enrollment).contact_for_orders(TODAY)
    assert (refusal.value.status, refusal.value.code) == (403, "not_enrolled")
    assert said in refusal.value.detail


def test_a_sub_account_has_its_own_contact() -> None:
    contact = {"name": "Sally", "email": "sally@north.example"}
    account = account_of(parent_account_id="relay", enrollment=ENROLLMENT | {"contact": contact})
    assert account.contact_for_orders(TODAY).email == "sally@north.example"


# Sites.


@pytest.mark.parametrize(
    ("member", "value", "pointer", "code"),
    [
        ("site_id", "no id!", "site_id", "malformed"),
        ("site_id", "", "site_id", "malformed"),
        ("site_id", 7, "site_id", "wrong_type"),
        ("site_id", "other", "site_id", "duplicate_site"),
        ("name", "", "name", "too_short"),
        ("name", None, "name", "wrong_type"),
        ("country", "XX", "country", "unknown_country"),
        ("country", "de", "country", "unknown_country"),
        ("country", "DEU", "country", "unknown_country"),
        ("country", "UK", "country", "unknown_country"),
        ("country", None, "country", "wrong_type"),
        ("address", "x" * 501, "address", "too_long"),
        ("address", 7, "address", "wrong_type"),
        ("license", "100", "license", "wrong_type"),
        ("license", {"bandwidth_mbps": 100}, "license/starts_on", "required"),
        ("license", {"bandwidth_mbps": 0, "starts_on": "2026-01-01"}, "license/bandwidth_mbps", "too_small"),
        ("license", {"bandwidth_mbps": 1.0, "starts_on": "2026-01-01"}, "license/bandwidth_mbps", "wrong_type"),
        ("license", {"bandwidth_mbps": True, "starts_on": "2026-01-01"}, "license/bandwidth_mbps", "wrong_type"),
        ("license", {"bandwidth_mbps": 100, "starts_on": "soon"}, "license/starts_on", "invalid_date"),
        ("sockets", {}, "sockets", "wrong_type"),
        ("sockets", [{"model": 9, "quantity": 1}], "sockets/0/model", "not_allowed"),
        ("sockets", [{"model": "X1500", "quantity": 0}], "sockets/0/quantity", "too_small"),
        ("sockets", [{"model": "X1500", "quantity": "1"}], "sockets/0/quantity", "wrong_type"),
        ("sockets", [{"model": "X1500", "quantity": 1}] * 21, "sockets", "too_many"),
        ("color", "red", "color", "unknown_field"),
    ],
    ids=named,
)
def test_an_unsound_site_is_a_fault_below_it(member: str, value: Any, pointer: str, code: str) -> None:
    assert faults_of_site(**{member: value}) == [(f"/sites/1/{pointer}", code)]


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_address_is_none(blank: str) -> None:
    assert account_of(sites=[site_body("office", address=blank)]).sites[0].address is None


def test_a_code_that_is_none_is_told_by_its_standard() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_account(
            "acme", account_body(currency="EURO", time_zone="Mars", sites=[site_body("office", country="Germany")])
        )
    assert {fault.code: fault.detail for fault in refusal.value.errors} == {
        "unknown_currency": "There is no such ISO 4217 currency code.",
        "unknown_time_zone": "There is no such IANA time zone.",
        "unknown_country": "There is no such ISO 3166 country code.",
    }


def test_what_an_account_is_asked_it_knows_of_its_enrollment_and_sites() -> None:
    deputy = {"name": "Dora", "email": "dora@acme.example", "from": TODAY.isoformat(), "until": TODAY.isoformat()}
    account = account_of(enrollment={**ENROLLMENT, "deputies": [deputy]})
    requested = [account.contact_on(TODAY + days * DAY) for days in (-1, 0, 1)]
    assert [each.email for each in requested if each] == [CONNIE.email, "dora@acme.example", CONNIE.email]
    nobody = account_of(enrollment=None)
    assert (nobody.contact_on(TODAY), nobody.contact, nobody.acting_deputies) == (None, None, ())
    suspended = account_of(enrollment={**ENROLLMENT, "state": "suspended"})
    assert [each.is_enrolled for each in (account, nobody, suspended)] == [True, False, False]
    site = account_of(sites=[site_body("office", sockets=[{"model": "X1500", "quantity": 1}])]).sites_by_id["office"]
    assert [site.has_socket(model) for model in ("X1500", "X1700")] == [True, False]
    erased = Contact(name=ERASED, email=ERASED_EMAIL)
    assert [each.is_erased for each in (erased, CONNIE)] == [True, False]


def test_a_deputy_whose_first_day_is_unsound_has_that_fault_alone() -> None:
    deputy = {"name": "Dora", "email": "dora@acme.example", "from": "soon", "until": TODAY.isoformat()}
    found = faults_with(enrollment={**ENROLLMENT, "deputies": [deputy]})
    assert found == [("/enrollment/deputies/0/from", "invalid_date")]


def test_five_hundred_sites_are_the_most() -> None:
    sites = [site_body(f"site-{number}") for number in range(501)]
    assert len(account_of(sites=sites[:500]).sites) == 500
    assert faults_with(sites=sites) == [("/sites", "too_many")]


def test_every_site_that_repeats_another_is_told_even_among_other_faults() -> None:
    ids = ["a", "b", "a", "b", "a", "c"]
    found = faults_with(sites=[site_body(site_id) for site_id in ids], currency="EURO", parent_account_id="acme")
    assert sorted(found) == [
        ("/currency", "unknown_currency"),
        ("/parent_account_id", "own_parent"),
        ("/sites/2/site_id", "duplicate_site"),
        ("/sites/3/site_id", "duplicate_site"),
        ("/sites/4/site_id", "duplicate_site"),
    ]


def test_all_faults_of_an_account_are_told_at_once() -> None:
    body = {
        "name": "",
        "locale": "fr",
        "currency": "EURO",
        "time_zone": "Mars/Olympus",
        "parent_account_id": "acme",
        "enrollment": {"letter_received_on": "x", "contact": {"name": "", "email": "x"}, "state": "x"},
        "sites": [site_body("a", country="XX"), 7, {}],
        "color": "red",
    }
    assert sorted(field_errors_of(body)) == [
        ("/color", "unknown_field"),
        ("/currency", "unknown_currency"),
        ("/enrollment/contact/email", "malformed"),
        ("/enrollment/contact/name", "too_short"),
        ("/enrollment/letter_received_on", "invalid_date"),
        ("/enrollment/state", "not_allowed"),
        ("/locale", "not_allowed"),
        ("/name", "too_short"),
        ("/parent_account_id", "own_parent"),
        ("/sites/0/country", "unknown_country"),
        ("/sites/1", "wrong_type"),
        ("/sites/2/country", "required"),
        ("/sites/2/name", "required"),
        ("/sites/2/site_id", "required"),
        ("/time_zone", "unknown_time_zone"),
    ]


def test_faults_that_were_found_elsewhere_are_told_along() -> None:
    more = [FieldError("/parent_account_id", "unknown_account", "There is no such account.")]
    with pytest.raises(Invalid) as refusal:
        parse_account("acme", account_body(currency="EURO"), more)
    assert sorted(refused(refusal)) == [("/currency", "unknown_currency"), ("/parent_account_id", "unknown_account")]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=4) | st.sampled_from(["acme", "DE"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*account_body(), *site_body("a"), *ENROLLMENT, "\ud800"]), inner, max_size=8)
    ),
    max_leaves=15,
)


@property_of
@given(_json)
def test_whatever_json_comes_as_an_account_is_judged_and_never_breaks(body: Any) -> None:
    try:
        account = parse_account("acme", body)
    except Invalid as refusal:
        text = refusal.errors
    else:
        assert Account.model_validate_json(account.model_dump_json()) == account
        return
    assert text
    assert "".join(fault.pointer + fault.code + fault.detail for fault in text).encode()


def test_what_has_changed_is_told_member_by_member_and_within_the_enrollment() -> None:
    account = account_of(enrollment=ENROLLMENT)
    for changes, expected in (
        ({}, ()),
        ({"name": "Acme Ltd.", "locale": "de"}, ("/name", "/locale")),
        ({"enrollment": {**ENROLLMENT, "contact": CARLA.model_dump(), "state": "suspended"}}, None),
        ({"enrollment": None}, ("/enrollment",)),
    ):
        after = account_of(**{"enrollment": ENROLLMENT, **changes})
        members = ("/enrollment/contact", "/enrollment/state") if expected is None else expected
        assert changed_members(account, after) == members
    assert changed_members(account_of(enrollment=None), account) == ("/enrollment",)


@pytest.mark.parametrize(("ahead", "expected"), [(-1, True), (0, True), (1, False)])
def test_a_license_has_begun_on_its_first_day(ahead: int, expected: bool) -> None:
    assert has_begun(License(bandwidth_mbps=100, starts_on=TODAY + ahead * DAY), TODAY) is expected
    assert has_begun(License(bandwidth_mbps=100, starts_on=date.max), TODAY) is False


# The word that the contact is out of date.


def test_a_report_may_have_several_lines() -> None:
    assert validate(ContactReport, {"text": " Connie has left.\nAsk Carla. "}).text == "Connie has left.\nAsk Carla."


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "required"), ({"text": " "}, "too_short"), ({"text": "x" * 2_001}, "too_long"), ({"text": 7}, "wrong_type")],
    ids=["none", "blank", "long", "number"],
)
def test_a_report_says_something(body: Json, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        validate(ContactReport, body)
    assert refused(refusal) == [("/text", code)]


@pytest.mark.parametrize("typed", ["Connie Contact", " connie  CONTACT ", "Connie\u00a0Contact"])
def test_a_name_is_the_contacts_in_any_case_of_letters_and_with_any_blanks(typed: str) -> None:
    assert Contact(name="Connie Contact", email="c@acme.example").has_name(typed)


@pytest.mark.parametrize("typed", ["Connie", "Connie Contacts", "Max Finance", ""])
def test_another_name_is_another(typed: str) -> None:
    assert not Contact(name="Connie Contact", email="c@acme.example").has_name(typed)


# -- the catalog's equipment and groups ---------------------------------------------------------------------------


def catalog_faults_of(body: Any, before: Account | None = None) -> dict[str, str]:
    found = catalog_faults(body, equipment=("X1500", "X1700"), groups=("partners", "schools"), before=before)
    return {fault.pointer: fault.code for fault in found}


def stocked(*models: Any) -> Json:
    return {"site_id": "office", "sockets": [{"model": model, "quantity": 1} for model in models]}


def test_a_model_is_one_of_the_catalog_or_one_that_the_site_has() -> None:
    body = {"sites": [stocked("X1500", "X9"), stocked("X9", "X8")]}
    assert catalog_faults_of(body) == dict.fromkeys(
        ["/sites/0/sockets/1/model", "/sites/1/sockets/0/model", "/sites/1/sockets/1/model"], "not_allowed"
    )
    before = account_of(sites=[site_body("office", sockets=[{"model": "X9", "quantity": 3}])])
    assert catalog_faults_of(body, before) == {"/sites/1/sockets/1/model": "not_allowed"}
    elsewhere = account_of(sites=[site_body("store", sockets=[{"model": "X9", "quantity": 3}])])
    assert len(catalog_faults_of(body, elsewhere)) == 3


def test_a_group_is_one_of_the_catalog_or_one_that_the_account_is_in() -> None:
    body = {"groups": ["partners", "others", "partners", "others"]}
    expected = {"/groups/1": "not_allowed", "/groups/2": "duplicate_group", "/groups/3": "duplicate_group"}
    assert catalog_faults_of(body) == expected
    before = account_of().model_copy(update={"groups": ("others",)})
    assert catalog_faults_of(body, before) == {name: expected[name] for name in ("/groups/2", "/groups/3")}


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"sites": 7, "groups": "partners"},
        {"sites": [7, {"sockets": 7}, {"sockets": [7, {}]}, stocked(7)], "groups": [7, "", "no group"]},
    ],
    ids=named,
)
def test_what_the_schema_refuses_is_no_fault_by_the_catalog(body: Any) -> None:
    assert catalog_faults_of(body) == {}


# -- billing and policies -----------------------------------------------------------------------------------------

VAT: Json = {"treatment": "rate", "label": "VAT", "rate": "19"}
BILLING: Json = {
    "billing_address": "Acme Ltd.\n1 Main St",
    "tax_number": "DE123456789",
    "tax": VAT,
    "purchase_order": "required",
    "signed_order": "never",
}


def test_billing_and_policies_are_kept_as_they_are_sent() -> None:
    account = parse_account("acme", account_body(**BILLING))
    shown = json.loads(account.model_dump_json())
    assert {name: shown[name] for name in BILLING} == BILLING
    assert parse_account("acme", shown) == account == Account.model_validate_json(account.model_dump_json())
    assert changed_members(account_of(), account) == tuple(f"/{name}" for name in BILLING)


def test_billing_and_policies_are_left_out_while_they_say_nothing() -> None:
    nothing: Json = {
        "billing_address": " ",
        "tax_number": None,
        "tax": None,
        "purchase_order": "optional",
        "signed_order": "optional",
    }
    account = parse_account("acme", account_body(**nothing))
    assert account == account_of()
    assert BILLING.keys().isdisjoint(json.loads(account.model_dump_json()))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({**VAT, "rate": "19.00"}, VAT),
        ({**VAT, "rate": 19}, VAT),
        ({**VAT, "rate": "7.125"}, {**VAT, "rate": "7.125"}),
        ({**VAT, "rate": "0"}, {**VAT, "rate": "0"}),
        ({**VAT, "sentence": " "}, VAT),
        ({"treatment": "exempt", "label": "VAT", "rate": None}, {"treatment": "exempt", "label": "VAT"}),
        (
            {"treatment": "reverse_charge", "label": "VAT", "sentence": " Reverse charge. "},
            {"treatment": "reverse_charge", "label": "VAT", "sentence": "Reverse charge."},
        ),
    ],
)
def test_a_tax_is_written_in_one_way(sent: Json, kept: Json) -> None:
    account = parse_account("acme", account_body(tax=sent))
    assert json.loads(account.model_dump_json())["tax"] == kept


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"rate": None}, [("/tax/rate", "required")]),
        ({"rate": "100.001"}, [("/tax/rate", "tax_rate_out_of_range")]),
        ({"rate": "-1"}, [("/tax/rate", "tax_rate_out_of_range")]),
        ({"rate": "1.2345"}, [("/tax/rate", "tax_rate_out_of_range")]),
        ({"rate": "19,5"}, [("/tax/rate", "malformed")]),
        ({"treatment": "exempt"}, [("/tax/rate", "not_allowed")]),
        ({"label": " "}, [("/tax/label", "too_short")]),
        ({"label": "x" * 41}, [("/tax/label", "too_long")]),
        ({"sentence": "x" * 301}, [("/tax/sentence", "too_long")]),
        ({"country": "DE"}, [("/tax/country", "unknown_field")]),
        ({"treatment": "flat", "label": 3}, [("/tax/treatment", "not_allowed"), ("/tax/label", "wrong_type")]),
    ],
)
def test_an_unsound_tax_is_a_fault_below_it(changes: Json, found: list[tuple[str, str]]) -> None:
    assert faults_with(tax={**VAT, **changes}) == found


def test_the_groups_of_an_account_are_left_out_when_there_are_none() -> None:
    assert "groups" not in json.loads(account_of().model_dump_json())
    of_group = parse_account("acme", account_body(groups=["partners"]))
    assert of_group.groups == ("partners",)
    assert json.loads(of_group.model_dump_json())["groups"] == ["partners"]
    assert changed_members(account_of(), of_group) == ("/groups",)
    with pytest.raises(Invalid) as refusal:
        parse_account("acme", account_body(groups=[f"g{number}" for number in range(21)]))
    assert [(fault.pointer, fault.code) for fault in refusal.value.errors] == [("/groups", "too_many")]
