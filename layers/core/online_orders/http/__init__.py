"""What HTTP functions share: the resolver, authorization, requests and responses."""
