"""A file that somebody brought for an import does not lie about for ever, also when nobody imports anything again."""

import os
import time

from core.admin.plugin import backoffice_scheduled_tasks
from core.exchange import uploads
from core.testing.factories import acting


def test_the_worker_removes_what_nobody_came_back_for_within_a_week(app, house, org):
    folder = uploads.folder_of(house)
    for name, days in (("7", 8), ("8", 6)):
        (folder / name).write_text("a name and a number")
        os.utime(folder / name, (time.time() - days * 86400,) * 2)
    [task] = [each for each in backoffice_scheduled_tasks() if each.name == "exchange.forget"]
    with app.app_context(), acting(app) as session:
        assert task.run(session) == "1 files"
    assert [path.name for path in folder.iterdir()] == ["8"]
