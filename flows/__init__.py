"""Prefect flows: order and fan-out, no business meaning."""
