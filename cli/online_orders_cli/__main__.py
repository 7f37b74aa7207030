"""`python -m online_orders_cli` is what the script `online-orders` runs."""

from __future__ import annotations

from online_orders_cli.app import app

if __name__ == "__main__":
    app(prog_name="online-orders")
