"""Faults that take longer to play than `make test` may last."""
