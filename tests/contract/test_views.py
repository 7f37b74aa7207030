"""Saved views of the queue: whose they are, who may change them, and how many there may be."""

from typing import Any
from unittest.mock import patch

from online_orders.aws import view_store
from online_orders.aws.erasure_job import erase_person
from online_orders.domain.views import SavedView
from tests.contract.in_process import InProcess
from tests.contract.site import Json, User

VIEWS = "/api/desk/views"
BODY: Json = {"name": "Large", "query": {"open": "true", "search": "kontor"}}


def saved(site: InProcess, user: User, **changes: Any) -> Json:
    view: Json = site.post(VIEWS, user, {**BODY, **changes}).ok(201)
    return view


def names(site: InProcess, user: User) -> list[str]:
    return [view["name"] for view in site.get(VIEWS, user).ok()["items"]]


def delete(site: InProcess, view: Json, user: User) -> Any:
    return site.request("DELETE", f"{VIEWS}/{view['view_id']}", user=user)


def test_a_view_is_seen_by_its_owner_and_a_shared_one_by_everybody(in_process: InProcess) -> None:
    site, cs, colleague = in_process, in_process.people.cs, in_process.people.cs2
    own, shared = saved(site, cs), saved(site, cs, name="all", shared=True)
    assert own == {"view_id": own["view_id"], **BODY, "shared": False, "owner": own["owner"]}
    assert own["owner"]["email"] == cs.email
    assert site.get(VIEWS, cs).ok() == {"items": [shared, own]}
    assert site.get(VIEWS, colleague).ok() == {"items": [shared]}


def test_a_view_is_replaced_moved_and_deleted_by_its_owner(in_process: InProcess) -> None:
    site, cs, colleague = in_process, in_process.people.cs, in_process.people.cs2
    view = saved(site, cs)
    path = f"{VIEWS}/{view['view_id']}"
    changed = {"name": "Small", "query": {}, "shared": False}
    assert site.put(path, cs, changed).ok() == {**view, **changed}
    assert site.put(path, cs, {**changed, "shared": True}).ok()["owner"] == view["owner"]
    assert names(site, colleague) == ["Small"]
    site.put(path, cs, changed).ok()
    assert (names(site, cs), names(site, colleague)) == (["Small"], [])
    assert delete(site, view, cs).status == 204
    assert names(site, cs) == []
    delete(site, view, cs).refused(404, "not_found")
    site.put(f"{VIEWS}/{'x' * 200}", cs, BODY).refused(404, "not_found")


def test_anothers_view_is_not_found_and_a_shared_one_is_a_leads_to_change(in_process: InProcess) -> None:
    site, lab, cs, lead = in_process, in_process.lab, in_process.people.cs, in_process.people.cs2
    own, shared = saved(site, cs), saved(site, cs, shared=True)
    site.put(f"{VIEWS}/{own['view_id']}", lead, BODY).refused(404, "not_found")
    delete(site, own, lead).refused(404, "not_found")
    for user in (lab.users.agent, lab.users.auditor):
        assert lab.http("PUT", f"{VIEWS}/{shared['view_id']}", json=BODY, user=user).status == 403
        assert lab.http("DELETE", f"{VIEWS}/{shared['view_id']}", user=user).status == 403
        assert lab.http("POST", VIEWS, json=BODY, user=user).status == 201
    assert site.put(f"{VIEWS}/{shared['view_id']}", lead, {**BODY, "shared": True}).ok()["owner"]["email"] == cs.email
    assert delete(site, shared, lead).status == 204


def test_who_only_reads_the_desk_shares_no_view(in_process: InProcess) -> None:
    lab, auditor, agent = in_process.lab, in_process.lab.users.auditor, in_process.lab.users.agent
    shared = {**BODY, "shared": True}
    refusal = lab.http("POST", VIEWS, json=shared, user=auditor)
    assert (refusal.status, refusal.json()["code"]) == (403, "forbidden")
    own = lab.http("POST", VIEWS, json=BODY, user=auditor).json()
    path = f"{VIEWS}/{own['view_id']}"
    assert lab.http("PUT", path, json=shared, user=auditor).status == 403
    assert lab.http("PUT", path, json={**BODY, "name": "Mine"}, user=auditor).json()["name"] == "Mine"
    assert lab.http("POST", VIEWS, json=shared, user=agent).status == 201
    assert lab.http("GET", VIEWS, user=auditor).json()["items"][0]["shared"]


def test_there_are_so_many_views_and_no_more(in_process: InProcess) -> None:
    site, cs, colleague = in_process, in_process.people.cs, in_process.people.cs2
    with patch.object(view_store, "MAX_VIEWS", 2):
        first, _ = saved(site, cs), saved(site, cs)
        site.post(VIEWS, cs, BODY).refused(409, "too_many_views")
        for _ in range(2):
            saved(site, cs, shared=True)
        site.put(f"{VIEWS}/{first['view_id']}", cs, {**BODY, "shared": True}).refused(409, "too_many_views")
        site.post(VIEWS, colleague, {**BODY, "shared": True}).refused(409, "too_many_views")
        saved(site, colleague)


def test_an_unsound_view_is_refused_with_all_its_faults(in_process: InProcess) -> None:
    site, cs = in_process, in_process.people.cs
    response = site.post(VIEWS, cs, {"name": " ", "query": {"Status": "open", "search": "x" * 201}, "shared": "maybe"})
    assert {each.rpartition("/")[0] or each for each in response.faults()} >= {"/name", "/query", "/shared"}
    too_many = {f"p{'a' * number}": "" for number in range(31)}
    assert list(site.post(VIEWS, cs, {"name": "Many", "query": too_many}).faults()) == ["/query"]


def test_a_person_is_erased_from_views(in_process: InProcess) -> None:
    site, cs, colleague = in_process, in_process.people.cs, in_process.people.cs2
    saved(site, cs)
    saved(site, cs, name="Shared", shared=True)
    naming = saved(site, colleague, name=f"Of {cs.email}", query={"search": cs.email})
    with site.lab.as_operator():
        steps = list(erase_person(cs.email))
    assert sum(step.erased["views"] for step in steps) == 3
    assert cs.email not in str([item for item in site.lab.items if "VIEW#" in item["sk"]])
    of_erased, of_colleague = sorted(site.get(VIEWS, colleague).ok()["items"], key=lambda view: view["shared"])[::-1]
    assert of_erased["owner"] == {"user_id": "erased", "email": "erased@erased.invalid"}
    assert of_colleague == {**naming, "name": "Of [erased]", "query": {"search": "[erased]"}}


def test_a_view_of_a_former_address_is_the_persons_too(in_process: InProcess) -> None:
    site, lab, lead = in_process, in_process.lab, in_process.people.cs2
    agent = lab.users.agent
    lab.http("GET", VIEWS, user=agent)
    invited = site.post("/api/desk/people", lead, {"email": "ada@vendor.example", "name": "Ada Old", "role": "agent"})
    user_id = invited.ok(201)["user_id"]
    view = saved(site, lead, name="By Ada Old")
    item = lab.client("dynamodb")
    before = {"user_id": user_id, "email": "formerly@vendor.example"}
    owned = {**view, "view_id": "01", "owner": before}
    key = {"pk": {"S": "STAFF"}, "sk": {"S": f"OWNVIEW#{user_id}#01"}}
    item.put_item(
        TableName=lab.outputs["TableName"],
        Item={**key, "document": {"S": SavedView.model_validate(owned).model_dump_json()}},
    )
    with lab.as_operator():
        steps = list(erase_person("ada@vendor.example"))
    assert sum(step.erased["views"] for step in steps) == 2
    assert names(site, lead) == ["By [erased]"]
    assert "formerly@vendor.example" not in str(lab.items)
