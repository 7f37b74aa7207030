"""The mails: a template each, in this folder, and what they are made of."""
