"""Make the template ready for the engine: the same resources, except for what only AWS has.

Functions keep everything but their package: the engine forwards an invocation to the `FunctionHost`, which runs the
handler from a copy of the source tree. So an empty zip is deployed, with the address of the host.
"""

import functools
import json
import os
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import intrinsics_multi_constructor

from emulation import TemplateError, http_api

CODE_BUCKET = "sandbox-code"
# Documented by ministack under "Lambda Proxy": with this variable an invocation is a POST to the address.
FORWARD_TO = "MINISTACK_LAMBDA_PROXY_URL"
# The host enforces the function's own timeout. The engine's must leave room for the time in the queue before it.
ENGINE_TIMEOUT_SECONDS = 900

# Resources that AWS has and the engine has not; no order needs them.
NOT_IN_ENGINE = {
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::AnomalyDetector",
    "AWS::CloudWatch::InsightRule",
    "AWS::Budgets::Budget",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Events::Archive",
    "AWS::Logs::QueryDefinition",
    "AWS::ResourceGroups::Group",
    "AWS::SES::ReceiptRule",
    "AWS::SES::ReceiptRuleSet",
    "AWS::WAFv2::WebACLAssociation",
    "AWS::XRay::Group",
    "AWS::XRay::SamplingRule",
}

EVENT_TYPES = {
    "bounce": "BOUNCE",
    "click": "CLICK",
    "complaint": "COMPLAINT",
    "delivery": "DELIVERY",
    "deliveryDelay": "DELIVERY_DELAY",
    "open": "OPEN",
    "reject": "REJECT",
    "renderingFailure": "RENDERING_FAILURE",
    "send": "SEND",
    "subscription": "SUBSCRIPTION",
}
"""SES's event types: as CloudFormation has always taken them, and as SES's API has them.

CloudFormation refused the latter until 2025, and the resource's schema names the former. The engine takes both.
"""

IDENTITY_PROVIDER = "AWS::Cognito::UserPoolIdentityProvider"
"""The engine has providers, but not in CloudFormation: whoever runs the template creates them by the API."""

Template = dict[str, Any]


@dataclass(frozen=True)
class FunctionSource:
    """Where a function's code is, in the order of the search path, and its timeout in seconds."""

    code: Path
    layers: tuple[Path, ...]
    timeout: float


@dataclass(frozen=True)
class LocalTemplate:
    """The template for the engine; `body` is plain CloudFormation.

    `functions` is by logical id; `token_fields` are the names under which the workflow passes its task tokens;
    `identity_providers` are the properties of providers, by their names, as the template has them.
    """

    body: Template
    functions: dict[str, FunctionSource]
    token_fields: frozenset[str]
    identity_providers: dict[str, dict[str, Any]]

    @property
    def parameters(self) -> frozenset[str]:
        return frozenset(self.body.get("Parameters", {}))


class _CloudFormationLoader(yaml.CSafeLoader):
    """Reads YAML with the short forms of the intrinsic functions, by SAM's own constructors; in C, six
    times as fast.
    """


_CloudFormationLoader.add_multi_constructor("!", intrinsics_multi_constructor)


def read(path: Path) -> Template:
    try:
        loaded: Template = pickle.loads(_parsed(path.read_text(encoding="utf-8")))  # noqa: S301 - written below
    except OSError as error:
        raise TemplateError(f"cannot read {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise TemplateError(f"{path} is not YAML: {error}") from error
    return loaded


@functools.cache
def _parsed(text: str) -> bytes:
    """Return what is parsed, pickled: templates are read again and again, and YAML takes twenty times as long."""
    return pickle.dumps(yaml.load(text, _CloudFormationLoader))  # noqa: S506 - it extends CSafeLoader


def localize(
    template: Template, project: Path, *, region: str, forward_to: str, code: Path, tick: int | None = None
) -> LocalTemplate:
    """Return the template for the engine, and copy the functions' code to `code`, so that changes of the sources do not
    matter.

    `forward_to` is the host's address. `tick` replaces the timeout of the workflow's waits, in seconds.
    """
    template = json.loads(json.dumps(template, default=str))
    _refuse_unknown_event_types(template)
    for properties in _functions(template):
        for only_on_aws in ("DeploymentPreference", "SnapStart", "ReservedConcurrentExecutions"):
            properties.pop(only_on_aws, None)

    token_fields: set[str] = set()
    for definition in load_definitions(template, project):
        token_fields |= prepare_waits(definition, tick)

    body = http_api.spell_out(without_serverless(template, region))
    body, identity_providers = _without_identity_providers(body)
    body["Resources"] = _known_to_engine(body["Resources"])
    functions = {}
    for logical_id, resource in body["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function":
            functions[logical_id] = _source(body["Resources"], resource["Properties"], code)
            resource["Properties"]["Timeout"] = ENGINE_TIMEOUT_SECONDS
            resource["Properties"].setdefault("Environment", {}).setdefault("Variables", {})[FORWARD_TO] = forward_to
    for copied in {folder for source in functions.values() for folder in (source.code, *source.layers)}:
        shutil.copytree(project / copied.relative_to(code), copied)
    return LocalTemplate(body, functions, frozenset(token_fields), identity_providers)


def load_definitions(template: Template, project: Path) -> list[dict[str, Any]]:
    """Point code at a bucket, by the names of its folders, and put the definitions into state machines; return these.

    Raises TemplateError for a missing folder.
    """
    for properties in _functions(template):
        _point_into_bucket(properties, "CodeUri", project)
    for properties in _properties(template, "AWS::Serverless::LayerVersion"):
        _point_into_bucket(properties, "ContentUri", project)
    definitions = []
    for properties in _properties(template, "AWS::Serverless::StateMachine"):
        if isinstance(properties.get("DefinitionUri"), str):
            definition = json.loads((project / properties.pop("DefinitionUri")).read_text(encoding="utf-8"))
            definitions.append(definition)
            properties["Definition"] = definition
    return definitions


def code_folders(resources: dict[str, Any]) -> list[str]:
    """Return the folders that plain resources refer to, each as often as it is named."""
    places = {"AWS::Lambda::Function": "Code", "AWS::Lambda::LayerVersion": "Content"}
    return [
        resource["Properties"][places[resource["Type"]]]["S3Key"]
        for resource in resources.values()
        if resource["Type"] in places
    ]


def _functions(template: Template) -> list[dict[str, Any]]:
    """Return the properties of every function, and the global ones."""
    defaults = template.get("Globals", {}).get("Function", {})
    return [defaults, *_properties(template, "AWS::Serverless::Function")]


def _refuse_unknown_event_types(template: Template) -> None:
    for properties in _properties(template, "AWS::SES::ConfigurationSetEventDestination"):
        if unknown := set(properties["EventDestination"]["MatchingEventTypes"]) - EVENT_TYPES.keys():
            raise TemplateError(f"CloudFormation knows no event types {', '.join(sorted(unknown))}")


def _properties(template: Template, resource_type: str) -> list[dict[str, Any]]:
    return [
        resource.setdefault("Properties", {})
        for resource in template["Resources"].values()
        if resource["Type"] == resource_type
    ]


def _point_into_bucket(properties: dict[str, Any], name: str, project: Path) -> None:
    if isinstance(properties.get(name), str):
        folder = os.path.normpath(properties[name])
        if not (project / folder).is_dir():
            raise TemplateError(f"the template's {name} {folder} is no folder of {project}")
        properties[name] = f"s3://{CODE_BUCKET}/{folder}"


def prepare_waits(definition: dict[str, Any], tick: int | None) -> set[str]:
    """Set the timeout of every wait for a task token, if `tick` is given; return the names of the payloads' token
    fields.
    """
    fields: set[str] = set()
    for state in definition["States"].values():
        if str(state.get("Resource", "")).endswith(".waitForTaskToken"):
            if tick is not None:
                state["TimeoutSeconds"] = tick
            payload = state.get("Parameters", {}).get("Payload", {})
            fields |= {name.removesuffix(".$") for name, path in payload.items() if path == "$$.Task.Token"}
    return fields


class _NoManagedPolicies:
    def load(self) -> dict[str, str]:
        return {}


def without_serverless(template: Template, region: str) -> Template:
    """Return the template without its SAM transform; raise TemplateError where it cannot be translated."""
    previous = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = region  # the translator asks boto for the partition
    try:
        plain: Template = transform(template, {}, _NoManagedPolicies())
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise TemplateError(f"the template does not translate: {causes}") from error
    finally:
        if previous is None:
            del os.environ["AWS_DEFAULT_REGION"]
        else:
            os.environ["AWS_DEFAULT_REGION"] = previous
    return plain


def _without_identity_providers(body: Template) -> tuple[Template, dict[str, dict[str, Any]]]:
    """Return the template without its identity providers, a reference to one being its name, and their properties."""
    resources = body["Resources"]
    found = {name: each["Properties"] for name, each in resources.items() if each["Type"] == IDENTITY_PROVIDER}
    text = json.dumps({**body, "Resources": {name: each for name, each in resources.items() if name not in found}})
    for name, properties in found.items():
        text = text.replace(json.dumps({"Ref": name}), json.dumps(properties["ProviderName"]))
    return json.loads(text), {properties["ProviderName"]: properties for properties in found.values()}


def _known_to_engine(resources: dict[str, Any]) -> dict[str, Any]:
    kept = {logical_id: resource for logical_id, resource in resources.items() if not _only_on_aws(resource)}
    text = json.dumps(kept)
    for logical_id in resources.keys() - kept.keys():
        if json.dumps({"Ref": logical_id}) in text or f'["{logical_id}", ' in text or f"${{{logical_id}" in text:
            kind = resources[logical_id]["Type"]
            raise TemplateError(f"the engine has no {kind}, but the template refers to {logical_id}")
    return kept


def _only_on_aws(resource: dict[str, Any]) -> bool:
    metric_math = resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]
    return metric_math or resource["Type"] in NOT_IN_ENGINE


def _source(resources: dict[str, Any], properties: dict[str, Any], code: Path) -> FunctionSource:
    layers = [
        code / resources[layer["Ref"]]["Properties"]["Content"]["S3Key"]
        for layer in properties.get("Layers", [])
        if isinstance(layer, dict) and "Ref" in layer
    ]
    # A later layer is unpacked over an earlier one, so it comes first on the search path.
    timeout = float(properties.get("Timeout", 3))
    return FunctionSource(code / properties["Code"]["S3Key"], tuple(reversed(layers)), timeout)
