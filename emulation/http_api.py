"""Convert the HTTP API from an OpenAPI document to resources.

SAM describes an HTTP API as one OpenAPI document in the Api's `Body`. The engine creates routes, integrations and
authorizers, but reads no such document, so the same API is written as those resources before it is deployed.
"""

import json
from typing import Any

from emulation import TemplateError

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
ANY_METHOD = "x-amazon-apigateway-any-method"

Template = dict[str, Any]


def spell_out(template: Template) -> Template:
    """Return the CloudFormation template with every `Body` of an HTTP API turned into resources."""
    resources: dict[str, Any] = {}
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] == "AWS::ApiGatewayV2::Api" and "Body" in resource.get("Properties", {}):
            resources |= _api_resources(logical_id, resource)
        else:
            resources[logical_id] = resource
    return {**template, "Resources": resources}


def _api_resources(api: str, resource: dict[str, Any]) -> dict[str, Any]:
    properties = dict(resource["Properties"])
    document = properties.pop("Body")
    properties.pop("FailOnWarnings", None)
    properties |= {"Name": document["info"].get("title", api), "ProtocolType": "HTTP"}
    if cors := properties.pop("CorsConfiguration", None) or document.get("x-amazon-apigateway-cors"):
        # The engine stores the block as it is and reads it in the spelling of the API, not of CloudFormation.
        properties["CorsConfiguration"] = {name[0].lower() + name[1:]: value for name, value in cors.items()}
    found: dict[str, Any] = {api: {**resource, "Properties": properties}}

    authorizers: dict[str, str] = {}
    for name, scheme in document.get("components", {}).get("securitySchemes", {}).items():
        authorizers[name] = f"{api}Authorizer{len(authorizers) + 1}"
        found[authorizers[name]] = _child(resource, "Authorizer", _authorizer(api, name, scheme))

    integrations: dict[str, str] = {}
    for number, (path, method, operation) in enumerate(_operations(api, document), start=1):
        integration = _integration(api, operation["x-amazon-apigateway-integration"])
        same = json.dumps(integration, sort_keys=True)
        if same not in integrations:
            integrations[same] = f"{api}Integration{len(integrations) + 1}"
            found[integrations[same]] = _child(resource, "Integration", integration)
        security = operation.get("security", document.get("security"))
        found[f"{api}Route{number}"] = _child(
            resource,
            "Route",
            {
                "ApiId": {"Ref": api},
                "RouteKey": path if path == "$default" else f"{method} {path}",
                "Target": {"Fn::Join": ["/", ["integrations", {"Ref": integrations[same]}]]},
                **_authorization(security, authorizers),
            },
        )
    return found


def _child(api: dict[str, Any], kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    condition = {"Condition": api["Condition"]} if "Condition" in api else {}
    return {"Type": f"AWS::ApiGatewayV2::{kind}", **condition, "Properties": properties}


def _operations(api: str, document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (path, method, operation) of each route, the method as a route key has it."""
    found = []
    for path, item in document.get("paths", {}).items():
        if "Fn::If" in item:
            raise TemplateError(f"{api}: the route {path} hangs on a condition, which the sandbox cannot spell out")
        for method, operation in item.items():
            if method == ANY_METHOD:
                found.append((path, "ANY", operation))
            elif method in METHODS:
                found.append((path, method.upper(), operation))
    return found


def _integration(api: str, integration: dict[str, Any]) -> dict[str, Any]:
    properties = {
        "ApiId": {"Ref": api},
        "IntegrationType": integration["type"].upper(),
        "IntegrationUri": integration["uri"],
        "IntegrationMethod": integration.get("httpMethod", "POST"),
        "PayloadFormatVersion": integration.get("payloadFormatVersion", "2.0"),
    }
    if "timeoutInMillis" in integration:
        properties["TimeoutInMillis"] = integration["timeoutInMillis"]
    return properties


def _authorizer(api: str, name: str, scheme: dict[str, Any]) -> dict[str, Any]:
    settings = scheme.get("x-amazon-apigateway-authorizer", {})
    if settings.get("type") != "jwt":
        raise TemplateError(f"{api}: the authorizer {name} is not a JWT authorizer, and the sandbox knows no other")
    source = settings["identitySource"]
    return {
        "ApiId": {"Ref": api},
        "Name": name,
        "AuthorizerType": "JWT",
        "IdentitySource": source if isinstance(source, list) else [source],
        "JwtConfiguration": {
            "Issuer": settings["jwtConfiguration"]["issuer"],
            "Audience": settings["jwtConfiguration"].get("audience", []),
        },
    }


def _authorization(security: list[dict[str, list[str]]] | None, authorizers: dict[str, str]) -> dict[str, Any]:
    for requirement in security or []:
        for name, scopes in requirement.items():
            if name in authorizers:
                chosen: dict[str, Any] = {"AuthorizationType": "JWT", "AuthorizerId": {"Ref": authorizers[name]}}
                return chosen | ({"AuthorizationScopes": scopes} if scopes else {})
    return {"AuthorizationType": "NONE"}
