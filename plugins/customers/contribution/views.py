"""The figures by month at the desk, and the sheet they come by."""

from typing import Any

from core.api import N_, Column, Field, ModelView
from plugins.customers import api
from plugins.customers.contribution import rollups
from plugins.customers.contribution.meant import customers_meant
from plugins.customers.contribution.models import IMPORTED, Contribution
from plugins.customers.contribution.months import read_month

HEADINGS = ("CustomerID", "customer_id", "code", "会员号", "客户编号", "客户编码", "编码", "手机号", "手机", "mobile")


class Contributions(ModelView):
    """What each customer brought in each month; it comes from a sheet, or from a plugin."""

    model = Contribution
    resource = "customers.contribution"
    title = N_("Contribution by month")
    in_menu = False
    lead = N_("Revenue and gross profit of each customer, month by month, as a sheet or another module tells them.")
    row_title = N_("contribution")
    columns = [
        Column("customer_id", N_("Customer"), names=lambda ids: api.names_of(ids), export=api.name_column(Contribution.customer_id)),
        Column("month", N_("Month"), "month", filter="date", sortable=True),
        Column("revenue", N_("Revenue")),
        Column("profit", N_("Gross profit")),
        Column("source", N_("Told by"), choices={IMPORTED: N_("Import")}),
    ]  # fmt: skip
    fields = [
        Field("customer_id", N_("Customer"), lookup="customers.customer", required=True, only_new=True, aliases=HEADINGS,
              help=N_("Their code, their number elsewhere, or their mobile number.")),
        Field("month", N_("Month"), required=True, only_new=True, parse=read_month, aliases=("月", "统计月份"),
              help=N_("Like 2026-05, or any day of the month.")),
        Field("revenue", N_("Revenue"), required=True, aliases=("销售收入", "收入", "金额")),
        Field("profit", N_("Gross profit"), required=True, aliases=("毛利额",),
              help=N_("Revenue less what the goods cost; below 0 for a loss.")),
    ]  # fmt: skip
    import_key = ("customer_id", "month")
    default_order = ("month", True)
    actions = ("list", "read", "export", "import")
    empty_text = N_("Import a sheet with customer, month, revenue and gross profit from the system that has them.")

    def name_of(self, row: Any) -> str:
        """The customer and the month."""
        return f"{api.names_of({row.customer_id}).get(row.customer_id, '')} {row.month:%Y-%m}"

    # Files

    def import_resolve(self, session: Any, field: Any, texts: set[str]) -> dict[str, int]:
        """A customer is meant by code, number elsewhere or mobile number; a text that means two of them means none."""
        return customers_meant(session, texts, f"{self.permission}:import")

    def import_among(self) -> list[Any]:
        """What a plugin tells stays beside what a sheet says."""
        return [Contribution.source == IMPORTED]

    def import_defaults(self, session: Any, values: list[Any], options: dict[str, str]) -> list[Any]:
        """The source is the import."""
        return [row | {"source": IMPORTED} for row in values]

    def after_import(self, session: Any, batch: Any, options: dict[str, str]) -> None:
        """The twelve months of these customers follow."""
        self._keep_right(session, batch)

    def after_revert(self, session: Any, batch: Any) -> None:
        """And follow back."""
        self._keep_right(session, batch)

    def _keep_right(self, session: Any, batch: Any) -> None:
        written = (
            row
            for status in ("created", "updated")
            for rows in self.imported_rows(session, batch, status)
            for row in rows
        )
        rollups.keep_right(session, {row.values["customer_id"] for row in written})
