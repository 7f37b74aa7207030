"""The order desk: accounts, orders, quotes and links as plain rules; `aws` holds what touches AWS."""

import gc

# A cold start makes objects that stay: to look through them some hundred times, as Python would, takes 5 % of it.
gc.set_threshold(100_000, 50, 100)
