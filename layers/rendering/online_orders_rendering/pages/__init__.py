"""The pages behind the links in mails, and their templates."""
