"""Ours, with boto3's clients as they are made when nobody asks for anything else."""

from importlib import import_module

import boto3

from online_orders.aws import clients

clients.use_factory(boto3.client)
handler = import_module("orders_api").handler
