"""A column of every MySQL type, with a row of each of its edges and one of NULLs."""

import datetime as dt
from decimal import Decimal

from lakehouse.contracts import Column, Snapshot, Table

UTC = dt.UTC
SEVENTY = "7" * 35 + "." + "3" * 30

# type in the source, SQL literals to insert, values that must arrive
ZOO: dict[str, tuple[str, list[str], list[object]]] = {
    "tinyint1": ("TINYINT(1)", ["2", "-128", "NULL"], [2, -128, None]),
    "tiny_u": ("TINYINT UNSIGNED", ["255", "0", "NULL"], [255, 0, None]),
    "small": ("SMALLINT", ["-32768", "32767", "NULL"], [-32768, 32767, None]),
    "medium_u": ("MEDIUMINT UNSIGNED", ["16777215", "0", "NULL"], [16777215, 0, None]),
    "int_z": ("INT(8) UNSIGNED ZEROFILL", ["42", "4294967295", "NULL"], [42, 4294967295, None]),
    "big": ("BIGINT", ["-9223372036854775808", "9223372036854775807", "NULL"], [-(2**63), 2**63 - 1, None]),
    "big_u": ("BIGINT UNSIGNED", ["18446744073709551615", "0", "NULL"], [Decimal(2**64 - 1), Decimal(0), None]),
    "money": ("DECIMAL(12,2)", ["9999999999.99", "-0.01", "NULL"], [Decimal("9999999999.99"), Decimal("-0.01"), None]),
    "fine": (
        "DECIMAL(20,12)", ["12345678.123456789012", "0.000000000001", "NULL"],
        [Decimal("12345678.123456789012"), Decimal("0.000000000001"), None],
    ),
    "wide": ("DECIMAL(38,0)", ["9" * 38, "-1", "NULL"], [Decimal("9" * 38), Decimal(-1), None]),
    "widest": ("DECIMAL(65,30)", [SEVENTY, "-0.5", "NULL"], [SEVENTY, "-0." + "5" + "0" * 29, None]),
    "single_f": ("FLOAT", ["16777217", "0.1", "NULL"], ["16777216", "0.10000000149011612", None]),
    "double_f": ("DOUBLE", ["0.1", "1.7976931348623157e308", "NULL"], ["0.1", "1.7976931348623157e308", None]),
    "bits": ("BIT(10)", ["b'1111111111'", "b'0'", "NULL"], [1023, 0, None]),
    "bits64": ("BIT(64)", ["0xFFFFFFFFFFFFFFFF", "b'1'", "NULL"], [Decimal(2**64 - 1), Decimal(1), None]),
    "one_bit": ("BIT(1)", ["b'1'", "b'0'", "NULL"], [1, 0, None]),
    "year_c": ("YEAR", ["2155", "0", "NULL"], [2155, 0, None]),
    "time_c": ("TIME(6)", ["'-838:59:59.000000'", "'25:00:00.000001'", "NULL"],
               ["-838:59:59.000000", "25:00:00.000001", None]),
    "date_c": ("DATE", ["'1000-01-01'", "'9999-12-31'", "NULL"], [dt.date(1000, 1, 1), dt.date(9999, 12, 31), None]),
    "datetime_c": (
        "DATETIME(6)", ["'1000-01-01 00:00:00.000001'", "'9999-12-31 23:59:59.999999'", "NULL"],
        [dt.datetime(1000, 1, 1, 0, 0, 0, 1, UTC), dt.datetime(9999, 12, 31, 23, 59, 59, 999999, UTC), None],
    ),
    "stamp": (
        "TIMESTAMP(6) NULL", ["'1970-01-01 00:00:01.000000'", "'2024-11-03 06:30:00.123456'", "NULL"],
        [dt.datetime(1970, 1, 1, 0, 0, 1, 0, UTC), dt.datetime(2024, 11, 3, 6, 30, 0, 123456, UTC), None],
    ),
    "varchar_c": ("VARCHAR(50)", ["'a|b;\\n\\\\ \\'x'", "''", "NULL"], ["a|b;\n\\ 'x", "", None]),
    "spaces": ("VARCHAR(50)", ["' x '", "' '", "NULL"], [" x ", " ", None]),
    "emoji": ("VARCHAR(50)", ["'🏡 Zürich'", "'e\u0301'", "NULL"], ["🏡 Zürich", "e\u0301", None]),
    "latin": ("VARCHAR(50) CHARACTER SET latin1", ["'Zürich €'", "''", "NULL"], ["Zürich €", "", None]),
    "char_c": ("CHAR(5)", ["'ab'", "''", "NULL"], ["ab", "", None]),
    "nul": ("VARCHAR(50)", ["CONCAT('a', CHAR(0), 'b')", "'NULL'", "NULL"], ["a\0b", "NULL", None]),
    "text_c": ("TEXT", ["REPEAT('é', 30000)", "''", "NULL"], ["é" * 30000, "", None]),
    "long_c": ("LONGTEXT", ["REPEAT('x', 3000000)", "''", "NULL"], ["x" * 3000000, "", None]),
    "enum_c": ("ENUM('a','B')", ["'B'", "0", "NULL"], ["B", "", None]),
    "set_c": ("SET('a','b')", ["'b,a'", "''", "NULL"], ["a,b", "", None]),
    "json_c": ("JSON", ["'{\"a\": 1.10, \"b\": [null]}'", "'0.1000000000000000000001'", "NULL"],
               ['{"a": 1.10, "b": [null]}', "0.1000000000000000000001", None]),
    "binary_c": ("BINARY(4)", ["0x00FF", "0x0A", "NULL"], [b"\0\xff\0\0", b"\x0a\0\0\0", None]),
    "varbinary_c": ("VARBINARY(10)", ["0x00FF7C", "''", "NULL"], [b"\0\xff\x7c", b"", None]),
    "blob_c": ("LONGBLOB", ["REPEAT(0xFF00, 500000)", "''", "NULL"], [b"\xff\0" * 500000, b"", None]),
    "uuid_c": ("UUID", ["'123e4567-e89b-12d3-a456-426655440000'", "'00000000-0000-0000-0000-000000000000'", "NULL"],
               ["123e4567-e89b-12d3-a456-426655440000", "00000000-0000-0000-0000-000000000000", None]),
    "inet_c": ("INET6", ["'2001:db8::ff00:42:8329'", "'::'", "NULL"], ["2001:db8::ff00:42:8329", "::", None]),
}  # fmt: skip
ROWS = 3


def declared(name: str) -> Column:
    return Column(name, ZOO[name][0].removesuffix(" NULL").replace(" CHARACTER SET latin1", ""))


EVERYTHING = Table("zoo", ("id",), Snapshot(), (Column("id", "INT", nullable=False), *[declared(name) for name in ZOO]))


def statements() -> list[str]:
    """Makes and fills the table."""
    columns = ", ".join(f"{name} {kind}" for name, (kind, _, _) in ZOO.items())
    inserts = [
        f"INSERT INTO zoo VALUES ({i}, {', '.join(given[i] for _, given, _ in ZOO.values())})" for i in range(ROWS)
    ]
    return [f"CREATE TABLE zoo (id INT PRIMARY KEY, {columns})", *inserts]
