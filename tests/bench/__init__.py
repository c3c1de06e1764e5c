"""How fast the product is, beside the least that the same answer can cost.

`python -m tests.bench` (or `make bench`) makes a chain of 1,115 stores with two years of day reports,
serves three applications on it with two gunicorn workers each, and prints a table of ratios:

- *floor*: Flask, Jinja and prepared SQL; no login, no rights, a page of 13 KB;
- *rich*: what a full page can cost at best: a session, the person's row, SQLAlchemy Core, a flat template;
- the product, signed in, with rights, scope, audit and everything else on.

Absolute times say little (another machine, another hour); the ratios of one run are the record.
Nothing here is a test: a busy machine must not turn the build red.
"""
