"""The rules: what an order, a quote, an account or a link may become. No AWS, no HTTP, no clock, no random numbers."""
