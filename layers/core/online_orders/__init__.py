"""The order desk: `domain` has the rules, `http` requests and responses, `aws` all calls to AWS."""
