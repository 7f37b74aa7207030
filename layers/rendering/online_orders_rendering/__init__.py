"""What people read: mails, the pages behind the links in them, and the quote on paper."""
