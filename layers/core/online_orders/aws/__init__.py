"""All calls to AWS: clients, the table, the signing keys, the workflow, the event bus, queues, mail."""
