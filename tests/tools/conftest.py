"""These tests import the functions before any lab has set their environment, and metrics ask for theirs at import."""

import os

os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "OnlineOrders")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "online-orders")
