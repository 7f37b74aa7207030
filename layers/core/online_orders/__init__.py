"""The order desk: accounts, orders, quotes and links as plain rules; `aws` holds what touches AWS."""
