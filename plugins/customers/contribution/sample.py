"""What the customers of the demonstration brought: few bring much and many little, as in every shop.

The same customers, seed and day give the same figures.
"""

import random
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from plugins.customers.contribution.models import IMPORTED, Contribution
from plugins.customers.contribution.months import full_year
from plugins.customers.contribution.rollups import move_on
from plugins.customers.models import Customer

BUYERS, RETURNS = 0.7, 0.03
"""So many of the customers bought in the year; so many of the months end with goods that came back."""
SMALLEST, LARGEST = 600, 80_000
"""Yuan that somebody spends in a month."""


def fill(session: Session, seed: int) -> None:
    """Write some months of most customers."""
    chance, months = random.Random(f"contributions {seed}"), full_year()
    rows: list[dict[str, Any]] = []
    for customer_id in session.scalars(select(Customer.id).order_by(Customer.id)):
        if chance.random() > BUYERS:
            continue
        usual = SMALLEST * chance.paretovariate(1.3)
        for month in chance.sample(months, min(1 + int(chance.expovariate(0.6)), len(months))):
            revenue = round(min(usual * chance.uniform(0.4, 1.6), LARGEST))
            part = -0.1 if chance.random() < RETURNS else chance.uniform(0.06, 0.24)
            rows.append({
                "customer_id": customer_id, "month": month, "source": IMPORTED, "revenue": Decimal(revenue),
                "profit": Decimal(round(revenue * part)),
            })  # fmt: skip
    if rows:
        session.execute(insert(Contribution), rows)
    move_on(session)
