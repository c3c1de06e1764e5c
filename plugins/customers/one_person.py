"""Who is one person, at the desk: the queue of pairs, two records compared by hand, the merges that were made."""

from typing import Any

from flask import abort, redirect, request, url_for
from sqlalchemy import Integer, cast, func, select

from core.api import (
    N_,
    Column,
    ModelView,
    Page,
    _,
    allowed,
    clock,
    expose,
    names_of_people,
    session,
    toast,
    typed,
)
from plugins.customers import merging, numbers, pairs, rollups, services, side_by_side
from plugins.customers.matching import batch
from plugins.customers.models import Customer, Merge
from plugins.customers.pages.addresses import MERGE, may_merge
from plugins.customers.pages.card import card_again
from plugins.customers.words import DOUBLES, MERGED_HOW

LAST = 5
"""So many merges are offered for undoing beside the queue."""


def _must_merge() -> None:
    if not may_merge():
        abort(404)


def records_named(ids: set[int]) -> dict[int, str]:
    """Return `{id: name and code}` of records themselves, whoever stands for them now."""
    rows = session.execute(select(Customer.id, Customer.name, Customer.code).where(Customer.id.in_(ids)))
    return {row.id: f"{row.name} · {row.code}" for row in rows}


class Pairs(Page):
    """Are these two one person? One pair after the other, by keys or thumb."""

    title = N_("Same person?")
    menu_part = DOUBLES
    permission = MERGE

    @expose("/")
    def index(self) -> Any:
        """Show the most likely pair that waits, or the one after a skipped one."""
        _must_merge()
        after = request.args.get("after", "")
        pair = pairs.next_pair(session, int(after) if after.isascii() and after.isdigit() and len(after) < 19 else None)
        if pair is None:
            return self._page(pair=None, after=after)
        speaks_for, against = side_by_side.reasons_of(pair)
        two = [services.standing(session, session.get_one(Customer, one)) for one in (pair.first_id, pair.second_id)]
        return self._page(
            pair=pair, after=after, speaks_for=speaks_for, against=against, percent=round(pair.score * 100),
            two=two, facts=side_by_side.facts_of(session, *two), alike=side_by_side.alike(pair),
        )  # fmt: skip

    def _page(self, **context: Any) -> str:
        merges = list(session.scalars(
            select(Merge).where(Merge.undone_at.is_(None)).order_by(Merge.at.desc(), Merge.id.desc()).limit(LAST)
        ))  # fmt: skip
        return self.render(
            "customers/pair.html", page_title=_("Same person?"),
            page_lead=_("Skip what you cannot tell. Every answer can be taken back, and so can a merge."), progress=pairs.progress(session), merges=merges,
            crumbs=[(_("Desk"), url_for("admin.index")), (_("Same person?"), None)],
            names=records_named({one for merge in merges for one in (merge.kept_id, merge.gone_id)}),
            people=names_of_people(session, {merge.by for merge in merges if merge.by}),
            show_time=lambda at: f"{clock.local(at):%m-%d %H:%M}", **context,
        )  # fmt: skip

    @expose("/answer/", methods=("POST",))
    def answer(self) -> Any:
        """Answer a pair; the next one follows."""
        _must_merge()
        number, what = request.form.get("pair", ""), request.form.get("answer")
        if what not in ("same", "different") or not number.isascii() or not number.isdigit() or len(number) > 18:
            abort(404)
        after = {"after": request.form["after"]} if request.form.get("after") else {}
        try:
            pairs.answer(session, int(number), what)
        except merging.AlreadyOne:
            session.rollback()
            toast(_("Somebody else has answered this pair. Here is the next one."))
        except typed.BadValue as error:
            session.rollback()
            toast(str(error), "watch")
            after = {"after": number}
        return redirect(url_for(".index", **after))

    @expose("/undo/", methods=("POST",))
    def undo(self) -> Any:
        """Take one's own last answer back; its pair is asked again."""
        _must_merge()
        if pairs.undo_last(session) is None:
            toast(_("You have answered nothing that could be undone."))
        return redirect(url_for(".index"))

    @expose("/look/", methods=("POST",))
    def look(self) -> Any:
        """Compare now what changed, instead of at night."""
        _must_merge()
        return redirect(url_for("jobs.job", job_id=batch.start(url_for(".index")).id))

    @expose("/two/", methods=("POST",))
    def two(self) -> Any:
        """Show a card beside the record that a full number or a code names."""
        _must_merge()
        one = _by_code(request.form.get("one", "")) or abort(404)
        try:
            other = _meant(request.form.get("other", ""))
        except typed.BadValue as error:
            return card_again(one.code, error)
        if other.id == one.id:
            toast(_("Both are one person already."))
            return redirect(url_for("customers.card", code=one.code))
        first, second = sorted((one, other), key=lambda record: record.id)
        return self.render(
            "customers/two.html", page_title=_("Same person?"), back_url=url_for("customers.card", code=one.code),
            crumbs=[(_("Desk"), url_for("admin.index")), (_("Same person?"), url_for(".index")), (one.name, None)],
            two=[first, second], facts=side_by_side.facts_of(session, first, second),
        )  # fmt: skip

    @expose("/by-hand/", methods=("POST",))
    def by_hand(self) -> Any:
        """Merge the two that were compared; the record that was made first is kept."""
        _must_merge()
        kept, gone = (_by_code(request.form.get(name, "")) or abort(404) for name in ("kept", "gone"))
        try:
            edge = merging.merge(session, kept.id, gone.id, how="by_hand")
            toast(
                _("%(name)s is one person now.", name=kept.name),
                "good",
                url_for("customers_merge.take_back", id=edge.id),
            )
        except typed.BadValue as error:
            session.rollback()
            toast(str(error), "watch")
        return redirect(url_for("customers.card", code=kept.code))


def _by_code(code: str) -> Customer | None:
    return services.find(session, code.strip().upper()) if code.isprintable() else None


def _meant(text: str) -> Customer:
    """Return who has this full number or code; BadValue when nobody has."""
    found = _by_code(text)
    if found is None and numbers.digits_of(text):
        found = rollups.holder_of(session, "mobile", numbers.read_mobile(text))
    if found is None:
        raise typed.BadValue(_("Nobody has this number or code. Please type it in full."))
    return found


class Merges(ModelView):
    """Which records became one person: when, by whom, and the way back."""

    model = Merge
    resource = "customers.merge"
    title = N_("Merged records")
    menu_part = DOUBLES
    lead = N_("Two records that were found to be one person. Open a line to take it back: both stand as before.")
    row_title = N_("merge")
    actions = ("list", "read")
    columns = [
        Column("gone_id", N_("Record"), names=records_named),
        Column("kept_id", N_("Merged into"), names=records_named),
        Column("how", N_("How"), choices=MERGED_HOW, filter="select"),
        Column("score", N_("How likely"), "percent", expression=cast(func.round(Merge.score * 100), Integer)),
        Column("at", N_("When"), filter="date"),
        Column("by", N_("By"), names=lambda ids: names_of_people(session, ids)),
        Column("undone_at", N_("Undone on")),
        Column("undone_by", N_("Undone by"), names=lambda ids: names_of_people(session, ids), shown=False),
    ]  # fmt: skip
    empty_text = N_("Nothing is merged yet. The queue “Same person?” shows who may be one.")

    def name_of(self, row: Any) -> str:
        """The record that is gone."""
        return records_named({row.gone_id}).get(row.gone_id, "")

    def row_actions(self, row: Any, *, in_bin: bool = False) -> list[dict[str, Any]]:
        """To take it back, while it holds."""
        if row.undone_at is not None or not may_merge():
            return []
        return [self._post(_("Take the merge back"), "take_back", id=row.id)]

    @expose("/take-back/", methods=("POST",))
    @allowed(MERGE)
    def take_back(self) -> Any:
        """Let both records stand as before; they are not asked about again."""
        _must_merge()
        row = self.one(request.args.get("id"), "read")
        try:
            merging.undo(session, row.id)
            toast(_("Taken back: both records stand as before."), "good")
        except typed.BadValue as error:
            session.rollback()
            toast(str(error), "watch")
        return redirect(url_for(".index_view"))
