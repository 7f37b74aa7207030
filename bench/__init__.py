"""What a request, an order and growth cost; `make bench` runs it all and writes docs/performance.md and
docs/cost.md."""
