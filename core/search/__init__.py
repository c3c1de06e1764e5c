"""Search by pairs of letters, kept by the database itself: see `words`, `columns` and `schema`."""
