"""The Warehouse block: one connection, kept in Prefect, chosen in the UI."""

from __future__ import annotations

from prefect.blocks.core import Block
from prefect_sqlalchemy import ConnectionComponents, SqlAlchemyConnector
from pydantic import Field
from sqlalchemy import Engine

from lakehouse.contracts import Terminal
from lakehouse.settings import Settings
from lakehouse.warehouse import engines


class Warehouse(Block):
    """The warehouse that the marts are released to."""

    _block_type_name = "Lakehouse Warehouse"
    _block_type_slug = "lakehouse-warehouse"
    _description = "The warehouse that the marts are released to."

    connection: SqlAlchemyConnector = Field(title="Connection", description="How to reach the warehouse")

    def engine(self) -> Engine:
        """The engine of the connection."""
        return self.connection.get_engine()


def from_settings(settings: Settings) -> Warehouse:
    """The warehouse that the environment describes."""
    target = settings.warehouse
    return Warehouse(
        connection=SqlAlchemyConnector(
            connection_info=ConnectionComponents(
                driver=engines.DRIVERS[target.dialect],
                username=target.user,
                password=target.password,
                host=target.host,
                port=target.port,
                database=target.database,
            ),
            connect_args=engines.connect_args(target),
        )
    )


def warehouse(settings: Settings) -> Warehouse:
    """The block that the settings name, or the warehouse that they describe.

    Raises:
        Terminal: There is no block of that name.
    """
    name = settings.warehouse_block
    if not name:
        return from_settings(settings)
    try:
        block = Warehouse.load(name)
    except ValueError:
        raise Terminal(f"there is no Warehouse block {name}; run `lakehouse setup`") from None
    if not isinstance(block, Warehouse):
        raise Terminal(f"block {name} is not a Warehouse; name one in LAKEHOUSE_WAREHOUSE_BLOCK: `lakehouse setup`")
    return block
