"""Check what AWS reports about a stage's resources."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tools.smoke.stage import Json, NotApplicable, Stage, Wrong

ENOUGH_AT_ONCE = 100
SETTLED = timedelta(hours=1)
"""The age after which every metric of an idle stage exists."""
SUMS_OF = timedelta(hours=3)
EVENT_TYPES = {"DELIVERY", "DELIVERY_DELAY", "BOUNCE", "COMPLAINT", "REJECT"}


def lambda_concurrency(stage: Stage) -> str:
    limit = stage.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    if limit < ENOUGH_AT_ONCE:
        raise Wrong(f"The account may run {limit} functions at once.")
    return str(limit)


def sender_verified(stage: Stage) -> str:
    sesv2 = stage.client("sesv2")
    domain = stage.parameters["SenderDomain"]
    identity = sesv2.get_email_identity(EmailIdentity=domain)
    if not identity["VerifiedForSendingStatus"]:
        raise Wrong(f"{domain} is not verified: DKIM is {identity['DkimAttributes'].get('Status')}.")
    return domain


def out_of_ses_sandbox(stage: Stage) -> None:
    account = stage.deployed("sesv2").get_account()
    if not account["SendingEnabled"]:
        raise Wrong("SES sends nothing for this account.")
    if account["ProductionAccessEnabled"]:
        return
    if stage.parameters.get("Stage") == "prod":
        raise Wrong("SES mails to verified addresses only.")
    raise NotApplicable(
        "SES is in its sandbox, where a stage for trials may stay: it mails to verified addresses only."
    )


def ses_reports(stage: Stage) -> str:
    sesv2 = stage.client("sesv2")
    _, name = stage.resources["MailConfiguration"]
    response = sesv2.get_configuration_set_event_destinations(ConfigurationSetName=name)
    types = {
        kind.upper()
        for each in response["EventDestinations"]
        if each["Enabled"] and "EventBridgeDestination" in each
        for kind in each["MatchingEventTypes"]
    }
    if types != EVENT_TYPES:
        raise Wrong(f"The event destination of {name} has {', '.join(sorted(types)) or 'no types'}.")
    return ", ".join(sorted(types))


def nobody_signs_up(stage: Stage) -> None:
    if not _pool(stage)["AdminCreateUserConfig"].get("AllowAdminCreateUserOnly"):
        raise Wrong("Whoever asks gets a user of this pool: its settings were set back.")


def tokens_name_roles(stage: Stage) -> str:
    """Look that the pool's tokens have what the trigger writes, and that the gateway lets them pass with it."""
    triggers = _pool(stage).get("LambdaConfig", {})
    if stage.outputs["IdentityAudience"] != stage.outputs["UserPoolClientId"]:
        raise NotApplicable("People sign in with another provider.")
    if not triggers.get("PreTokenGeneration"):
        raise Wrong("The pool calls no function before it issues a token: its settings were set back.")
    seen = {who: _claims(token) for who, token in stage.tokens.items()}
    lacking = sorted(who for who, claims in seen.items() if not claims.get("role"))
    if lacking:
        raise Wrong(f"The id token of {', '.join(lacking)} names no role: the pool does not call IssueClaimsFunction.")
    return ", ".join(f"{who}: {claims['role']}" for who, claims in sorted(seen.items()))


def _claims(token: str) -> Json:
    payload = token.split(".")[1]
    claims: Json = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def people_return(stage: Stage) -> str:
    cognito = stage.client("cognito-idp")
    pool, client = stage.outputs["UserPoolId"], stage.outputs["UserPoolClientId"]
    if stage.outputs["IdentityAudience"] != client:
        raise NotApplicable("People sign in with another provider.")
    described = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)
    addresses = described["UserPoolClient"].get("CallbackURLs", [])
    if f"{stage.site}/" not in addresses:
        raise Wrong(f"After signing in people are sent to {', '.join(addresses)}, not to {stage.site}/.")
    return f"{stage.site}/"


def data_protected(stage: Stage) -> None:
    dynamodb = stage.client("dynamodb")
    if stage.parameters.get("Stage") != "prod":
        raise NotApplicable("Only a prod stage is protected.")
    table = stage.outputs["TableName"]
    if not dynamodb.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled"):
        raise Wrong("The table can be deleted.")
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    if backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] != "ENABLED":
        raise Wrong("The table has no point-in-time recovery.")
    if _pool(stage).get("DeletionProtection") != "ACTIVE":
        raise Wrong("The user pool can be deleted.")


def _pool(stage: Stage) -> Json:
    pool: Json = stage.client("cognito-idp").describe_user_pool(UserPoolId=stage.outputs["UserPoolId"])["UserPool"]
    return pool


def metrics_arrive(stage: Stage) -> str:
    found = stage.deployed("cloudwatch").list_metrics(
        Namespace="OnlineOrders", Dimensions=[{"Name": "service", "Value": stage.stack}]
    )["Metrics"]
    names = sorted({one["MetricName"] for one in found})
    if "OverdueMinutes" not in names:
        _not_before_it_has_settled(stage)
        raise Wrong(f"MeasureFunction's metrics are not there; found {', '.join(names) or 'none'}.")
    return f"{len(names)} metrics"


def alarms_have_states(stage: Stage) -> str:
    blind = [one for one in _alarms(stage) if one["StateValue"] == "INSUFFICIENT_DATA"]
    if blind:
        _not_before_it_has_settled(stage)
        raise Wrong(f"INSUFFICIENT_DATA: {', '.join(one['AlarmName'] for one in blind)}.")
    return f"{len(_alarms(stage))} alarms"


def no_alarm_rings(stage: Stage) -> None:
    ringing = [one["AlarmName"] for one in _alarms(stage) if one["StateValue"] == "ALARM"]
    if ringing:
        raise Wrong(f"ALARM: {', '.join(ringing)}.")


def alarms_are_heard(stage: Stage) -> None:
    sns = stage.deployed("sns")
    if not stage.parameters.get("AlarmAddress"):
        raise NotApplicable("The stage has no AlarmAddress.")
    _must_have_alarms(stage)
    _, topic = stage.resources["Alarms"]
    response = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    if not any(one["SubscriptionArn"].startswith("arn:") for one in response):
        raise Wrong("Nobody has answered SNS's mail to AlarmAddress.")


def sums_have_values(stage: Stage) -> str:
    """Compare each alarm's sum with its parts: it has a value whenever one of them has, and no smaller one."""
    cloudwatch, now, seen = stage.deployed("cloudwatch"), datetime.now(UTC), 0
    for alarm in (one for one in _alarms(stage) if one.get("Metrics")):
        queries = [{**query, "ReturnData": True} for query in alarm["Metrics"]]
        (total,) = (query["Id"] for query in queries if "Expression" in query)
        response = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=now - SUMS_OF, EndTime=now)
        values = {
            one["Id"]: dict(zip(one["Timestamps"], one["Values"], strict=True)) for one in response["MetricDataResults"]
        }
        sums = values.pop(total, {})
        for at in sorted({at for part in values.values() for at in part}):
            seen += 1
            expected = sum(part.get(at, 0.0) for part in values.values())
            if sums.get(at, -1.0) < expected:
                raise Wrong(
                    f"{alarm['AlarmName']} at {at:%H:%M}: the sum is {sums.get(at, 'missing')}, not {expected:g}."
                )
    if not seen:
        raise NotApplicable("No part of a sum had a value in the last three hours: try again later.")
    return f"{seen} sums"


def indexes_have_dimension(stage: Stage) -> str:
    cloudwatch, table = stage.deployed("cloudwatch"), stage.outputs["TableName"]
    found = cloudwatch.list_metrics(
        Namespace="AWS/DynamoDB",
        Dimensions=[{"Name": "TableName", "Value": table}, {"Name": "GlobalSecondaryIndexName"}],
    )["Metrics"]
    named = {each["Value"] for one in found for each in one["Dimensions"] if each["Name"] == "GlobalSecondaryIndexName"}
    indexes = stage.client("dynamodb").describe_table(TableName=table)["Table"]["GlobalSecondaryIndexes"]
    if missing := {one["IndexName"] for one in indexes} - named:
        _not_before_it_has_settled(stage)
        raise Wrong(f"No metric has GlobalSecondaryIndexName for {', '.join(sorted(missing))}.")
    return ", ".join(sorted(named))


def versions_active(stage: Stage) -> str:
    aliases = stage.of_type("AWS::Lambda::Alias")
    lambda_ = stage.client("lambda")
    published = [
        one
        for one in (lambda_.get_function_configuration(FunctionName=alias) for alias in aliases)
        if one["Version"] != "$LATEST"
    ]
    if not published:
        raise NotApplicable("SnapStart is off.")
    idle = [
        f"{one['FunctionName']}:{one['Version']} is {one['State']}" for one in published if one["State"] != "Active"
    ]
    if idle:
        raise Wrong("; ".join(idle) + ".")
    return f"{len(published)} versions"


def no_dead_letters(stage: Stage) -> None:
    sqs = stage.client("sqs")
    for name in ("MailDeadLettersUrl", "StreamDeadLettersUrl"):
        response = sqs.get_queue_attributes(
            QueueUrl=stage.outputs[name], AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        if int(response["ApproximateNumberOfMessages"]):
            raise Wrong(f"{name} has {response['ApproximateNumberOfMessages']} messages.")


def _alarms(stage: Stage) -> list[Json]:
    cloudwatch = stage.deployed("cloudwatch")
    _must_have_alarms(stage)
    names = stage.of_type("AWS::CloudWatch::Alarm")
    found: list[Any] = cloudwatch.describe_alarms(AlarmNames=names, MaxRecords=100)["MetricAlarms"]
    if missing := set(names) - {one["AlarmName"] for one in found}:
        raise Wrong(f"There is no {', '.join(sorted(missing))}.")
    return found


def _must_have_alarms(stage: Stage) -> None:
    if stage.of_type("AWS::CloudWatch::Alarm"):
        return
    if stage.parameters.get("Stage") != "prod" and stage.parameters.get("Observability") == "false":
        raise NotApplicable("The stage has no alarms: Observability is false.")
    raise Wrong("There are no alarms: deploy with Observability=true.")


def _not_before_it_has_settled(stage: Stage) -> None:
    if not stage.has_run_for(SETTLED):
        raise NotApplicable("The stage has not run for an hour: try again then.")
