"""The Warehouse block, from the environment."""

from __future__ import annotations

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import BlockDocument
from prefect.exceptions import ObjectNotFound

from deployments.steps import Step
from lakehouse.contracts import Terminal
from lakehouse.settings import Settings
from tasks import blocks

BLOCK = "warehouse"
SLUG = blocks.Warehouse.get_block_type_slug()


def step(client: SyncPrefectClient, settings: Settings) -> Step:
    """A block that somebody filled in the UI is not written over by settings that say nothing of a warehouse.

    Raises:
        Terminal: The settings name a block that is not there, and do not describe it either.
    """
    name = settings.warehouse_block or BLOCK
    found = _document(client, name)
    if "warehouse" not in settings.model_fields_set:
        if settings.warehouse_block and found is None:
            raise Terminal(
                f"there is no Warehouse block {name}, and LAKEHOUSE_WAREHOUSE__* do not describe it; "
                "set them and run `lakehouse setup`, or make it in the UI under Blocks"
            )
        return Step("keep", f"block {name}: LAKEHOUSE_WAREHOUSE__* are not set", _register)
    if settings.warehouse.secret is not None:
        said = "not needed, runs read LAKEHOUSE_WAREHOUSE__SECRET; its password stays out of Prefect"
        return Step("keep", f"block {name}: {said}", _register)
    said = f"block {name}: runs use it with LAKEHOUSE_WAREHOUSE_BLOCK={name}"
    return Step("update" if found else "make", said, lambda: _save(settings, name))


def _document(client: SyncPrefectClient, name: str) -> BlockDocument | None:
    try:
        return client.read_block_document_by_name(name, SLUG, include_secrets=False)
    except ObjectNotFound:
        return None


def _register() -> None:
    blocks.Warehouse.register_type_and_schema()


def _save(settings: Settings, name: str) -> None:
    _register()
    blocks.from_settings(settings).save(name, overwrite=True)
