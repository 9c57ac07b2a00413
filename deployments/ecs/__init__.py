"""Runs as tasks of Amazon ECS."""
