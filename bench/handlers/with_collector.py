"""Ours, with a collector that is neither stopped nor frozen."""

import gc
from importlib import import_module

gc.disable = gc.freeze = lambda: None
handler = import_module("orders_api").handler
