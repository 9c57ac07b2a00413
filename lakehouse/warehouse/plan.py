"""What must change for a PostgreSQL warehouse to be as declared: what can be done without a loss, and what cannot."""

from __future__ import annotations

from collections.abc import Iterable

from lakehouse.warehouse import rights
from lakehouse.warehouse.catalogue import Found
from lakehouse.warehouse.changes import Change, Plan, Refusal
from lakehouse.warehouse.model import LOADER, Relation
from lakehouse.warehouse.tables import created, evolved

NOTHING_YET = Found(user="", may_create_schemas=True, may_create_roles=True)


def planned(relations: Iterable[Relation], found: Found, *, with_rights: bool) -> Plan:
    """The way from what was found to these tables; without rights, roles, owners and grants are left as they are."""
    wanted = list(relations)
    schemas = list(dict.fromkeys(r.schema for r in wanted))
    maker = LOADER if with_rights else found.maker(schemas)
    first: list[Change | Refusal] = list(rights.roles(schemas, found)) if with_rights else []
    first += [c for schema in schemas for c in rights.schema(schema, found, maker)]
    first += [c for r in wanted for c in rights.owner(r, found)] if with_rights else []
    made: list[Change | Refusal] = [c for schema in schemas for c in rights.reading(schema, found) if with_rights]
    made += [created(r, found, maker) for r in wanted if found.table(r.schema, r.name) is None]
    then = [c for r in wanted if (there := found.table(r.schema, r.name)) for c in evolved(r, there, found)]
    then += [c for r in wanted for c in rights.readable(r, found)] if with_rights else []
    refused = tuple(c for c in (*first, *made, *then) if isinstance(c, Refusal))
    return Plan(maker, _changes(first), _changes(made), _changes(then), refused)


def _changes(found: Iterable[Change | Refusal]) -> tuple[Change, ...]:
    return tuple(c for c in found if isinstance(c, Change))
