"""From source text to typed columns by declaration, and the verdict of a table's rules on each row."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts import Column, Curation, Dates, Flags, Items, Money, OneOf, Table, Terminal

SILVER_NAMES = {
    "TEXT": "STRING",
    "TIMESTAMP(6)": "TIMESTAMP",
    "DATETIME": "TIMESTAMP",
    "DATETIME(6)": "TIMESTAMP",
}
RAW = "_raw"


@dataclass(frozen=True)
class Verdict:
    """Breaches by rule: of rejected rows the first rule that they break, of clean rows the warnings."""

    rejected: dict[str, int]
    warned: dict[str, int]


def judged(bronze: DataFrame, curation: Curation) -> DataFrame:
    """Curated rows with `_rule` (the first broken rule, or NULL) and `_reason` (all of them).

    Columns starting with `_` pass through; `_raw` keeps the row as it was extracted, but for what is hashed.
    """
    table = curation.table
    raw = bronze.withColumn(RAW, F.struct(*[_kept(c, curation).alias(c.name) for c in table.columns]))
    curated = curation.curate(typed(raw, curation))
    broken = F.filter(F.array(*_breaches(table)), lambda rule: rule.isNotNull())
    return curated.withColumn("_broken", broken).select(
        *curated.columns,
        F.when(F.size("_broken") > 0, F.col("_broken")[0]).alias("_rule"),
        F.when(F.size("_broken") > 0, F.array_join("_broken", ", ")).alias("_reason"),
    )


def typed(raw: DataFrame, curation: Curation) -> DataFrame:
    """The declared columns in their silver types, hashed where they are personal; what cannot be read is NULL."""
    return raw.withColumns({c.name: hidden(value(c), c, curation) for c in curation.table.columns})


def hidden(value: Expression, column: Column, curation: Curation) -> Expression:
    """A typed value, or its keyed hash where the column is personal.

    Raises:
        Terminal: There is no key.
    """
    if curation.pseudonyms is not None:
        return curation.pseudonyms.instead_of(value, column)
    if column.pii == "personal":
        raise Terminal(f"table {curation.table.name}: {column.name} is personal, and no key hides it")
    return value


def _kept(column: Column, curation: Curation) -> Expression:
    is_hashed = curation.pseudonyms is not None and curation.pseudonyms.covers(column)
    return hidden(value(column), column, curation) if is_hashed else F.col(f"`{column.name}`")


def value(column: Column) -> Expression:
    """The typed value of a column's stored one."""
    stored = F.col(f"`{column.name}`")
    to = SILVER_NAMES.get(column.type, column.type)
    if to.startswith(("VARCHAR", "CHAR")):
        to = "STRING"
    if column.spelling is None:
        return _without_nulls(stored, column).cast(to)
    text = _without_nulls(F.trim(stored.cast("string")), column)
    match column.spelling:
        case Dates(patterns):
            return F.coalesce(*[F.try_to_timestamp(text, F.lit(p)) for p in patterns]).cast(to)
        case Money():
            return F.regexp_replace(text, r"[$€£,\s]", "").try_cast(to)
        case Flags(true, false):
            low = F.lower(text)
            return F.when(low.isin(*true), True).when(low.isin(*false), False)
        case OneOf(values, aliases):
            spellings = {v.lower(): v for v in values} | {a.lower(): v for a, v in aliases}
            pairs = [F.lit(x) for pair in spellings.items() for x in pair]
            return F.try_element_at(F.create_map(*pairs), F.lower(text))
        case Items(separator):
            parts = F.transform(F.split(text, separator), F.trim)
            return F.filter(parts, lambda part: part != "")


def _without_nulls(text: Expression, column: Column) -> Expression:
    if not column.nulls:
        return text
    trimmed = F.trim(text.cast("string"))
    return F.when(~trimmed.isin(*column.nulls), trimmed)


def _breaches(table: Table) -> list[Expression]:
    rules = [rule for column in table.columns for rule in _column_rules(column)]
    checks = [
        F.when(~F.coalesce(F.expr(c.condition), F.lit(True)), F.lit(c.name))
        for c in table.checks
        if c.severity != "warn"
    ]
    return [*rules, *checks] or [F.lit(None).cast("string")]


def _column_rules(column: Column) -> list[Expression]:
    had = _without_nulls(F.col(RAW)[column.name], column).isNotNull()
    lost = F.col(f"`{column.name}`").isNull()
    rules = []
    if not column.nullable:
        rules.append(F.when(lost & ~had, F.lit(f"{column.name}_missing")))
    if column.spelling is not None:
        word = "unknown" if isinstance(column.spelling, OneOf) else "unreadable"
        rules.append(F.when(lost & had, F.lit(f"{column.name}_{word}")))
    return rules


def verdict(rows: DataFrame, table: Table, known: int) -> Verdict:
    """Counts, in one pass over judged rows, the breaches of each rule; `known` is how many rows silver had before.

    Raises:
        Terminal: A rule of severity `fail` is broken, or more rows are rejected than declared.
    """
    live = rows.where("_op = 'upsert'")
    warned = [c for c in table.checks if c.severity == "warn"]
    breaches = [F.count_if(F.expr(f"_rule IS NULL AND NOT ({c.condition})")).alias(c.name) for c in warned]
    counted = live.groupBy("_rule").agg(F.count("*").alias("_rows"), *breaches).collect()
    rejected = {str(r["_rule"]): int(r["_rows"]) for r in counted if r["_rule"] is not None}
    _refuse(rejected, table, max(known, sum(int(r["_rows"]) for r in counted)))
    totals = {c.name: sum(int(r[c.name]) for r in counted) for c in warned}
    return Verdict(rejected, {name: n for name, n in totals.items() if n})


def _refuse(rejected: dict[str, int], table: Table, known: int) -> None:
    for check in table.checks:
        if check.severity == "fail" and rejected.get(check.name):
            raise Terminal(f"table {table.name}: {rejected[check.name]} rows break {check.name}; silver is untouched")
    total = sum(rejected.values())
    if total > table.max_reject_share * max(1, known):
        raise Terminal(
            f"table {table.name}: {total} of {known} rows are rejected ({', '.join(sorted(rejected))}), "
            f"more than the declared share {table.max_reject_share:g}; silver is untouched"
        )
