"""Pieces of Markdown: tables, pictures and rules in words."""

from __future__ import annotations

from lakehouse.checks import AnyCheck, Check, Fresh, References, Unique, Volume


def grid(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def drawn(diagram: str) -> str:
    """A Mermaid picture."""
    return f"```mermaid\n{diagram}\n```"


def rule(check: AnyCheck) -> str:
    """What holds where all is well."""
    match check:
        case Check(condition=condition):
            return f"`{condition}`"
        case Unique(columns=columns):
            return f"no two rows share ({', '.join(columns)})"
        case References(columns=columns, table=parent, key=key):
            return f"({', '.join(columns)}) is ({', '.join(key)}) of a row of {parent}, deleted or not"
        case Fresh(column=column, within=within):
            return f"the newest {column} is at most {within} older than the run's horizon"
        case Volume(low=low, high=high):
            return f"a run brings {low:g} to {high:g} times the median rows of the last ones"
