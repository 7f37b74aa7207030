"""The mails: a template each, in this folder, and the values that templates use."""
