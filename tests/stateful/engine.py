"""What the state machine plays on, and the model of it in memory: a source, a lake, and runs between them."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from lakehouse.window import Window, micros, moment, next_window

Row = tuple[int, int]
"""A value and the stamp of its last change, in microseconds."""

OVERLAP = timedelta(0)
START = micros(moment(0).replace(year=2026))
TICK = 1_000_000


class Engine(Protocol):
    """A source table with a cursor, transactions on it, and a lake that runs fill."""

    def begin(self) -> int:
        """Opens a transaction; returns its name."""

    def write(self, transaction: int, key: int, value: int, *, touch: bool) -> None:
        """Writes a row in it; without `touch` an existing row keeps its stamp."""

    def delete(self, transaction: int, key: int) -> None:
        """Deletes a row in it."""

    def end(self, transaction: int, *, commit: bool) -> None:
        """Commits it or rolls it back."""

    def tick(self) -> None:
        """Lets time pass."""

    def run(self) -> None:
        """An incremental run."""

    def reconcile(self) -> None:
        """A run that compares everything."""

    def crash(self) -> None:
        """A run that dies after it has read, before it commits."""

    def sleep(self) -> None:
        """A run that stops before its commit."""

    def wake(self) -> None:
        """Lets the sleeping run go on."""

    def source(self) -> dict[int, Row]:
        """The committed rows."""

    def lake(self) -> dict[int, Row]:
        """The latest version of each live key."""

    def watermark(self) -> int | None:
        """How far runs have come."""

    def close(self) -> None:
        """Gives everything back."""


@dataclass
class Transaction:
    """Rows written and not yet visible, None for deleted; and when its first statement began."""

    began: int | None = None
    rows: dict[int, Row | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What a run has read, and the commit that it plans from it."""

    seq: int
    window: Window
    rows: dict[int, Row]


@dataclass
class Model:
    """Everything in memory; the window algebra is the product's own."""

    uses_horizon: bool = True
    swaps: bool = True
    now: int = START
    rows: dict[int, Row] = field(default_factory=dict)
    open: dict[int, Transaction] = field(default_factory=dict)
    versions: list[tuple[int, int, Row | None]] = field(default_factory=list)
    seq: int = 0
    mark: int | None = None
    asleep: Plan | None = None
    names: int = 0

    def begin(self) -> int:
        self.names += 1
        self.open[self.names] = Transaction()
        return self.names

    def write(self, transaction: int, key: int, value: int, *, touch: bool) -> None:
        before = self.rows.get(key)
        stamp = self.now if touch or before is None else before[1]
        self._change(transaction, key, (value, stamp))

    def delete(self, transaction: int, key: int) -> None:
        self._change(transaction, key, None)

    def _change(self, transaction: int, key: int, row: Row | None) -> None:
        changed = self.open[transaction]
        changed.began = changed.began or self.now
        changed.rows[key] = row

    def end(self, transaction: int, *, commit: bool) -> None:
        ended = self.open.pop(transaction)
        for key, row in ended.rows.items() if commit else ():
            if row is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = row

    def tick(self) -> None:
        self.now += TICK

    def _horizon(self) -> int:
        held = [t.began for t in self.open.values() if t.began is not None] if self.uses_horizon else []
        return min([self.now, *held])

    def _plan(self) -> Plan | None:
        mark = START - TICK if self.mark is None else self.mark
        window = next_window(mark, self._horizon(), OVERLAP)
        if window is None:
            return None
        low = START - TICK if self.mark is None else window.low
        read = {key: row for key, row in self.rows.items() if low < row[1] <= window.high}
        return Plan(self.seq + 1, window, read)

    def _commit(self, plan: Plan | None) -> None:
        if plan is None or (self.swaps and plan.seq != self.seq + 1):
            return
        self.seq += 1
        self.mark = plan.window.high
        known = self.lake()
        self.versions += [(self.seq, key, row) for key, row in plan.rows.items() if known.get(key) != row]

    def run(self) -> None:
        self._commit(self._plan())

    def crash(self) -> None:
        self._plan()

    def sleep(self) -> None:
        self.asleep = self._plan()

    def wake(self) -> None:
        self._commit(self.asleep)
        self.asleep = None

    def reconcile(self) -> None:
        self.run()
        if self.mark is None:
            return
        known, moved = self.lake(), {key for key, row in self.rows.items() if row[1] > self.mark}
        self.seq += 1
        self.versions += [(self.seq, k, r) for k, r in self.rows.items() if k not in moved and known.get(k) != r]
        self.versions += [(self.seq, k, None) for k in known if k not in self.rows]

    def source(self) -> dict[int, Row]:
        return dict(self.rows)

    def lake(self) -> dict[int, Row]:
        newest: dict[int, Row | None] = {}
        for _, key, row in self.versions:
            newest[key] = row
        return {key: row for key, row in newest.items() if row is not None}

    def watermark(self) -> int | None:
        return self.mark

    def close(self) -> None:
        pass
