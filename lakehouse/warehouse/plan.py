"""What must change for a PostgreSQL warehouse to be as declared: what can be done without a loss, and what cannot."""

from __future__ import annotations

from collections.abc import Iterable

from lakehouse.warehouse import rights
from lakehouse.warehouse.catalogue import Found
from lakehouse.warehouse.changes import Change, Plan, Refusal
from lakehouse.warehouse.model import LOADER, Relation
from lakehouse.warehouse.tables import evolved

NOTHING_YET = Found(user="", may_create_schemas=True, may_create_roles=True)


def planned(relations: Iterable[Relation], found: Found, *, with_rights: bool) -> Plan:
    """The way from what was found to these tables; without rights, roles, owners and grants are left as they are."""
    wanted = list(relations)
    schemas = list(dict.fromkeys(r.schema for r in wanted))
    maker = LOADER if with_rights else found.maker
    first: list[Change | Refusal] = list(rights.roles(schemas, found)) if with_rights else []
    first += [c for schema in schemas for c in rights.schema(schema, found, maker)]
    then: list[Change | Refusal] = []
    if with_rights:
        first += [c for r in wanted for c in rights.owner(r, found)]
        then += [c for schema in schemas for c in rights.reading(schema, found)]
    for relation in wanted:
        then += evolved(relation, found)
        if with_rights:
            then += rights.readable(relation, found)
    return Plan(
        maker,
        tuple(c for c in first if isinstance(c, Change)),
        tuple(c for c in then if isinstance(c, Change)),
        tuple(c for c in (*first, *then) if isinstance(c, Refusal)),
    )
