"""Prefect tasks round the pipeline, and the Warehouse block."""
