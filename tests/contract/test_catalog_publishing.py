"""The vendor's own catalog: published, drafted, compared, and ordered from at once, by whoever may."""

import copy
import json
from typing import Any

import pytest

from online_orders.aws import catalog_store, erasure_job
from online_orders.domain.catalog import shipped
from tests.contract.in_process import InProcess
from tests.contract.orders import fresh, item, place, place_direct, place_response, rows
from tests.contract.site import Json, Response, User

CATALOG = "/api/desk/catalog"
PARTNERS = {"group": "partners", "labels": {"en": "Partners", "de": "Partner"}}
SEATS: Json = {
    "kind": "seats",
    "labels": {"en": "Seats", "de": "Plätze"},
    "summary": {"en": "{quantity} seats", "de": "{quantity} Plätze"},
    "settings": [
        {"name": "quantity", "type": "quantity", "labels": {"en": "Seats", "de": "Plätze"}, "maximum": 500},
        {
            "name": "term",
            "type": "choice",
            "labels": {"en": "Term", "de": "Laufzeit"},
            "choices": [
                {"value": "year", "labels": {"en": "A year", "de": "Ein Jahr"}},
                {"value": "month", "labels": {"en": "A month", "de": "Ein Monat"}},
            ],
        },
    ],
    "rules": [{"rule": "start_date_window", "latest_years": 2}],
}


@pytest.fixture
def site(in_process: InProcess) -> InProcess:
    return in_process


def document(**changes: Any) -> Json:
    """The catalog that ships with a seventh kind, and with changed members."""
    found: Json = copy.deepcopy(dict(shipped().document))
    return {**found, "kinds": [*found["kinds"], copy.deepcopy(SEATS)], **changes}


def with_seats(**changes: Any) -> Json:
    """The same, with changes to the seventh kind."""
    whole = document(groups=[PARTNERS])
    whole["kinds"][-1] |= changes
    return whole


def kind_of(body: Json, kind: str) -> Json:
    return next(each for each in body["kinds"] if each["kind"] == kind)


def put(site: InProcess, body: Any, user: User | None = None, **headers: str) -> Response:
    return site.put(CATALOG, user or site.people.cs, body, **headers)


def seats(site: InProcess, **changes: Any) -> Json:
    return {"kind": "seats", "quantity": 5, "term": "year", "start_date": site.day(45), **changes}


def kinds_for(site: InProcess, user: User, query: str = "") -> list[str]:
    return [each["kind"] for each in site.get(f"/api/catalog{query}", user).ok()["item_kinds"]]


def join(site: InProcess, user: User, *groups: str) -> Response:
    path = f"/api/desk/accounts/{user.account_id}"
    return site.put(path, site.people.cs, {**site.get(path, site.people.cs).ok(), "groups": list(groups)})


# -- publishing ---------------------------------------------------------------------------------------------------


def test_the_catalog_that_ships_is_in_force_until_one_is_published(site: InProcess) -> None:
    response = site.get(CATALOG, site.people.cs)
    body = response.ok()
    assert (body.pop("version"), body.pop("updated_at"), body.pop("updated_by")) == (0, None, None)
    assert body == json.loads(json.dumps(shipped().document))
    assert response.headers["etag"] == '"0"'
    assert put(site, response.json).ok() == response.json, "what is read may be put back, and makes no version"


def test_a_published_kind_is_ordered_from_at_once_and_kept_in_the_order(site: InProcess) -> None:
    place_response(site, site.people.customer, {"items": [seats(site)]}).refused(422, "invalid")
    published = put(site, document(), If_Match='"0"')
    body = published.ok()
    assert (body["version"], body["updated_by"], published.headers["etag"]) == (1, site.people.cs.email, '"1"')
    assert site.get(CATALOG, site.people.cs).ok() == body
    assert "seats" in kinds_for(site, site.people.customer)
    order = place(site, items=[seats(site), item(site)])
    assert [each["kind"] for each in order.read()["items"]] == ["seats", "ip_addresses"]
    changed = with_seats(labels={"en": "Places", "de": "Plätze"})
    assert put(site, changed, If_Match='"1"').ok()["version"] == 2
    assert order.read()["items"][0]["labels"]["en"]["kind"] == "Seats", "as it was ordered"


def test_half_a_surrogate_pair_anywhere_in_a_document_is_a_fault_of_it(site: InProcess) -> None:
    half = "\ud800"
    rules = [{"rule": half}, {"rule": "lead_time", "days": 1, "setting": half, "value": half}]
    changes = {"summary": {"en": f"{{{half}}}", "de": half}, "rules": rules, "priced_by": half}
    faulty = with_seats(**changes, only_for={"groups": [half]})
    faulty |= {"equipment": [half, half], "groups": [{"group": half, "labels": SEATS["labels"]}] * 2}
    faulty["kinds"] += [{**SEATS, "kind": half}] * 2
    faults = put(site, faulty).faults()
    assert {"/equipment/1", "/groups/1/group", "/kinds/6/priced_by", "/kinds/6/rules/1/value"} <= {*faults}
    site.post(f"{CATALOG}/preview", site.people.cs, {"catalog": faulty}).refused(422, "invalid")


def test_an_order_that_would_not_fit_the_table_with_its_texts_is_refused_as_too_large(site: InProcess) -> None:
    names = [f"text_{number}" for number in range(7)]
    texts = [{"name": name, "type": "text", "labels": SEATS["labels"], "max_length": 200} for name in names]
    put(site, with_seats(settings=[*SEATS["settings"], *texts])).ok()
    for length, status in ((100, 201), (200, 413)):
        items = [seats(site, **dict.fromkeys(names, "\U0001f4ba" * length)) for _ in range(50)]
        body = json.dumps({"items": items}, ensure_ascii=False)
        headers = {"Idempotency-Key": fresh("key"), "Content-Type": "application/json"}
        response = site.request("POST", "/api/orders", user=site.people.customer, content=body, headers=headers)
        assert (response.status, len(body.encode()) < 320 * 1024) == (status, True)
        assert response.json.get("code") == (None if status == 201 else "too_large")
    (stored,) = rows(site, "/api/orders", site.people.customer)
    assert len(stored["items"]) == 50


def test_all_faults_of_a_document_come_at_once_and_nothing_is_published(site: InProcess) -> None:
    faulty = document()
    faulty["kinds"][-1]["rules"] = [{"rule": "full_moon"}]
    del faulty["kinds"][-1]["labels"]["de"]
    faults = put(site, faulty).faults()
    assert (faults["/kinds/6/rules/0/rule"], faults["/kinds/6/labels/de"]) == ("unknown_rule", "missing_label")
    for unsound in ([1], "catalog", 7):
        put(site, unsound).refused(422, "invalid")
    assert site.get(CATALOG, site.people.cs).ok()["version"] == 0


def test_of_two_leads_who_publish_at_once_one_wins(site: InProcess) -> None:
    put(site, document(), If_Match='"0"').ok()
    put(site, document(show_prices=True), site.people.cs2, If_Match='"0"').refused(412, "version_mismatch")
    put(site, document(show_prices=True), site.people.cs2, If_None_Match="*").refused(412, "version_mismatch")
    assert site.get(CATALOG, site.people.cs).ok()["show_prices"] is False
    assert put(site, document(show_prices=True), site.people.cs2).ok()["version"] == 2


def test_a_publication_is_in_the_audit_trail_and_what_changes_nothing_is_not(site: InProcess) -> None:
    put(site, document()).ok()
    put(site, document(), site.people.cs2).ok()
    (entry,) = rows(site, "/api/desk/audit?subject=catalog", site.people.cs)
    assert (entry["by"]["email"], entry["subject"], entry["subject_id"], entry["account_id"]) == (
        site.people.cs.email,
        "catalog",
        "catalog",
        None,
    )
    assert [change["pointer"] for change in entry["changes"]] == ["/kinds/6"]
    assert entry["changes"][0]["is"]["kind"] == "seats"


def test_only_leads_change_the_catalog(site: InProcess) -> None:
    for user in (site.people.customer, site.people.reseller):
        put(site, document(), user).refused(403, "forbidden")
    for staff in (site.lab.users.agent, site.lab.users.auditor):
        response = site.lab.http("PUT", CATALOG, json=document(), user=staff)
        assert response.status == 403
        assert response.json()["detail"] == "Your role does not allow this: it lacks desk:catalog."
        assert site.lab.http("GET", CATALOG, user=staff).status == 200


# -- what is in use -----------------------------------------------------------------------------------------------


def test_what_open_orders_use_is_retired_and_goes_once_they_are_closed(site: InProcess) -> None:
    put(site, document()).ok()
    order = place(site, items=[seats(site)])
    place_direct(site, str(site.people.german.account_id), items=[seats(site, term="month")])
    assert put(site, dict(shipped().document)).faults() == {"/kinds": "in_use"}
    fewer = document()
    fewer["kinds"][-1]["settings"][1]["choices"].pop(0)
    assert list(put(site, fewer).faults().values()) == ["in_use"]
    assert put(site, with_seats(retired=True)).ok()["version"] == 2
    assert "seats" not in kinds_for(site, site.people.customer)
    refused = place_response(site, site.people.customer, {"items": [seats(site)]}).faults()
    assert refused == {"/items/0/kind": "not_allowed"}
    assert order.read()["items"][0]["kind"] == "seats"
    order.ask("cancel").ok()
    fewer["kinds"][-1]["retired"] = True
    assert put(site, {**fewer, "groups": [PARTNERS]}).ok()["version"] == 3


def test_with_too_many_open_orders_a_removal_is_refused_and_retiring_is_not(
    site: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(site, document()).ok()
    monkeypatch.setattr("online_orders.aws.catalog_publishing.MAX_OPEN_ORDERS", 0)
    faults = put(site, dict(shipped().document)).refused(422, "invalid")["errors"]
    assert {(fault["code"], fault["detail"].endswith("Retire it instead.")) for fault in faults} == {("in_use", True)}
    assert put(site, with_seats(retired=True)).ok()["version"] == 2


def test_a_group_that_accounts_are_in_stays(site: InProcess) -> None:
    put(site, with_seats()).ok()
    join(site, site.people.customer, "partners").ok()
    assert put(site, document()).faults() == {"/groups": "in_use"}
    join(site, site.people.customer).ok()
    assert put(site, document()).ok()["version"] == 2


# -- who may order what -------------------------------------------------------------------------------------------


def test_a_kind_is_for_the_accounts_and_groups_that_it_names(site: InProcess) -> None:
    customer, other = site.people.customer, site.people.other
    put(site, with_seats(only_for={"groups": ["partners"]})).ok()
    body = {"items": [seats(site)]}
    assert place_response(site, customer, body).faults() == {"/items/0/kind": "not_allowed"}
    assert "seats" not in kinds_for(site, customer)
    join(site, customer, "partners").ok()
    assert "seats" in kinds_for(site, customer)
    place(site, customer, items=[seats(site)])
    assert "seats" not in kinds_for(site, other)
    direct = {**body, "account_id": other.account_id}
    refused = site.post("/api/desk/orders", site.people.cs, direct, Idempotency_Key=fresh("key"))
    assert refused.faults() == {"/items/0/kind": "not_allowed"}
    assert site.post("/api/orders/preview", other, body).faults() == {"/items/0/kind": "not_allowed"}


def test_staff_see_all_and_any_account_s_and_others_their_own(site: InProcess) -> None:
    put(site, with_seats(only_for={"accounts": [site.people.subs[0].account_id]})).ok()
    first, second = site.people.subs
    assert "seats" in kinds_for(site, first)
    assert "seats" not in kinds_for(site, site.people.reseller)
    for user in (site.people.reseller, site.people.cs):
        assert "seats" in kinds_for(site, user, f"?account_id={first.account_id}")
        assert "seats" not in kinds_for(site, user, f"?account_id={second.account_id}")
    assert "seats" in kinds_for(site, site.people.cs)
    for user in (site.people.customer, second):
        site.get(f"/api/catalog?account_id={first.account_id}", user).refused(404, "not_found")
    nobody = site.lab.http("GET", "/api/catalog", user=site.lab.users.stranger)
    assert "seats" not in [each["kind"] for each in nobody.json()["item_kinds"]]
    site.get("/api/catalog?account_id=nobody", site.people.cs).refused(404, "not_found")


def test_what_an_account_may_order_is_sent_once(site: InProcess) -> None:
    first = site.get("/api/catalog", site.people.customer)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for sent in (tag, f"W/{tag}", f'"1", {tag}', "*"):
        again = site.get("/api/catalog", site.people.customer, If_None_Match=sent)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert site.get("/api/catalog", site.people.customer, If_None_Match='"1"').ok() == first.json
    put(site, document()).ok()
    after = site.get("/api/catalog", site.people.customer, If_None_Match=tag)
    assert (after.ok()["version"], after.headers["etag"] != tag) == (1, True)


# -- accounts and the catalog -------------------------------------------------------------------------------------


def test_an_account_has_groups_and_equipment_of_the_catalog(site: InProcess) -> None:
    user = site.people.customer
    path = f"/api/desk/accounts/{user.account_id}"
    assert "groups" not in site.get(path, site.people.cs).ok()
    assert join(site, user, "partners").faults() == {"/groups/0": "not_allowed"}
    put(site, document(groups=[PARTNERS], equipment=["X1500", "X1700", "X1900"])).ok()
    assert join(site, user, "partners", "partners").faults() == {"/groups/1": "duplicate_group"}
    account = join(site, user, "partners").ok()
    assert account["groups"] == ["partners"]
    account["sites"][0]["sockets"] = [{"model": "X1900", "quantity": 1}]
    site.put(path, site.people.cs, account).ok()
    assert site.get(path, site.people.cs).ok()["groups"] == ["partners"]
    assert "groups" not in site.get("/api/account", user).ok(), "they are the desk's alone"
    put(site, document(groups=[PARTNERS])).ok()
    assert site.put(path, site.people.cs, {**account, "name": "Later"}).ok()["name"] == "Later", "it has one already"
    account["sites"][1]["sockets"] = [{"model": "X1900", "quantity": 1}]
    assert site.put(path, site.people.cs, account).faults() == {"/sites/1/sockets/0/model": "not_allowed"}


def test_the_accounts_of_a_group_are_listed_page_by_page(site: InProcess) -> None:
    put(site, with_seats()).ok()
    members = [site.people.customer, site.people.german, site.people.other]
    for user in members:
        join(site, user, "partners").ok()
    join(site, members[1]).ok()
    listed = rows(site, "/api/desk/accounts?group=partners&limit=1", site.people.cs)
    assert [row["account_id"] for row in listed] == sorted(str(user.account_id) for user in (members[0], members[2]))
    assert rows(site, "/api/desk/accounts?group=others", site.people.cs) == []
    site.get("/api/desk/accounts?group=no%20group", site.people.cs).refused(400, "invalid_query")


# -- the draft ----------------------------------------------------------------------------------------------------


def draft(site: InProcess, method: str = "GET", body: Any = None, user: User | None = None, **headers: str) -> Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return site.request(method, f"{CATALOG}/draft", user=user or site.people.cs, json=body, headers=sent)


def test_a_draft_is_kept_with_its_faults_and_publishes_nothing(site: InProcess) -> None:
    draft(site).refused(404, "not_found")
    stored = draft(site, "PUT", {"kinds": "soon", "weight": 1.5}, If_None_Match="*")
    body = stored.ok()
    assert set(body) == {"catalog", "errors", "version", "updated_at", "updated_by"}
    assert (body["catalog"], body["version"]) == ({"kinds": "soon", "weight": 1.5}, 1)
    assert "/kinds" in {error["pointer"] for error in body["errors"]}
    assert draft(site).ok() == body
    assert site.get(CATALOG, site.people.cs).ok()["version"] == 0
    draft(site, "PUT", {}, site.people.cs2, If_None_Match="*").refused(412, "version_mismatch")
    assert draft(site, "PUT", document(), site.people.cs2, If_Match=stored.headers["etag"]).ok()["errors"] == []
    draft(site, "PUT", {}, If_Match=stored.headers["etag"]).refused(412, "version_mismatch")
    draft(site, "PUT", []).refused(422, "invalid")
    draft(site, "PUT", {"kinds": "\ud800"}).refused(422, "invalid")
    draft(site, "PUT", {"kinds": "x" * 308_000}).refused(413, "too_large")


def test_a_draft_is_discarded_and_a_later_one_is_not_taken_for_it(site: InProcess) -> None:
    tag = draft(site, "PUT", {"kinds": []}).headers["etag"]
    assert draft(site, "DELETE", If_Match='"9"').status == 412
    gone = draft(site, "DELETE", If_Match=tag)
    assert (gone.status, gone.body) == (204, b"")
    draft(site).refused(404, "not_found")
    draft(site, "DELETE").refused(404, "not_found")
    later = draft(site, "PUT", {"kinds": []})
    assert later.headers["etag"] != tag
    draft(site, "PUT", {}, If_Match=tag).refused(412, "version_mismatch")


def test_publishing_ends_the_draft_that_it_equals_and_no_other(site: InProcess) -> None:
    draft(site, "PUT", document()).ok()
    put(site, document(show_prices=True)).ok()
    assert draft(site).ok()["catalog"] == document()
    published = site.get(CATALOG, site.people.cs).ok()
    draft(site, "PUT", published).ok()
    put(site, published).ok()
    draft(site).refused(404, "not_found")
    assert site.get(CATALOG, site.people.cs).ok()["version"] == 1


def test_a_preview_is_what_the_account_would_see_and_changes_nothing(site: InProcess) -> None:
    path = f"{CATALOG}/preview"
    before = site.lab.items
    body = {"catalog": with_seats(only_for={"groups": ["partners"]})}
    shown = site.post(path, site.people.cs, body).ok()
    assert "seats" in [each["kind"] for each in shown["catalog"]["item_kinds"]]
    assert [change["pointer"] for change in shown["changes"]] == ["/groups/0", "/kinds/6"]
    of_account = site.post(path, site.people.cs, {**body, "account_id": site.people.customer.account_id}).ok()
    assert "seats" not in [each["kind"] for each in of_account["catalog"]["item_kinds"]]
    faults = site.post(path, site.people.cs, {"catalog": {**document(), "kinds": 7}, "color": "red"}).faults()
    assert (faults["/catalog/kinds"], faults["/color"]) == ("wrong_type", "unknown_field")
    assert site.post(path, site.people.cs, {}).faults() == {"/catalog": "required"}
    site.post(path, site.people.cs, {**body, "account_id": "nobody"}).refused(404, "not_found")
    assert site.lab.items == before


# -- the history --------------------------------------------------------------------------------------------------


def test_versions_are_listed_compared_and_published_again(site: InProcess) -> None:
    (only,) = rows(site, f"{CATALOG}/versions", site.people.cs)
    assert only == {"version": 0, "at": None, "by": None, "changed": None, "kinds": 6}
    put(site, document()).ok()
    put(site, document(show_prices=True), site.people.cs2).ok()
    for limit in (1, 2, 3):
        page = rows(site, f"{CATALOG}/versions?limit={limit}", site.people.cs)
        assert [row["version"] for row in page] == [2, 1, 0]
    listed = rows(site, f"{CATALOG}/versions", site.people.cs)
    assert (listed[0]["by"], listed[0]["changed"], listed[0]["kinds"]) == (
        site.people.cs2.email,
        ["/show_prices"],
        7,
    )
    first = site.get(f"{CATALOG}/versions/1?compared_with=0", site.people.cs).ok()
    assert [change["pointer"] for change in first["changes"]] == ["/kinds/6"]
    assert "changes" not in site.get(f"{CATALOG}/versions/2", site.people.cs).ok()
    for missing in ("versions/3", "versions/1?compared_with=9"):
        site.get(f"{CATALOG}/{missing}", site.people.cs).refused(404, "not_found")
    shipped_again = site.get(f"{CATALOG}/versions/0", site.people.cs).ok()["catalog"]
    assert put(site, shipped_again).ok()["version"] == 3
    assert "seats" not in kinds_for(site, site.people.customer)


def test_the_schema_of_a_document_is_sent_once(site: InProcess) -> None:
    first = site.get(f"{CATALOG}/schema", site.people.cs)
    assert first.ok()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    again = site.get(f"{CATALOG}/schema", site.people.cs, If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")


def test_who_published_is_erased(site: InProcess) -> None:
    put(site, document(), site.people.cs2).ok()
    put(site, document(show_prices=True), site.people.cs2).ok()
    draft(site, "PUT", {"kinds": []}, site.people.cs2).ok()
    with site.lab.as_operator():
        erased = sum(step.erased["catalogs"] for step in erasure_job.erase_person(site.people.cs2.email))
    assert erased == 3
    assert site.people.cs2.email not in str([each for each in site.lab.items if each["pk"] == "CATALOG"])
    assert [row["version"] for row in rows(site, f"{CATALOG}/versions", site.people.cs)] == [2, 1, 0]


# -- calls --------------------------------------------------------------------------------------------------------


def calls(site: InProcess, path: str, user: User, body: Any = None) -> int:
    before = len(site.lab.wire.calls)
    if body is None:
        site.get(path, user).ok()
    else:
        site.post(path, user, body, Idempotency_Key=fresh("key")).ok(201)
    return len(site.lab.wire.calls) - before


def test_a_published_catalog_costs_placing_and_reading_no_call(site: InProcess) -> None:
    customer = site.people.customer
    put(site, document()).ok()
    body = {"items": [seats(site)]}
    for process in ("new", "known"):
        if process == "new":
            catalog_store.reset()
        assert calls(site, "/api/orders", customer, body) == 2, process
    order = place(site, items=[seats(site)])
    assert calls(site, order.path, customer) == 1
    assert calls(site, "/api/catalog", customer) == 1
    put(site, document(show_prices=True)).ok()
    assert calls(site, "/api/orders", customer, body) == 3, "the process that knows an older one reads it once"
    assert calls(site, "/api/orders", customer, body) == 2


def test_a_process_that_knows_an_older_catalog_takes_no_order_that_the_newer_one_refuses(site: InProcess) -> None:
    """Which one is in force is read consistently in each placing, so another process's publication holds at once."""
    put(site, document()).ok()
    body = {"items": [seats(site)]}
    place_response(site, site.people.customer, body).ok(201)
    known = list(catalog_store._cache)
    put(site, with_seats(retired=True)).ok()
    for path in ("/api/orders", "/api/orders/preview"):
        catalog_store._cache[:] = known  # as in a process that has not heard of it
        response = site.post(path, site.people.customer, body, Idempotency_Key=fresh("key"))
        assert response.faults() == {"/items/0/kind": "not_allowed"}
