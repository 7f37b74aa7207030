"""Run the command-line tool, as `python -m online_orders_cli`; the script `online-orders` does that."""

from __future__ import annotations

from online_orders_cli.app import app

if __name__ == "__main__":
    app(prog_name="online-orders")
