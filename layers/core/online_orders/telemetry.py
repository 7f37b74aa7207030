"""The logger and the metrics of every function."""

from __future__ import annotations

import os
import warnings

from aws_lambda_powertools import Logger, Metrics

SERVICE = "online-orders"

# A request that counts nothing is no fault; powertools would say so on each.
warnings.filterwarnings("ignore", message="No application metrics to publish")

logger = Logger(service=SERVICE)
metrics = Metrics(namespace="OnlineOrders", service=os.environ.get("POWERTOOLS_SERVICE_NAME", SERVICE))
"""Their one dimension, `service`, is the stack, so that two stages of one account have metrics of their own."""
