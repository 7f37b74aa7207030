"""What the desk sets for itself: teams, and text modules with the words of an order."""

import pytest

from online_orders.aws import erasure_job
from tests.contract.in_process import InProcess, adopted
from tests.contract.orders import offered, place, rows
from tests.contract.site import Json, User

TEAMS, TEXTS = "/api/desk/teams", "/api/desk/text-modules"
THANKS: Json = {
    "module": "thanks",
    "name": "Thanks",
    "use": "comment",
    "texts": {
        "en": "Dear {contact}, thank you for {number} of {account}, valid until {valid_until}.",
        "de": "Guten Tag {contact}, danke für {number}, gültig bis {valid_until}, {purchase_order_number}.",
    },
}
BODIES: dict[str, Json] = {
    TEAMS: {"teams": [{"team": "north", "name": "North", "members": []}]},
    TEXTS: {"text_modules": [THANKS]},
}


@pytest.fixture
def site(in_process: InProcess) -> InProcess:
    return in_process


@pytest.mark.parametrize("path", BODIES)
def test_there_are_none_until_a_lead_sets_them_and_the_audit_trail_says_who(site: InProcess, path: str) -> None:
    lead, name = site.people.cs, path.rpartition("/")[2].replace("-", "_")
    response = site.get(path, lead)
    assert (response.ok(), response.headers["etag"]) == ({name: []}, '"0"')
    stored = site.put(path, lead, BODIES[path])
    assert (stored.ok(), stored.headers["etag"]) == (BODIES[path], '"1"')
    assert site.get(path, lead).ok() == BODIES[path]
    assert site.put(path, lead, BODIES[path]).headers["etag"] == '"1"'
    entry = rows(site, f"/api/desk/audit?subject={name}", lead)[0]
    assert (entry["subject"], entry["subject_id"], entry["action"]) == (name, name, "changed")
    assert entry["by"]["email"] == lead.email
    assert entry["changes"] == [{"pointer": f"/{name}/0", "was": None, "is": BODIES[path][name][0]}]


@pytest.mark.parametrize("path", BODIES)
def test_nobodys_work_is_replaced_unseen(site: InProcess, path: str) -> None:
    lead = site.people.cs
    site.put(path, lead, BODIES[path], If_Match='"0"').ok()
    empty: Json = {name: [] for name in BODIES[path]}
    site.put(path, lead, empty, If_Match='"0"').refused(412, "version_mismatch")
    site.put(path, lead, empty, If_Match='"1"').ok()
    assert site.get(path, lead).ok() == empty


def test_a_team_has_members_of_the_staff(site: InProcess) -> None:
    lead, member, customer = site.people.cs, adopted(site, site.people.cs2), adopted(site, site.people.customer)

    def team(*members: str) -> Json:
        return {"teams": [{"team": "north", "name": "North", "members": list(members)}]}

    assert site.put(TEAMS, lead, team(member)).ok() == team(member)
    faults = site.put(TEAMS, lead, team(member, "nobody", customer)).faults()
    assert faults == {"/teams/0/members/1": "unknown_user", "/teams/0/members/2": "unknown_user"}


def test_an_erased_person_is_in_no_team_and_is_no_author(site: InProcess) -> None:
    gone: User = site.people.cs2
    member = adopted(site, gone)
    body = {"teams": [{"team": "north", "name": "North", "members": [member]}]}
    site.put(TEAMS, gone, body).ok()
    site.put(TEXTS, gone, {"text_modules": [{**THANKS, "texts": {"en": f"Write to {gone.email}."}}]}).ok()
    with site.lab.as_operator():
        steps = list(erasure_job.erase_person(gone.email))
    assert site.get(TEAMS, site.people.cs).ok()["teams"][0]["members"] == []
    assert "text module thanks" in [each for step in steps for each in step.left]
    stored = {item["sk"]: item for item in site.lab.items if item["pk"] == "STAFF"}
    assert gone.email not in str(stored["TEXTMODULES"]["changed_by"])


def test_an_erased_person_is_gone_from_the_handling(site: InProcess) -> None:
    gone, order, colleague = site.people.cs2, place(site), adopted(site, site.people.cs2)
    order.desk("assign", {"assignee": colleague}).ok()
    order.desk("handling", {"note": "My own words."}, user=gone).ok()
    with site.lab.as_operator():
        list(erasure_job.erase_person(gone.email))
    desk = site.get(order.desk_path, site.people.cs).ok()
    assert (desk["assignee"], desk["handling"]["note"]) == (None, "[erased]")
    told = str(order.desk_timeline())
    assert [each in told for each in (gone.email, colleague, "My own words.")] == [False, False, False]


def test_a_text_is_filled_with_the_order_in_the_accounts_language(site: InProcess) -> None:
    site.put(TEXTS, site.people.cs, BODIES[TEXTS]).ok()
    order, _ = offered(site)
    account = site.account_of(order.user)
    (text,) = site.get(f"{order.desk_path}/text-modules", site.people.cs).ok()["text_modules"]
    assert {name: text[name] for name in ("module", "name", "use")} == {
        name: THANKS[name] for name in ("module", "name", "use")
    }
    assert text["text"].startswith(f"Dear {account['enrollment']['contact']['name']}, thank you for ")
    assert "{" not in text["text"]
    german = place(site, site.people.german)
    (text,) = site.get(f"{german.desk_path}/text-modules", site.people.cs).ok()["text_modules"]
    assert text["text"].startswith("Guten Tag ")
    assert "gültig bis {valid_until}, {purchase_order_number}" in text["text"]
