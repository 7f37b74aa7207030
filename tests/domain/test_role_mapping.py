"""Groups of another provider become roles here, and nothing that cannot be read does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.template import read
from online_orders.domain.role_mapping import highest_role, parse_groups, parse_role_mapping
from online_orders.domain.roles import ROLES, Role
from tests.local_run import PROJECT

MAPPING = parse_role_mapping("Desk Leads=lead,desk-agents=agent,audit=auditor")


@pytest.mark.parametrize(
    "claim",
    [["a", "b c"], '["a","b c"]', '["a", "b c"]', "[a, b c]", "[a,b c]", "a,b c", " a , b c ", ["a", 7, None, "b c"]],
    ids=str,
)
def test_groups_are_read_from_a_list_and_from_each_text_that_stands_for_one(claim: object) -> None:
    assert parse_groups(claim) == {"a", "b c"}


def test_a_claim_without_names_has_no_groups() -> None:
    claims: list[object] = [None, "", "[]", "[ ]", ",", {}, {"a": 1}, 7, True, [], [[]]]
    for claim in claims:
        assert parse_groups(claim) == frozenset(), claim


def test_a_list_in_json_keeps_a_name_with_a_comma_whole() -> None:
    assert parse_groups('["guests,Desk Leads"]') == {"guests,Desk Leads"}
    assert highest_role(parse_groups('["guests,Desk Leads"]'), MAPPING) is None


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        ({"Desk Leads"}, Role.LEAD),
        ({"desk-agents", "Desk Leads", "audit"}, Role.LEAD),
        ({"desk-agents", "audit"}, Role.AGENT),
        ({"audit", "everybody"}, Role.AUDITOR),
        ({"desk leads"}, None),
        ({"Desk"}, None),
        ({"lead"}, None),
        ({"everybody"}, None),
        (set(), None),
    ],
)
def test_the_highest_role_of_all_groups_counts_and_without_one_there_is_none(
    groups: set[str], role: Role | None
) -> None:
    assert highest_role(groups, MAPPING) is role


def test_whoever_has_a_role_of_staff_is_staff() -> None:
    mapping = parse_role_mapping("shop=admin,desk=auditor")
    assert highest_role({"shop", "desk"}, mapping) is Role.AUDITOR
    assert highest_role({"shop"}, mapping) is Role.ADMIN


def test_a_group_may_be_percent_encoded() -> None:
    mapping = parse_role_mapping("CN%3Dleads%2COU%3Ddesk=lead,B%C3%BCro=agent")
    assert mapping == {"CN=leads,OU=desk": Role.LEAD, "Büro": Role.AGENT}
    assert highest_role(["CN=leads,OU=desk"], mapping) is Role.LEAD
    assert highest_role(["CN%3Dleads%2COU%3Ddesk"], mapping) is None


@pytest.mark.parametrize(
    "text",
    ["desk", "desk=", "=lead", "desk=boss", "desk=lead,", "desk=Lead", "a=b=lead", " =lead", "a=lead;b=agent"],
)
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_role_mapping(text)


def test_a_role_without_a_group_is_shown_in_its_mapping() -> None:
    with pytest.raises(ValueError, match="'a=agent, =lead'"):
        parse_role_mapping("a=agent, =lead")


def test_no_mapping_gives_nobody_a_role() -> None:
    assert parse_role_mapping("") == {}
    assert highest_role({"lead", "admin", "customer-success"}, {}) is None


PARAMETERS = read(PROJECT / "template.yaml")["Parameters"]


@given(
    st.lists(st.tuples(st.text("aZ -.%/'", min_size=1).filter(str.strip), st.sampled_from(ROLES["customer-success"])))
)
def test_the_template_takes_what_can_be_read(pairs: list[tuple[str, Role]]) -> None:
    text = ",".join(f"{group}={role}" for group, role in pairs)
    assert re.fullmatch(PARAMETERS["StaffRoleMapping"]["AllowedPattern"], text)
    parse_role_mapping(text)


@pytest.mark.parametrize(
    "text", ["desk=buyer", "desk=boss", "desk", "=lead", "desk=lead,", "büro=lead", "a=lead;b=agent"]
)
def test_the_template_refuses_a_role_that_staff_cannot_have(text: str) -> None:
    assert not re.fullmatch(PARAMETERS["StaffRoleMapping"]["AllowedPattern"], text)
