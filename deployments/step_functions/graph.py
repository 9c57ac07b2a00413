"""A state machine as a picture: Mermaid source, made from its definition."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

State = dict[str, Any]
SHAPES = {"Choice": '{{"{}"}}', "Fail": '[/"{} (fails)"/]', "Succeed": '(["{}"])'}
BOX = '["{}"]'
PICTURE = re.compile(r"<!-- (\w+) -->\n```mermaid\n.*?```", re.DOTALL)


def course(machine: State) -> str:
    """The machine's course, each frame of a job as one box."""
    return "\n".join(["flowchart TD", *_drawn(machine["States"])])


def frame(state: State) -> str:
    """What is within the frame of a job: how its failure gets a name, and what the frame does with it."""
    (branch,) = state["Branches"]
    return "\n".join(["flowchart LR", *_drawn(branch["States"])])


def with_pictures(page: str, pictures: dict[str, str]) -> str:
    """A page with the pictures in the places that bear their names."""
    return PICTURE.sub(lambda place: f"<!-- {place[1]} -->\n```mermaid\n{pictures[place[1]]}\n```", page)


def _drawn(states: dict[str, State]) -> Iterator[str]:
    for name, state in states.items():
        if state["Type"] == "Map":
            inner = state["ItemProcessor"]["States"]
            yield f'  subgraph {name}["{name}: each of the plan, {state["MaxConcurrency"]} at once"]'
            yield from (f"  {line}" for line in _drawn(inner))
            yield "  end"
        else:
            yield f"  {name}{SHAPES.get(state['Type'], BOX).format(_said(name, state))}"
        yield from (f"  {name} {arrow} {target}" for arrow, target in _arrows(state, name))


def _said(name: str, state: State) -> str:
    limit = f"<br/>at most {_time(state['TimeoutSeconds'])}" if "TimeoutSeconds" in state else ""
    return f"{name}{limit}"


def _time(seconds: int) -> str:
    return f"{seconds // 3600} h" if seconds >= 3600 else f"{seconds // 60} min"


def _arrows(state: State, name: str) -> Iterator[tuple[str, str]]:
    if again := [f"{_short(retry)} {retry['MaxAttempts']}x" for retry in state.get("Retry", ())]:
        yield f'-->|"again: {", ".join(again)}"|', name
    for choice in state.get("Choices", ()):
        yield f'-->|"{_condition(choice)}"|', choice["Next"]
    if "Default" in state:
        yield "-->|else|", state["Default"]
    if "Next" in state:
        yield "-->", state["Next"]
    for caught in state.get("Catch", ()):
        yield f'-.->|"{_short(caught)}"|', caught["Next"]


def _short(handler: State) -> str:
    return ", ".join(error.replace("States.ALL", "any error") for error in handler["ErrorEquals"])


def _condition(choice: State) -> str:
    if "Or" in choice:
        return " or ".join(_condition(one) for one in choice["Or"])
    path = choice["Variable"].rpartition(".")[2]
    if "IsPresent" in choice:
        return f"there is a {path}"
    return f"{path} is like {choice['StringMatches']}".replace('"', "").replace("*ErrorMessage*", "…")
