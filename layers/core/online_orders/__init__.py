"""The order desk: `domain` has the rules, `http` what comes in and goes out, `aws` what touches AWS."""
