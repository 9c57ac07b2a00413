"""What the marketplace means: one file per table in `silver` and per mart in `gold`, found and not listed."""

from transforms.discovery import catalog, discover

__all__ = ["catalog", "discover"]
