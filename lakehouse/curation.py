"""From source text to typed columns by declaration, and the rules that each row breaks."""

from __future__ import annotations

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
AMOUNT = r"^-?\s*[$€£]?\s*-?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?$"
NORMALIZER = "com.ibm.icu.text.Normalizer"  # comes with Spark, which has no NFC of its own
BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001))))


def judged(bronze: DataFrame, curation: Curation) -> DataFrame:
    """Curated rows with `_rule` (the first broken rule, or NULL) and `_broken` (all of them).

    Columns starting with `_` pass through; `_raw` keeps the row as it was extracted, but for what is hashed.
    """
    table = curation.table
    raw = bronze.withColumn(RAW, F.struct(*[_kept(c, curation).alias(c.name) for c in table.columns]))
    curated = curation.curate(typed(raw, curation))
    breaches = _breaches(table)
    rule, none = F.coalesce(*breaches), F.array().cast("array<string>")
    broken = F.when(rule.isNull(), none).otherwise(F.array_compact(F.array(*breaches)))
    return curated.withColumns({"_rule": rule, "_broken": broken})


def typed(raw: DataFrame, curation: Curation) -> DataFrame:
    """The declared columns in their silver types, hashed where they are personal; what cannot be read is NULL."""
    return raw.withColumns({c.name: _in_silver(c, curation) for c in curation.table.columns})


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


def _in_silver(column: Column, curation: Curation) -> Expression:
    return hidden(value(column, is_key=column.name in curation.table.key), column, curation)


def _kept(column: Column, curation: Curation) -> Expression:
    is_hashed = curation.pseudonyms is not None and curation.pseudonyms.covers(column)
    return _in_silver(column, curation) if is_hashed else F.col(f"`{column.name}`")


def value(column: Column, *, is_key: bool = False) -> Expression:
    """The typed value of a column's stored one; a key is never tidied, for two keys must not become one."""
    stored = F.col(f"`{column.name}`")
    to = silver_type(column)
    if column.spelling is None:
        kept = tidy(stored.cast("string")) if to == "STRING" and not is_key else stored
        return _without_nulls(kept, column).try_cast(to)
    text = stored.cast("string")
    text = _without_nulls(F.trim(text) if is_key else tidy(text), column)
    match column.spelling:
        case Dates(patterns):
            return F.coalesce(*[F.try_to_timestamp(text, F.lit(p)) for p in patterns]).cast(to)
        case Money():
            return F.when(text.rlike(AMOUNT), F.regexp_replace(text, r"[$€£,\s]", "")).try_cast(to)
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


def silver_type(column: Column) -> str:
    """The Spark type of a column in silver."""
    to = SILVER_NAMES.get(column.type, column.type)
    return "STRING" if to.startswith(("VARCHAR", "CHAR")) else to


def tidy(text: Expression) -> Expression:
    """Text in Unicode's composed form (NFC), without blanks around it; only what is not ASCII pays for the form."""
    composed = F.call_function("reflect", F.lit(NORMALIZER), F.lit("compose"), text, F.lit(False))
    return F.trim(F.when(text.rlike(r"[^\x00-\x7F]"), composed).otherwise(text), F.lit(BLANKS))


def _without_nulls(text: Expression, column: Column) -> Expression:
    if not column.nulls:
        return text
    trimmed = F.trim(text.cast("string"))
    return F.when(~trimmed.isin(*column.nulls), trimmed)


def _breaches(table: Table) -> list[Expression]:
    rules = [rule for column in table.columns for rule in _column_rules(column)]
    checks = [
        F.when(~F.coalesce(F.expr(c.condition), F.lit(True)), F.lit(c.name))
        for c in table.row_checks
        if c.severity != "warn"
    ]
    return [*rules, *checks] or [F.lit(None).cast("string")]


def rules_of(column: Column) -> tuple[str, ...]:
    """The names of the rules that a column's declaration makes: that it has a value, and that it can be read."""
    missing = () if column.nullable else (f"{column.name}_missing",)
    if column.spelling is None and (column.stored is None or silver_type(column) == "STRING"):
        return missing
    return (*missing, f"{column.name}_{'unknown' if isinstance(column.spelling, OneOf) else 'unreadable'}")


def _column_rules(column: Column) -> list[Expression]:
    had = _without_nulls(F.col(RAW)[column.name], column).isNotNull()
    lost = F.col(f"`{column.name}`").isNull()
    broken = {"missing": lost & ~had, "unknown": lost & had, "unreadable": lost & had}
    return [F.when(broken[name.rsplit("_", 1)[1]], F.lit(name)) for name in rules_of(column)]
