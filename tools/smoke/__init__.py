"""Try a deployed stage: what can be told of it from outside, and of what is believed of AWS by a command.

    .venv/bin/python -m tools.smoke dev

A stage is a table of samconfig.toml, or `sandbox`: the local run that SANDBOX_DIR (`.sandbox`) describes. Two users are
made in the stage's pool, one of Customer Success and one of an account that is made for this, and deleted at the end.
With CUSTOMER_TOKEN and DESK_TOKEN, id tokens, no user is made; with SITE beside them no stage is needed, and what only
AWS can answer does not apply.
"""
