"""What stands in the addresses and rows of the shelves, for core.testing.access_matrix."""

from core.testing.access_matrix import MISSING

ROUTE_VALUES = {
    ("shelf", "shelf_id"): lambda site, kind: (
        MISSING if kind == "missing" else (getattr(site, kind)["shelf_shelf"] or [MISSING])[0]
    ),
}
ROW_VALUES = {"shelf_shelf": {"level": "low", "pieces": 3}}
