"""Ours, with Python's own idea of how often the collector looks."""

import gc
from importlib import import_module

gc.set_threshold = lambda *_: None
handler = import_module("orders_api").handler
