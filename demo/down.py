"""`python -m demo.down`: stops the servers that `demo.up` left running and removes their folder."""

from __future__ import annotations

from demo.servers import stack
from demo.up import FOLDER


def main() -> None:
    """Stops our own servers, by pid; others are never touched."""
    if not FOLDER.exists():
        print("Nothing is running.")
        return
    stack.stop(FOLDER.resolve())
    print("Everything is stopped.")


if __name__ == "__main__":
    main()
