"""The console script."""

import gc

gc.set_threshold(500_000)  # a start makes 350,000 objects and little garbage; looking for it takes a tenth of the time
