"""`python -m benchmarks.bare URL SQL [FILE]`: connectorx's stream with nothing of ours around it."""

from __future__ import annotations

import sys

import connectorx
import pyarrow.parquet as pq

BATCH_ROWS = 50_000


def main() -> None:
    """Reads everything; into a Parquet file where one is named."""
    url, sql, *file = sys.argv[1:]
    stream = connectorx.read_sql(url, sql, return_type="arrow_stream", batch_size=BATCH_ROWS, protocol="binary")
    rows = 0
    writer = pq.ParquetWriter(file[0], stream.schema, compression="zstd") if file else None
    for batch in stream:
        rows += batch.num_rows
        if writer is not None:
            writer.write_batch(batch)
    if writer is not None:
        writer.close()
    sys.stdout.write(f"{rows}\n")


if __name__ == "__main__":
    main()
