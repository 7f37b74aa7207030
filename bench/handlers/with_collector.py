"""Ours, with Python's own idea of how often the collector looks."""

import gc

gc.set_threshold = lambda *_: None

from orders_api import handler  # noqa: E402, F401 - the bench's
