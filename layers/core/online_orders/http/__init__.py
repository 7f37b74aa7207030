"""What HTTP functions share: the resolver, who calls, what was sent, and what is answered."""
