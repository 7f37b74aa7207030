"""What can be ordered, and in which words."""

from jsonschema import Draft202012Validator

from tests.contract.site import Site


def test_the_catalog_has_what_an_order_form_needs(site: Site) -> None:
    catalog = site.get("/api/catalog", site.people.customer).ok()
    assert set(catalog) >= {
        "item_kinds",
        "bandwidth_steps",
        "regions",
        "socket_models",
        "accessory_types",
        "limits",
        "statuses",
    }
    assert all(isinstance(step, int) for step in catalog["bandwidth_steps"])
    assert catalog["bandwidth_steps"] == sorted(set(catalog["bandwidth_steps"]))
    assert all(set(region) >= {"region", "label"} and region["label"] for region in catalog["regions"])
    assert sorted(catalog["socket_models"]) == ["X1500", "X1700"]
    assert sorted(catalog["accessory_types"]) == ["network_card", "rack_mount_kit"]
    assert set(catalog["limits"]) == {"socket", "ip_addresses", "sdp_users", "accessory"}
    assert all(isinstance(limit, int) and limit >= 1 for limit in catalog["limits"].values())


def test_the_six_kinds_and_the_five_statuses_bear_the_labels_of_the_article(site: Site) -> None:
    catalog = site.get("/api/catalog", site.people.customer).ok()
    assert {kind["kind"]: kind["label"] for kind in catalog["item_kinds"]} == {
        "site_bandwidth": "Site Bandwidth License",
        "site_early_activation": "Site Early Activation",
        "socket": "Sockets",
        "ip_addresses": "IP Addresses",
        "sdp_users": "SDP Users",
        "accessory": "Accessories",
    }
    assert {status["status"]: status["label"] for status in catalog["statuses"]} == {
        "submitted": "Submitted",
        "in_process": "In process",
        "pending_confirmation": "Pending confirmation",
        "completed": "Completed",
        "canceled": "Canceled",
    }


def test_every_kind_has_a_schema_that_knows_its_settings(site: Site) -> None:
    settings = {
        "site_bandwidth": {"site_id", "bandwidth_mbps"},
        "site_early_activation": {"site_id"},
        "socket": {"site_id", "model", "quantity"},
        "ip_addresses": {"quantity"},
        "sdp_users": {"region", "quantity"},
        "accessory": {"site_id", "accessory_type", "quantity"},
    }
    for kind in site.get("/api/catalog", site.people.customer).ok()["item_kinds"]:
        Draft202012Validator.check_schema(kind["schema"])
        assert set(kind["schema"]["properties"]) == {"kind", "start_date"} | settings[kind["kind"]]


def test_the_schemas_take_sound_items_and_the_limits_of_the_catalog(site: Site) -> None:
    catalog = site.get("/api/catalog", site.people.customer).ok()
    kinds = {kind["kind"]: Draft202012Validator(kind["schema"]) for kind in catalog["item_kinds"]}
    most = catalog["limits"]["sdp_users"]
    users = {
        "kind": "sdp_users",
        "region": catalog["regions"][0]["region"],
        "quantity": most,
        "start_date": site.day(9),
    }
    assert kinds["sdp_users"].is_valid(users)
    assert not kinds["sdp_users"].is_valid({**users, "quantity": most + 1})
    assert not kinds["sdp_users"].is_valid({**users, "region": "atlantis"})
    steps = {"kind": "site_bandwidth", "site_id": "any", "bandwidth_mbps": catalog["bandwidth_steps"][-1]}
    assert kinds["site_bandwidth"].is_valid({**steps, "start_date": site.day(9)})
    assert not kinds["site_bandwidth"].is_valid({**steps, "bandwidth_mbps": 7, "start_date": site.day(9)})


def test_the_catalog_is_not_sent_again_to_whoever_has_it(site: Site) -> None:
    first = site.get("/api/catalog", site.people.customer)
    again = site.get("/api/catalog", site.people.customer, If_None_Match=first.headers["etag"])
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert site.get("/api/catalog", site.people.customer, If_None_Match='"1"').ok() == first.json


def test_a_draft_of_the_next_catalog_comes_and_goes(site: Site) -> None:
    path = "/api/desk/catalog/draft"
    assert site.put(path, site.people.cs, {"kinds": []}).ok()["errors"] != []
    gone = site.request("DELETE", path, user=site.people.cs)
    assert (gone.status, gone.body) == (204, b"")
    site.get(path, site.people.cs).refused(404, "not_found")
