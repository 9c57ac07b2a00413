"""The rules: what applications do to the source, and what happens to runs; and what must always hold."""

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from tests.stateful.engine import Engine, Model

KEYS = st.integers(1, 5)


class Extraction(RuleBasedStateMachine):
    """Transactions, time and runs in any order. A key is changed by one open transaction at a time."""

    transactions = Bundle("transactions")

    def __init__(self) -> None:
        super().__init__()
        self.engine: Engine = self.make()
        self.held: dict[int, set[int]] = {}
        self.quiet: set[int] = set()
        self.mark: int | None = None
        self.values = 0
        self.is_asleep = False

    def make(self) -> Engine:
        """What the rules play on."""
        return Model()

    @initialize()
    def some_rows(self) -> None:
        transaction = self.engine.begin()
        for key in (1, 2):
            self.engine.write(transaction, key, 0, touch=True)
        self.engine.end(transaction, commit=True)
        self.engine.tick()

    @rule(target=transactions)
    def begin(self) -> int:
        transaction = self.engine.begin()
        self.held[transaction] = set()
        return transaction

    def _takes(self, transaction: int, key: int) -> bool:
        if any(key in keys for other, keys in self.held.items() if other != transaction):
            return False
        self.held[transaction].add(key)
        return True

    @rule(transaction=transactions, key=KEYS)
    def change(self, transaction: int, key: int) -> None:
        if self._takes(transaction, key):
            self.values += 1
            self.engine.write(transaction, key, self.values, touch=True)

    @rule(transaction=transactions, key=KEYS)
    def change_with_an_untouched_cursor(self, transaction: int, key: int) -> None:
        if key in self.engine.source() and self._takes(transaction, key):
            self.values += 1
            self.quiet.add(key)
            self.engine.write(transaction, key, self.values, touch=False)

    @rule(transaction=transactions, key=KEYS)
    def delete(self, transaction: int, key: int) -> None:
        if self._takes(transaction, key):
            self.quiet.add(key)
            self.engine.delete(transaction, key)

    @rule(transaction=consumes(transactions), commit=st.booleans())
    def end(self, transaction: int, commit: bool) -> None:
        del self.held[transaction]
        self.engine.end(transaction, commit=commit)

    @rule()
    def tick(self) -> None:
        self.engine.tick()

    @rule()
    def run(self) -> None:
        self.engine.run()
        self._nothing_is_missing()

    @rule()
    def reconcile(self) -> None:
        self.engine.reconcile()
        self._nothing_is_missing()

    @rule()
    def crash(self) -> None:
        self.engine.crash()

    @precondition(lambda self: not self.is_asleep)
    @rule()
    def sleep(self) -> None:
        self.engine.sleep()
        self.is_asleep = True

    @precondition(lambda self: self.is_asleep)
    @rule()
    def wake(self) -> None:
        self.engine.wake()
        self.is_asleep = False

    def _nothing_is_missing(self) -> None:
        mark, lake = self.engine.watermark(), self.engine.lake()
        if mark is None:
            return
        for key, row in self.engine.source().items():
            if row[1] <= mark and key not in self.quiet:
                assert lake.get(key) == row, f"key {key} is {row} there and {lake.get(key)} here"

    @invariant()
    def the_watermark_never_moves_back(self) -> None:
        mark = self.engine.watermark()
        assert self.mark is None or (mark is not None and mark >= self.mark)
        self.mark = mark

    def teardown(self) -> None:
        """All is committed, time passes, and two clean runs make the lake the source."""
        try:
            self._settle()
        finally:
            self.engine.close()

    def _settle(self) -> None:
        for transaction in list(self.held):
            self.engine.end(transaction, commit=True)
        if self.is_asleep:
            self.engine.wake()
        self.engine.tick()
        self.engine.run()
        self.engine.reconcile()
        assert self.engine.lake() == self.engine.source()
