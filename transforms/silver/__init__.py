"""One file per source table: its declaration `TABLE` and its curation `curate`."""
