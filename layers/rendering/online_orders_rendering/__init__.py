"""Render what people read: mails, the pages behind the links in them, and the quote's PDF."""
