"""EventBridge where moto's falls short: patterns look into lists of objects, and topics can be targets."""

import json
from collections.abc import Callable
from typing import Any

from moto.events.models import EventPattern, Rule


def matches(pattern: Any, event: Any) -> bool:
    """Whether an event fits a pattern, by the rules of EventBridge that our templates use."""
    if isinstance(pattern, dict):
        if isinstance(event, list):
            return any(matches(pattern, one) for one in event)
        return isinstance(event, dict) and all(k in event and matches(v, event[k]) for k, v in pattern.items())
    values = event if isinstance(event, list) else [event]
    return any(_fits(wanted, value) for wanted in pattern for value in values)


def _fits(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, dict):
        return bool(wanted == value)
    ((how, what),) = wanted.items()
    assert how == "anything-but", f"no support for {how} in these tests"
    return value not in (what if isinstance(what, list) else [what])


def mend(publish: Callable[[str, str, str], None]) -> None:
    """Makes moto's rules work like that; `publish` is told the region, the topic's ARN and the message."""
    plain = Rule.send_to_targets

    def matches_event(self: EventPattern, event: Any) -> bool:
        return matches(self.get_pattern(), json.loads(json.dumps(event)))

    def send(self: Rule, original_event: Any, transform_input: bool = True) -> None:
        if not self.event_pattern.matches_event(original_event):
            return
        topics = [target["Arn"] for target in self.targets if ":sns:" in target["Arn"]]
        for topic in topics:
            publish(self.region_name, topic, json.dumps(original_event, default=str))
        if not topics:
            plain(self, original_event, transform_input)

    EventPattern.matches_event = matches_event
    Rule.send_to_targets = send
