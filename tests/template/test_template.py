"""What the templates promise beyond what linters know: of data, of what comes from outside, and of logs."""

import re
from typing import Any

import pytest
import yaml

from emulation.template import read
from online_orders.aws import attachment_store
from tests.lab.stack import translate
from tests.local_run import PROJECT

Json = dict[str, Any]

TEMPLATE = read(PROJECT / "template.yaml")
OBSERVABILITY = read(PROJECT / "observability.yaml")
WAF = read(PROJECT / "waf.yaml")
LOGGED = {"requestId", "routeKey", "status", "responseLatency", "integrationErrorMessage"}


def resources(*kinds: str, template: Json = TEMPLATE) -> dict[str, Json]:
    found = {name: one for name, one in template["Resources"].items() if one["Type"] in kinds}
    assert found, f"there is no {kinds}"
    return found


def tls_only(policy: Json) -> Any:
    """What a policy denies to everybody who comes without TLS."""
    (statement,) = (one for one in policy["PolicyDocument"]["Statement"] if one["Sid"] == "TlsOnly")
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    return statement


# Parameters.


@pytest.mark.parametrize("path", ["template.yaml", "observability.yaml", "waf.yaml", "examples/webhook/template.yaml"])
def test_whoever_gives_an_unsound_parameter_is_told_in_words(path: str) -> None:
    """CloudFormation shows the regular expression where there are none."""
    for name, parameter in read(PROJECT / path)["Parameters"].items():
        assert "AllowedPattern" not in parameter or parameter.get("ConstraintDescription"), name


# Data.


def test_every_bucket_is_private_encrypted_and_speaks_tls_only() -> None:
    policies = {
        one["Properties"]["Bucket"]["Ref"]: one["Properties"] for one in resources("AWS::S3::BucketPolicy").values()
    }
    for name, bucket in resources("AWS::S3::Bucket").items():
        properties = bucket["Properties"]
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert properties["BucketEncryption"], name
        statement = tls_only(policies[name])
        assert statement["Action"] == "s3:*"
        assert statement["Resource"] == [{"Fn::GetAtt": [name, "Arn"]}, {"Fn::Sub": f"${{{name}.Arn}}/*"}]


def test_every_queue_is_encrypted_and_speaks_tls_only() -> None:
    behind = {
        queue["Ref"] for one in resources("AWS::SQS::QueuePolicy").values() for queue in one["Properties"]["Queues"]
    }
    assert behind == resources("AWS::SQS::Queue").keys()
    for one in resources("AWS::SQS::QueuePolicy").values():
        assert tls_only(one["Properties"])["Action"] == "sqs:*"
    for name, queue in resources("AWS::SQS::Queue").items():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True, name
        assert queue["Properties"]["MessageRetentionPeriod"] <= 14 * 86_400, name


def test_the_table_is_encrypted_and_can_be_restored() -> None:
    (table,) = resources("AWS::DynamoDB::Table").values()
    assert table["Properties"]["SSESpecification"] == {"SSEEnabled": True}
    recovery = table["Properties"]["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": {"Ref": "BackupDays"}}


def test_a_replaced_or_deleted_pdf_is_kept_as_long_as_the_table_backup() -> None:
    properties = TEMPLATE["Resources"]["Documents"]["Properties"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    rule, *_ = properties["LifecycleConfiguration"]["Rules"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": {"Ref": "BackupDays"}}


def test_the_bucket_removes_the_files_of_no_decision_by_the_tag_that_they_are_stored_with() -> None:
    rules = TEMPLATE["Resources"]["Documents"]["Properties"]["LifecycleConfiguration"]["Rules"]
    (rule,) = [each for each in rules if "ExpirationInDays" in each]
    assert (rule["Status"], rule["Prefix"], rule["ExpirationInDays"]) == ("Enabled", "attachments/", 7)
    (tag,) = rule["TagFilters"]
    assert f"{tag['Key']}={tag['Value']}" == attachment_store.UNDECIDED_TAG
    assert attachment_store.object_key("x", "y").startswith(rule["Prefix"])


@pytest.mark.parametrize("name", ["Table", "Documents", "UserPool", "SigningKeys"])
def test_what_cannot_be_made_again_outlives_the_stack(name: str) -> None:
    resource = TEMPLATE["Resources"][name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


@pytest.mark.parametrize("template", [TEMPLATE, WAF], ids=["template", "waf"])
def test_no_log_is_kept_for_ever(template: Json) -> None:
    for name, group in resources("AWS::Logs::LogGroup", template=template).items():
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}, name


def test_every_function_writes_into_a_log_that_ends() -> None:
    assert TEMPLATE["Globals"]["Function"]["LoggingConfig"] == {"LogGroup": {"Ref": "FunctionLogs"}}
    for name, function in resources("AWS::Serverless::Function").items():
        assert "LoggingConfig" not in function["Properties"], name


# Logs.


def test_the_apis_log_has_the_route_and_nothing_that_holds_a_path() -> None:
    for api in resources("AWS::Serverless::HttpApi").values():
        format_ = api["Properties"]["AccessLogSettings"]["Format"]
        assert set(re.findall(r"\$context\.([\w.]+)", format_)) <= LOGGED
        assert "$context.routeKey" in format_
        assert format_.count("$") == format_.count("$context.")


def test_a_route_of_confirmation_links_names_no_link() -> None:
    """The log has the route's key, so a link must be a variable of it."""
    for _, path, _ in routes():
        assert not path.startswith("/confirm/") or path == "/confirm/{proxy+}"


def test_cloudfront_logs_nothing() -> None:
    for distribution in resources("AWS::CloudFront::Distribution").values():
        config = distribution["Properties"]["DistributionConfig"]
        assert "Logging" not in config
        behaviors = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
        assert not any("RealtimeLogConfigArn" in one for one in behaviors)


def test_the_workflows_log_has_no_data_of_an_execution() -> None:
    for machine in resources("AWS::Serverless::StateMachine").values():
        assert machine["Properties"]["Logging"]["IncludeExecutionData"] is False
        assert "Tracing" not in machine["Properties"]


def test_no_function_is_traced() -> None:
    """A trace would hold the address of each request."""
    assert "Tracing" not in TEMPLATE["Globals"]["Function"]
    assert not any("Tracing" in one["Properties"] for one in resources("AWS::Serverless::Function").values())


def test_the_firewalls_log_has_neither_path_nor_query_nor_token() -> None:
    (logging,) = resources("AWS::WAFv2::LoggingConfiguration", template=WAF).values()
    redacted = logging["Properties"]["RedactedFields"]
    headers = {one["SingleHeader"]["Name"] for one in redacted if "SingleHeader" in one}
    assert {"UriPath": {}} in redacted
    assert {"QueryString": {}} in redacted
    assert headers == {"authorization", "cookie", "referer"}


def test_the_firewall_keeps_no_samples() -> None:
    (acl,) = resources("AWS::WAFv2::WebACL", template=WAF).values()
    visible = [acl["Properties"], *acl["Properties"]["Rules"]]
    assert not any(one["VisibilityConfig"]["SampledRequestsEnabled"] for one in visible)


def test_the_firewall_lets_an_account_be_called_like_a_file() -> None:
    (acl,) = resources("AWS::WAFv2::WebACL", template=WAF).values()
    (common,) = (one for one in acl["Properties"]["Rules"] if one["Name"] == "CommonRules")
    overrides = common["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]
    counted = {one["Name"] for one in overrides if one["ActionToUse"] == {"Count": {}}}
    assert counted >= {"RestrictedExtensions_QUERYARGUMENTS", "RestrictedExtensions_URIPATH"}


# What comes from outside.


def routes() -> list[tuple[str, str, bool]]:
    """Method, path, and whether a token is needed."""
    found = []
    for function in resources("AWS::Serverless::Function").values():
        for event in function["Properties"].get("Events", {}).values():
            if event["Type"] == "HttpApi":
                properties = event["Properties"]
                is_open = properties.get("Auth", {}).get("Authorizer") == "NONE"
                found.append((properties["Method"], properties["Path"], not is_open))
    return found


def test_every_public_route_has_a_throttle_of_its_own_below_that_of_all() -> None:
    (api,) = resources("AWS::Serverless::HttpApi").values()
    of_all, own = api["Properties"]["DefaultRouteSettings"], api["Properties"]["RouteSettings"]
    public = {f"{method} {path}" for method, path, needs_token in routes() if not needs_token}
    assert public == own.keys()
    for settings in own.values():
        assert 0 < settings["ThrottlingRateLimit"] < of_all["ThrottlingRateLimit"]
        assert 0 < settings["ThrottlingBurstLimit"] < of_all["ThrottlingBurstLimit"]


def test_every_route_with_settings_of_its_own_is_a_route_of_the_api() -> None:
    """Settings of a route that is not there fail the deployment, also while it is being taken away."""
    made = translate(PROJECT / "template.yaml")["Resources"]
    body = made["Api"]["Properties"]["Body"]
    methods = {"x-amazon-apigateway-any-method": "ANY"}
    there = {
        f"{methods.get(method, method.upper())} {path}"
        for path, operations in body["paths"].items()
        for method in operations
    }
    stages = [one["Properties"] for one in made.values() if one["Type"] == "AWS::ApiGatewayV2::Stage"]
    assert len(stages) == 1
    assert stages[0]["RouteSettings"].keys() <= there
    assert len(there) == len(routes())


ERRORS_THAT_CLOUDFRONT_KEEPS = {400, 403, 404, 405, 414, 500, 501, 502, 503, 504}
"""By the developer guide's page on status codes; 416 it never keeps, and the others not at all."""


def test_cloudfront_keeps_no_refusal_and_no_error_for_the_next_caller() -> None:
    """It would for ten seconds, whatever the origin says, and under a key that does not say who asks."""
    for distribution in resources("AWS::CloudFront::Distribution").values():
        errors = distribution["Properties"]["DistributionConfig"]["CustomErrorResponses"]
        assert {one["ErrorCode"] for one in errors} >= ERRORS_THAT_CLOUDFRONT_KEEPS
        for one in errors:
            assert one == {"ErrorCode": one["ErrorCode"], "ErrorCachingMinTTL": 0}, "answers stay the origin's own"


NEVER_CACHES = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


def test_compression_is_asked_for_where_cloudfront_does_it() -> None:
    """It compresses only what it may cache by a policy with gzip or Brotli in its key."""
    for distribution in resources("AWS::CloudFront::Distribution").values():
        config = distribution["Properties"]["DistributionConfig"]
        behaviors = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
        assert len(behaviors) == 3
        for one in behaviors:
            assert one.get("Compress", False) == (one["CachePolicyId"] != NEVER_CACHES), one.get("PathPattern")


def test_the_site_is_reached_and_reaches_by_tls_only() -> None:
    for distribution in resources("AWS::CloudFront::Distribution").values():
        config = distribution["Properties"]["DistributionConfig"]
        behaviors = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
        assert {one["ViewerProtocolPolicy"] for one in behaviors} <= {"https-only", "redirect-to-https"}
        for origin in config["Origins"]:
            custom = origin.get("CustomOriginConfig", {})
            assert not custom or (custom["OriginProtocolPolicy"], custom["OriginSSLProtocols"]) == (
                "https-only",
                ["TLSv1.2"],
            )


def test_the_firewall_is_before_the_site_when_there_is_one() -> None:
    (distribution,) = resources("AWS::CloudFront::Distribution").values()
    acl = distribution["Properties"]["DistributionConfig"]["WebACLId"]
    assert acl == {"Fn::If": ["HasWebAcl", {"Ref": "WebAclArn"}, {"Ref": "AWS::NoValue"}]}
    pattern = TEMPLATE["Parameters"]["WebAclArn"]["AllowedPattern"]
    assert re.fullmatch(pattern, "arn:aws:wafv2:us-east-1:123456789012:global/webacl/site/0-1")


def test_functions_are_invoked_asynchronously_by_repeating_schedules_only() -> None:
    """An asynchronous invocation is tried three times in three minutes; what must not be lost comes by a queue."""
    for name, function in resources("AWS::Serverless::Function").items():
        kinds = {event["Type"] for event in function["Properties"].get("Events", {}).values()}
        assert not kinds - {"HttpApi", "SQS", "DynamoDB", "ScheduleV2"}, name
    for name, rule in resources("AWS::Events::Rule").items():
        for target in rule["Properties"]["Targets"]:
            queue, attribute = target["Arn"]["Fn::GetAtt"]
            assert (TEMPLATE["Resources"][queue]["Type"], attribute) == ("AWS::SQS::Queue", "Arn"), name


def consumers() -> dict[str, tuple[Json, Json]]:
    """By queue that a function works through: the properties of queue and function."""
    found = {}
    for function in resources("AWS::Serverless::Function").values():
        for event in function["Properties"].get("Events", {}).values():
            if event["Type"] == "SQS":
                queue, _ = event["Properties"]["Queue"]["Fn::GetAtt"]
                found[queue] = (TEMPLATE["Resources"][queue]["Properties"], function["Properties"])
                assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
                assert event["Properties"]["ScalingConfig"] == {"MaximumConcurrency": 2}, queue
    assert len(found) == 5
    return found


def test_every_queue_outlasts_a_day_of_outage_with_receives_and_days_to_spare() -> None:
    day = 86_400
    for name, (queue, function) in consumers().items():
        visible_again, receives = queue["VisibilityTimeout"], queue["RedrivePolicy"]["maxReceiveCount"]
        timeout = function.get("Timeout", TEMPLATE["Globals"]["Function"]["Timeout"])
        assert visible_again >= 6 * timeout, name
        assert receives * visible_again > 1.5 * day, "throttled pollers use up a receive for each timeout"
        _, _, max_pause = function["Environment"]["Variables"]["MAX_RETRY_DELAY_SECONDS"]["Fn::If"]
        assert receives * int(max_pause) / 2 > 1.5 * day, "pauses are at least half of the longest, in the end"
        assert receives * int(max_pause) < queue["MessageRetentionPeriod"], "or a message is lost and no dead letter"


def test_whoever_may_send_mail_may_send_it_in_our_name_alone() -> None:
    statements = [
        statement
        for function in resources("AWS::Serverless::Function").values()
        for policy in function["Properties"].get("Policies", [])
        for statement in policy["Statement"]
        if "ses:SendRawEmail" in str(statement)
    ]
    assert len(statements) == 4
    for statement in statements:
        assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": {"Ref": "SenderAddress"}}}
        assert statement["Resource"][0]["Fn::Sub"].endswith(":identity/*")


# Snapshots. How the aliases follow the release's name is tried on the local run: tests/sandbox/test_running.py.


PUBLISHED = ["OrdersApi", "DeskApi", "ConfirmPage"]


def test_no_function_starts_from_a_snapshot_unless_asked_for() -> None:
    assert TEMPLATE["Parameters"]["SnapStartRelease"]["Default"] == ""
    with_snapshots = {
        name for name, one in resources("AWS::Serverless::Function").items() if "SnapStart" in one["Properties"]
    }
    assert with_snapshots == {f"{name}Function" for name in PUBLISHED}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_function_is_published_under_the_name_of_a_release(name: str) -> None:
    function, version, alias = (TEMPLATE["Resources"][f"{name}{kind}"] for kind in ("Function", "Version", "Alias"))
    assert function["Properties"]["SnapStart"] == {"ApplyOn": {"Fn::If": ["HasSnapshots", "PublishedVersions", "None"]}}
    # Lambda publishes a function only if it has changed, and a name alone has to do.
    assert function["Properties"]["Description"]["Fn::Sub"].endswith(" ${SnapStartRelease}")
    assert version["Condition"] == "HasSnapshots"
    assert version["Properties"] == {
        "FunctionName": {"Ref": f"{name}Function"},
        "Description": {"Fn::Sub": "${SnapStartRelease} ${OriginSecretRelease}"},
    }
    latest_or = ["HasSnapshots", {"Fn::GetAtt": [f"{name}Version", "Version"]}, "$LATEST"]
    assert alias["Properties"]["FunctionVersion"] == {"Fn::If": latest_or}


def test_every_route_leads_to_an_alias_that_the_api_may_invoke() -> None:
    body = translate(PROJECT / "template.yaml")["Resources"]["Api"]["Properties"]["Body"]
    leads_to = {
        path: re.findall(r"functions/\$\{([\w.]+)\}/", operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"])
        for path, operations in body["paths"].items()
        for operation in operations.values()
    }
    assert leads_to.keys() == {path for _, path, _ in routes()}
    of_people = {path for path in leads_to if path == "/api/me" or "/people" in path or "/service-users" in path}
    assert len(of_people) == 16
    of_people |= {path for path in leads_to if re.search("/(me/notifications|watch|unwatch|watchers)$", path)}
    assert len(of_people) == 23
    assert leads_to == {
        **{path: ["PeopleApiFunction.Arn"] for path in of_people},
        "/api/token": ["IssueTokenFunction.Arn"],
        "/api/openapi.json": ["OrdersApiAlias"],
        "/api/{proxy+}": ["OrdersApiAlias"],
        "/api/desk/{proxy+}": ["DeskApiAlias"],
        "/api/desk/orders/{order_id}/quote/preview": ["PreviewQuoteFunction.Arn"],
        "/api/desk/orders/{order_id}/text-modules": ["PreviewQuoteFunction.Arn"],
        "/api/desk/orders/{order_id}/certificate": ["PreviewQuoteFunction.Arn"],
        "/api/desk/letterhead": ["PreviewQuoteFunction.Arn"],
        "/api/desk/letterhead/{proxy+}": ["PreviewQuoteFunction.Arn"],
        "/api/certificate-keys": ["PreviewQuoteFunction.Arn"],
        "/confirm/{proxy+}": ["ConfirmPageAlias"],
    }
    for name in PUBLISHED:
        permission = TEMPLATE["Resources"][f"{name}Permission"]["Properties"]
        assert permission["FunctionName"] == {"Ref": f"{name}Alias"}
        assert permission["SourceArn"]["Fn::Sub"].endswith(":${Api}/*")


# Exceptions.


@pytest.mark.parametrize("template", [TEMPLATE, OBSERVABILITY, WAF], ids=["template", "observability", "waf"])
def test_every_exception_of_a_resource_says_why(template: Json) -> None:
    for name, resource in template["Resources"].items():
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
            assert skip["comment"].endswith("."), (name, skip["id"])


def test_every_exception_of_a_kind_says_why() -> None:
    text = (PROJECT / ".checkov.yaml").read_text("utf-8")
    skipped = yaml.safe_load(text)["skip-check"]
    reasoned = re.findall(r"#[^\n]*\.\n((?:  - CKV\w+\n)+)", text)
    assert [one for block in reasoned for one in re.findall(r"CKV\w+", block)] == skipped
