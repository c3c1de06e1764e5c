"""Data in and out from the shell: demonstration chain, import, export, backup."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from core import typed
from core.access.person import Forbidden, current_person
from core.commands.context import Shell, print_json
from core.exchange.limits import UnreadableFile
from core.language import set_locale
from core.org.models import Node
from core.registry.models import Revision


def is_empty(shell: Shell) -> bool:
    """Say whether the database has no store yet."""
    with shell.work() as session:
        return session.scalar(select(Node.id).where(Node.kind == "store").limit(1)) is None


@click.command()
@click.option("--stores", default=200, show_default=True)
@click.option("--days", default=60, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.pass_obj
def demo(shell: Shell, stores: int, days: int, seed: int) -> None:
    """Load a demonstration chain into an empty database and print logins made for this run."""
    from core.demo import load_demo

    if not is_empty(shell):
        raise click.ClickException("this database already has stores; the demonstration chain goes into an empty one")
    for login in load_demo(shell, stores=stores, days=days, seed=seed):
        click.echo(f"  {login.role:14} {login.username:12} {login.password:14} {login.place}")


@click.command("import", context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="RESOURCE FILE")
@click.option("--match", multiple=True, metavar="FIELD", help="Find records again by this field; may be repeated.")
@click.option(
    "--map",
    "chosen",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="Where a column of the file goes; may be repeated.",
)
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of this resource; also --NAME VALUE.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def import_file(
    shell: Shell, words: tuple[str, ...], match: tuple[str, ...], chosen: tuple[str, ...],
    options: tuple[str, ...], dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Import a csv or xlsx file; a record that is there already is updated.

    Refused rows are written beside the file with their reasons, as FILE.refused.csv; the others are
    imported, all of them or none.
    """
    (resource, file), further = _places_and_options(words)
    with _problems_shown(), shell.work() as session:
        from core.exchange import applying, importing
        from core.exchange.reading import open_table

        view = _view(shell, session, resource, "import")
        path = Path(file)
        if not path.is_file():
            raise click.ClickException(f"there is no file {file}")
        table = open_table(path, path.name)
        given = {
            "match": match,
            "chosen": dict(map(_pair, chosen)),
            "options": further | dict(map(_pair, options)),
        }
        batch = importing.open_batch(session, view, path.name, table, **given)  # type: ignore[arg-type]
        importing.check(session, view, batch, table, _progress(as_json))
        refused_file = _write_refused(session, batch, path) if batch.counts["refused"] else None
        if not dry_run:
            applying.apply(session, view, batch)
        _tell_import(batch, refused_file, as_json)


def _tell_import(batch: Any, refused_file: Path | None, as_json: bool) -> None:
    ignored = [column for column, name in batch.mapping.items() if not name]
    if as_json:
        mapping = {column: name for column, name in batch.mapping.items() if name}
        print_json({
            "batch": batch.id, "resource": batch.resource, "file": batch.file_name, "state": batch.state,
            **batch.counts, "mapping": mapping, "ignored": ignored, "refused_file": refused_file,
        })  # fmt: skip
        return
    names = ("created", "updated", "unchanged", "refused")
    click.echo(" · ".join(f"{name} {batch.counts[name]:,}" for name in names))
    if batch.counts["repeated"]:
        click.echo(f"rows that repeat another: {batch.counts['repeated']:,}")
    if ignored:
        click.echo(f"columns left out: {', '.join(ignored)}")
    if refused_file:
        click.echo(f"refused rows and reasons: {refused_file}")
    click.echo(
        f"take it back with: backoffice import-revert {batch.id}"
        if batch.state == "applied"
        else "nothing was written (dry run)"
    )


@click.command("import-revert")
@click.argument("batch_id", metavar="BATCH", type=int)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def import_revert(shell: Shell, batch_id: int, as_json: bool) -> None:
    """Take an import back, except what somebody has changed since."""
    with _problems_shown(), shell.work() as session:
        from core.exchange import applying
        from core.exchange.models import ImportBatch

        batch = session.get(ImportBatch, batch_id)
        if batch is None:
            raise click.ClickException(f"there is no import {batch_id}")
        applying.revert(session, _view(shell, session, batch.resource, "import"), batch)
        told = {name: batch.counts[name] for name in ("removed", "restored", "kept")}
        print_json({"batch": batch.id, "state": batch.state, **told}) if as_json else click.echo(
            " · ".join(f"{name} {count:,}" for name, count in told.items())
        )


@click.command()
@click.argument("resource")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--where", multiple=True, metavar="FIELD=VALUE", help="Only these rows; may be repeated.")
@click.pass_obj
def export(shell: Shell, resource: str, file: Path, where: tuple[str, ...]) -> None:
    """Export a list as csv or xlsx; masked fields stay masked unless --unmask REASON says otherwise."""
    kind = file.suffix.lower().removeprefix(".")
    if kind not in ("csv", "xlsx"):
        raise click.ClickException("the file must be called .csv or .xlsx")
    with _problems_shown(), shell.work() as session:
        from core.exchange.exporting import Export, asked_for

        view = _view(shell, session, resource, "export")
        asked, more = asked_for(view, map(_pair, where))
        writing = Export(view, asked, more=more, unmask=shell.unmask or "")
        session.commit()
        writing.write_audit(kind)
        if kind == "xlsx":
            writing.xlsx(file)
        else:
            with file.open("wb") as target:
                target.writelines(writing.csv())
    click.echo(f"{file} is written.")


def _view(shell: Shell, session: Any, resource: str, action: str) -> Any:
    known = {
        name: v for name, v in shell.house.views.items() if action in v.actions and (action != "import" or v.import_key)
    }
    view = known.get(resource)
    if view is None:
        raise click.ClickException(f"{resource} cannot be {action}ed; there are: {', '.join(sorted(known))}")
    switches = shell.house.host.switches(session, session.scalars(select(Revision.plugins)).one())
    if not shell.house.host.is_on(view.plugin, switches, current_person()):
        raise click.ClickException(f"{view.plugin} is off; backoffice plugin enable {view.plugin} switches it on")
    set_locale(current_person().locale)
    return view


def _places_and_options(words: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
    """Tell RESOURCE and FILE from `--absent-days closed`: which options there are depends on the resource."""
    places, options, rest = [], {}, iter(words)
    for word in rest:
        if not word.startswith("--"):
            places.append(word)
            continue
        name, equals, value = word.removeprefix("--").partition("=")
        options[name.replace("-", "_")] = value if equals else next(rest, "")
    if len(places) != 2:
        raise click.UsageError("name the resource and the file, as in: backoffice import org.store stores.csv")
    return places, options


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"{text!r} must be written NAME=VALUE")
    return name.strip(), value.strip()


def _progress(quiet: bool) -> Callable[[Iterator[Any]], Iterable[Any]]:
    if quiet or not sys.stderr.isatty():
        return iter

    def watched(rows: Iterator[Any]) -> Iterator[Any]:
        with click.progressbar(rows, label="checking", show_pos=True, file=sys.stderr) as bar:
            yield from bar

    return watched


def _write_refused(session: Any, batch: Any, path: Path) -> Path:
    from core.exchange.refusals import refused_lines

    target = path.with_name(f"{path.name}.refused.csv")
    with target.open("w", encoding="utf-8", newline="") as file:
        file.writelines(refused_lines(session, batch))
    return target


@contextmanager
def _problems_shown() -> Iterator[None]:
    from core.exchange.exporting import ExportRefused
    from core.exchange.mapping import ImportRefused

    try:
        yield
    except (UnreadableFile, ImportRefused, ExportRefused, typed.BadValue) as error:
        raise click.ClickException(str(error)) from error
    except Forbidden as error:
        raise click.ClickException(f"this needs the right {error.permission}") from error


COMMANDS: tuple[Any, ...] = (demo, import_file, import_revert, export)
