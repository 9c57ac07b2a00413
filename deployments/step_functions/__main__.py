"""Writes the definition's file and the pictures of its page: `python -m deployments.step_functions`."""

from __future__ import annotations

from pathlib import Path

from deployments.step_functions import definition, graph

PAGE = Path(__file__).parents[2] / "docs/step_functions.md"


def page() -> str:
    """The page with pictures of this definition."""
    machine = definition.machine()
    pictures = {"course": graph.course(machine), "frame": graph.frame(machine["States"]["Marts"])}
    return graph.with_pictures(PAGE.read_text("utf-8"), pictures)


if __name__ == "__main__":
    definition.FILE.write_text(definition.text(), "utf-8")
    PAGE.write_text(page(), "utf-8")
