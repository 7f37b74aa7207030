"""Test a deployed stage: from outside, and by commands that check what is assumed of AWS.

    .venv/bin/python -m tools.smoke dev

A stage is a table of samconfig.toml, or `sandbox`: the local run that SANDBOX_DIR (`.sandbox`) describes. Two users are
created in the stage's pool, one of Customer Success and one of an account that is created for this, and deleted at the
end. With CUSTOMER_TOKEN and DESK_TOKEN, id tokens, no user is created; with SITE as well no stage is needed, and checks
of what only AWS knows do not apply.
"""
