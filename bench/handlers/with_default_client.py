"""Ours, with the SDK's client as it is made when nobody asks for anything else."""

import boto3
import with_client  # type: ignore[import-not-found]  # found beside this one when it runs

with_client.client = boto3.client("dynamodb")

handler = with_client.handler
