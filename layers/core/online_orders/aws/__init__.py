"""What touches AWS: clients, the table, the signing keys, the workflow's tokens, the bus, the mail."""
