"""Ours, with the SDK's client of DynamoDB, tuned as the other clients are, in the place of our own calls."""

from importlib import import_module

import orders_api
from online_orders.aws.clients import client

import_module("by_client").call_by(client("dynamodb"))
handler = orders_api.handler
