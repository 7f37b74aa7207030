from pathlib import Path
from typing import Any

import pytest

from emulation import TemplateError, template
from emulation.http_api import spell_out
from tests.local_run import PROJECT

INTEGRATION = {
    "httpMethod": "POST",
    "type": "aws_proxy",
    "uri": {"Fn::Sub": "arn:aws:apigateway:…/${Orders.Arn}/invocations"},
    "payloadFormatVersion": "2.0",
}
JWT = {
    "type": "jwt",
    "identitySource": "$request.header.Authorization",
    "jwtConfiguration": {"issuer": "https://idp.example", "audience": ["client"]},
}


def an_api(paths: dict[str, Any], **document: Any) -> dict[str, Any]:
    body = {"info": {"title": "orders"}, "paths": paths, **document}
    return {"Resources": {"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": body}}}}


def with_authorizer(scheme: dict[str, Any]) -> dict[str, Any]:
    return {"components": {"securitySchemes": {"IdToken": {"x-amazon-apigateway-authorizer": scheme}}}}


def routes(spelled_out: dict[str, Any]) -> dict[str, dict[str, Any]]:
    resources = spelled_out["Resources"].values()
    return {
        found["Properties"]["RouteKey"]: found["Properties"]
        for found in resources
        if found["Type"] == "AWS::ApiGatewayV2::Route"
    }


def test_every_operation_becomes_a_route_to_its_function() -> None:
    operation = {"x-amazon-apigateway-integration": INTEGRATION}
    found = spell_out(an_api({"/a/{proxy+}": {"x-amazon-apigateway-any-method": operation}, "/b": {"get": operation}}))

    assert routes(found).keys() == {"ANY /a/{proxy+}", "GET /b"}
    assert "Body" not in found["Resources"]["Api"]["Properties"]
    integrations = [r for r in found["Resources"].values() if r["Type"] == "AWS::ApiGatewayV2::Integration"]
    assert [integration["Properties"]["IntegrationUri"] for integration in integrations] == [INTEGRATION["uri"]]


def test_a_route_asks_for_a_token_only_where_the_document_says_so() -> None:
    guarded = {"x-amazon-apigateway-integration": INTEGRATION, "security": [{"IdToken": []}]}
    open_to_all = {"x-amazon-apigateway-integration": INTEGRATION, "security": [{"NONE": []}]}
    found = routes(spell_out(an_api({"/a": {"get": guarded, "post": open_to_all}}, **with_authorizer(JWT))))

    assert found["GET /a"]["AuthorizationType"] == "JWT"
    assert found["GET /a"]["AuthorizerId"] == {"Ref": "ApiAuthorizer1"}
    assert found["POST /a"]["AuthorizationType"] == "NONE"


def test_another_kind_of_authorizer_is_refused_rather_than_left_out() -> None:
    with pytest.raises(TemplateError, match="not a JWT authorizer"):
        spell_out(an_api({}, **with_authorizer({"type": "request"})))


def test_cross_origin_settings_get_the_spelling_that_the_engine_reads() -> None:
    api = an_api({})
    api["Resources"]["Api"]["Properties"]["CorsConfiguration"] = {"AllowOrigins": ["https://site.example"]}
    found = spell_out(api)

    assert found["Resources"]["Api"]["Properties"]["CorsConfiguration"] == {"allowOrigins": ["https://site.example"]}


def test_the_template_guards_the_api_and_leaves_the_links_open(tmp_path: Path) -> None:
    localized = template.localize(
        template.read(PROJECT / "template.yaml"),
        PROJECT,
        region="eu-central-1",
        forward_to="http://127.0.0.1:1",
        code=tmp_path / "code",
    )
    kinds = {key: route["AuthorizationType"] for key, route in routes(localized.body).items()}

    assert kinds["ANY /api/{proxy+}"] == kinds["ANY /api/desk/{proxy+}"] == "JWT"
    assert kinds["GET /api/openapi.json"] == kinds["ANY /confirm/{proxy+}"] == "NONE"
