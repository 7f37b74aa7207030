"""Who may call what, and how the API answers those who may not, or who ask for what is not there."""

import base64
import json

import pytest

from tests.contract.in_process import InProcess
from tests.contract.live import Live
from tests.contract.orders import place
from tests.contract.site import Json, Response, Site, User
from tests.functions.recording import EVENTS, ORIGIN_HEADER
from tests.lab import Lab

NOWHERE = "01JD0000000000000000000000"

FOR_CUSTOMERS = [
    "GET /api/account",
    "GET /api/accounts",
    "POST /api/account/contact-report",
    "POST /api/orders",
    "GET /api/orders",
    "GET /api/orders/{id}",
    "GET /api/orders/{id}/timeline",
    "GET /api/orders/{id}/quotes/1",
    "POST /api/orders/{id}/cancel",
    "POST /api/orders/{id}/comment",
]
FOR_CUSTOMER_SUCCESS = [
    "GET /api/desk/orders",
    "GET /api/desk/orders/{id}",
    "GET /api/desk/orders/{id}/timeline",
    "GET /api/desk/orders/{id}/quotes/1",
    "GET /api/desk/orders/{id}/evidence",
    "GET /api/desk/orders/{id}/mails",
    "POST /api/desk/orders",
    "POST /api/desk/orders/{id}/claim",
    "POST /api/desk/orders/{id}/release",
    "POST /api/desk/orders/{id}/quote",
    "POST /api/desk/orders/{id}/quote/preview",
    "POST /api/desk/orders/{id}/quote/undo",
    "POST /api/desk/orders/{id}/decline",
    "POST /api/desk/orders/{id}/resend",
    "POST /api/desk/orders/{id}/answer",
    "POST /api/desk/orders/{id}/hand-over",
    "POST /api/desk/orders/{id}/comment",
    "GET /api/desk/accounts",
    "GET /api/desk/accounts/{account}",
    "PUT /api/desk/accounts/{account}",
    "GET /api/desk/accounts/{account}/versions",
    "GET /api/desk/accounts/{account}/versions/1",
    "GET /api/desk/orders/{id}/quote-draft",
    "GET /api/desk/price-lists",
    "GET /api/desk/price-lists/{currency}",
    "PUT /api/desk/price-lists/{currency}",
    "GET /api/desk/price-lists/{currency}/versions",
    "GET /api/desk/price-lists/{currency}/versions/1",
]
FOR_ANY_USER = ["GET /api/catalog"]
ORDER_ACTIONS = [route for route in FOR_CUSTOMERS + FOR_CUSTOMER_SUCCESS if "/{id}" in route]


def call(site: Site, route: str, user: User | None, order_id: str = NOWHERE, *, access_token: bool = False) -> Response:
    method, path = route.split()
    account_id = site.people.customer.account_id
    assert account_id
    return site.request(
        method,
        path.replace("{id}", order_id).replace("{account}", account_id).replace("{currency}", "EUR"),
        user=user,
        access_token=access_token,
        json={} if method in {"POST", "PUT"} else None,
        headers={"Idempotency-Key": "access"},
    )


def test_without_a_token_every_route_is_closed(site: Site) -> None:
    for route in FOR_CUSTOMERS + FOR_CUSTOMER_SUCCESS + FOR_ANY_USER:
        assert call(site, route, None).status == 401, route


def test_a_token_that_is_none_opens_nothing(site: Site) -> None:
    for value in ("Bearer nonsense", "Bearer eyJhbGciOiJub25lIn0.e30.", "Basic YTpi"):
        response = site.get("/api/catalog", Authorization=value)
        assert response.status == 401, value


def test_an_access_token_is_the_wrong_token_on_every_route(site: Site) -> None:
    for route in FOR_CUSTOMERS + FOR_ANY_USER:
        call(site, route, site.people.customer, access_token=True).refused(403, "wrong_token")
    for route in FOR_CUSTOMER_SUCCESS:
        call(site, route, site.people.cs, access_token=True).refused(403, "wrong_token")


def test_customer_success_does_not_use_the_customers_routes(site: Site) -> None:
    for route in FOR_CUSTOMERS:
        call(site, route, site.people.cs).refused(403, "forbidden")


def test_staff_who_were_made_customers_too_are_staff_alone(in_process: InProcess) -> None:
    lab = in_process.lab
    lab.account("acme")
    both = lab.users.cs.claiming(custom_account_id="acme", cognito_groups=["customers", "customer-success"])
    for route in FOR_CUSTOMERS:
        method, path = route.split()
        assert lab.http(method, path.replace("{id}", NOWHERE), json={}, user=both).json()["code"] == "forbidden", route
    assert lab.http("GET", "/api/desk/orders", user=both).status == 200


@pytest.mark.parametrize(
    "names",
    [
        ["not customer-success"],
        ["ex customer-success"],
        ["x,customer-success"],
        ["customer-success "],
        ["Customer-Success"],
        ["[customer-success]"],
        ["customer", "success"],
        [["customer-success"]],
        [{"customer-success": True}],
        "not customer-success",
        "[customers customer-success]",
        "customers,customer-success",
        [],
        None,
    ],
    ids=str,
)
def test_a_group_whose_name_only_holds_the_desks_opens_nothing(in_process: InProcess, names: object) -> None:
    lab = in_process.lab
    stranger = lab.users.cs.claiming(cognito_groups=names)
    for route in ("GET /api/desk/orders", "GET /api/desk/accounts", "GET /api/orders"):
        method, path = route.split()
        response = lab.http(method, path, user=stranger)
        assert (response.status, response.json()["code"]) == (403, "forbidden"), route


@pytest.mark.parametrize("names", [["customer-success"], ["a b", "customer-success"], "customer-success"], ids=str)
def test_the_desks_own_group_opens_it_beside_whatever_others(in_process: InProcess, names: object) -> None:
    lab = in_process.lab
    assert lab.http("GET", "/api/desk/orders", user=lab.users.cs.claiming(cognito_groups=names)).status == 200


@pytest.mark.parametrize(
    "methods", [None, [], ["pwd"], ["pwd", "otp"], "mfa", ["MFA"], {"mfa": True}, [["mfa"]]], ids=str
)
def test_where_staff_need_a_second_factor_the_desk_opens_to_no_token_without(methods: object) -> None:
    with Lab.started(StaffSecondFactor="required") as lab:
        single = lab.users.cs.claiming(amr=methods)
        for method, path in (("GET", "/api/desk/orders"), ("POST", f"/api/desk/orders/{NOWHERE}/quote/preview")):
            response = lab.http(method, path, json={} if method == "POST" else None, user=single)
            assert (response.status, response.json()["code"]) == (403, "second_factor_required")
        double = lab.users.cs.claiming(amr=["pwd", "otp", "mfa"])
        assert lab.http("GET", "/api/desk/orders", user=double).status == 200
        assert lab.http("GET", "/api/orders", user=lab.users.customer).status == 200
        stranger = lab.users.customer.claiming(amr=["pwd", "otp", "mfa"])
        assert lab.http("GET", "/api/desk/orders", user=stranger).json()["code"] == "forbidden"


def test_an_installation_that_wants_no_second_factor_asks_for_none(in_process: InProcess) -> None:
    lab = in_process.lab
    for methods in (None, ["pwd"], ["pwd", "otp", "mfa"]):
        assert lab.http("GET", "/api/desk/orders", user=lab.users.cs.claiming(amr=methods)).status == 200


def test_groups_are_read_of_the_one_token_that_was_verified(in_process: InProcess) -> None:
    """What the gateway makes of a header that holds more than one token is nobody's to guess."""
    lab = in_process.lab
    event = json.loads((EVENTS / "DeskApi-post-claim.json").read_text())
    token = event["headers"]["authorization"].removeprefix("Bearer ")
    head, claims, signature = token.split(".")
    of_another = ".".join((head, encoded({**decoded(claims), "sub": "another"}), signature))
    unlisted = ".".join((head, encoded({}), signature))
    event["headers"][ORIGIN_HEADER] = lab.stack.front_headers[ORIGIN_HEADER]
    for header in (
        f"{token}, {token}",
        f"Bearer {token} {token}",
        of_another,
        unlisted,
        "Bearer a.b",
        "",
        "Bearer ....",
    ):
        event["headers"]["authorization"] = header
        response = lab.functions.invoke("DeskApiFunction", event).payload
        assert (response["statusCode"], json.loads(response["body"])["code"]) == (403, "wrong_token"), header
    for header in (token, f"bearer {token}", f"Bearer  {token}"):
        event["headers"]["authorization"] = header
        assert json.loads(lab.functions.invoke("DeskApiFunction", event).payload["body"])["code"] != "wrong_token", (
            header
        )


def test_past_cloudfront_no_function_answers(in_process: InProcess) -> None:
    lab, order = in_process.lab, place(in_process)
    lab.account("acme")
    for method, path, user in (
        ("GET", "/api/openapi.json", None),
        ("GET", "/api/orders", lab.users.customer),
        ("GET", "/api/desk/orders", lab.users.cs),
        ("POST", f"{order.desk_path}/quote/preview", lab.users.cs),
        ("GET", f"/confirm/{'A' * 43}", None),
    ):
        for headers in ({}, {"X-Origin-Secret": ""}, {"X-Origin-Secret": "guess"}):
            response = lab.http(method, path, headers=headers, user=user, direct=True)
            assert (response.status, response.json()["code"]) == (403, "not_by_this_way"), path


@pytest.mark.live
def test_a_token_whose_words_or_signature_were_changed_opens_nothing(live: Live) -> None:
    head, claims, signature = live.tokens(live.people.customer)["IdToken"].split(".")
    lies = encoded({**decoded(claims), "custom:account_id": live.people.other.account_id})
    unsigned = encoded({**decoded(head), "alg": "none"})
    for token in (
        f"{head}.{lies}.{signature}",
        f"{unsigned}.{claims}.",
        f"{unsigned}.{lies}.{signature}",
        f"{head}.{claims}.{signature[:-8]}AAAAAAAA",
        f"{head}.{claims}.",
    ):
        assert live.get("/api/orders", Authorization=f"Bearer {token}").status == 401, token


def decoded(part: str) -> Json:
    found: Json = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def encoded(part: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def test_customers_and_resellers_do_not_use_the_desk(site: Site) -> None:
    for route in FOR_CUSTOMER_SUCCESS:
        call(site, route, site.people.customer).refused(403, "forbidden")
        call(site, route, site.people.reseller).refused(403, "forbidden")


def test_every_signed_in_user_sees_the_catalog(site: Site) -> None:
    for user in (site.people.customer, site.people.reseller, site.people.suspended, site.people.cs):
        call(site, "GET /api/catalog", user).ok()


def test_an_order_that_is_not_there_is_not_found_on_any_route(site: Site) -> None:
    bodies = {
        "quote": {"valid_until": site.day(9), "lines": []},
        "preview": {"valid_until": site.day(9), "lines": []},
        "decline": {"reason": "No stock."},
        "comment": {"text": "Hello."},
        "answer": {"text": "Hello."},
        "hand-over": {"decision": "refuse"},
    }
    for route in ORDER_ACTIONS:
        method, path = route.split()
        user = site.people.cs if "/desk/" in path else site.people.customer
        body = bodies.get(path.rpartition("/")[2], {}) if method == "POST" else None
        for order_id in (NOWHERE, "nothing", "%00", "%2e%2e", "a%2Fb", "x" * 300, "%F0%9F%A6%8A"):
            response = site.request(method, path.replace("{id}", order_id), user=user, json=body)
            response.refused(404, "not_found")


def test_another_accounts_order_is_not_found_on_any_route(site: Site) -> None:
    order = place(site)
    for user in (site.people.other, site.people.reseller, site.people.subs[0]):
        for path in ("", "/timeline", "/quotes/1"):
            site.get(f"{order.path}{path}", user).refused(404, "not_found")
        order.ask("cancel", user=user).refused(404, "not_found")
        order.ask("comment", {"text": "Whose is this?"}, user=user).refused(404, "not_found")
    assert order.status == "submitted"


def test_a_path_that_leads_nowhere_is_not_found(site: Site) -> None:
    for path in ("/api/nothing", "/api/orders/1/2/3/4", "/api/desk/nothing"):
        user = site.people.cs if "desk" in path else site.people.customer
        site.get(path, user).refused(404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/orders", {"GET", "POST"}),
        ("PUT", f"/api/orders/{NOWHERE}", {"GET"}),
        ("GET", f"/api/orders/{NOWHERE}/cancel", {"POST"}),
        ("POST", "/api/catalog", {"GET"}),
        ("PATCH", "/api/account", {"GET"}),
        ("GET", f"/api/desk/orders/{NOWHERE}/claim", {"POST"}),
        ("GET", f"/api/desk/orders/{NOWHERE}/quote/preview", {"POST"}),
        ("DELETE", "/api/desk/accounts/any", {"GET", "PUT"}),
        ("PUT", "/api/desk/orders", {"GET", "POST"}),
        ("DELETE", "/api/desk/price-lists/EUR", {"GET", "PUT"}),
    ],
)
def test_an_unknown_method_is_refused_with_the_allowed_methods(
    site: Site, method: str, path: str, allowed: set[str]
) -> None:
    user = site.people.cs if "desk" in path else site.people.customer
    response = site.request(method, path, user=user)
    response.refused(405, "method_not_allowed")
    assert {name.strip() for name in response.headers["allow"].split(",")} >= allowed


def test_the_description_of_the_api_is_open_to_anyone_and_names_every_route(site: Site) -> None:
    description = site.get("/api/openapi.json").ok()
    assert description["openapi"].startswith("3.1.")
    described = {f"{method.upper()} {path}" for path, methods in description["paths"].items() for method in methods}
    shapes = {_shape(route) for route in described}
    for route in FOR_CUSTOMERS + FOR_CUSTOMER_SUCCESS + FOR_ANY_USER:
        assert _shape(route) in shapes, route


def _shape(route: str) -> str:
    """A route without the names of its variables, below `/api` or not."""
    method, path = route.split()
    parts = ["*" if part.startswith("{") or part == "1" else part for part in path.removeprefix("/api").split("/")]
    return f"{method} {'/'.join(parts)}"


def test_errors_say_their_type_title_status_and_code(site: Site) -> None:
    problem = site.get("/api/orders/nothing", site.people.customer).refused(404, "not_found")
    assert problem["status"] == 404
    assert {"type", "title", "detail"} <= set(problem)
