"""The console script."""

import gc

gc.set_threshold(100_000)  # a start makes many objects and little garbage; looking for it takes a tenth of the time
