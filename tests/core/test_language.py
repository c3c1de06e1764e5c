"""Chinese first, English complete: every text in the code has its Chinese."""

from pathlib import Path

import pytest

from core import language
from core.registry.discovery import discover
from core.testing.declarations import chinese_of, texts_of

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = [plugin for plugin in discover(ROOT / "plugins") if plugin.manifest]


@pytest.mark.parametrize("folder", [ROOT / "core", *(plugin.folder for plugin in PLUGINS)], ids=lambda path: path.name)
def test_every_text_is_translated(folder):
    texts = texts_of(folder)
    assert texts, "the extraction found nothing"
    chinese = chinese_of(folder)
    if folder.parent.name != "plugins":
        assert not sorted(text for text in texts if not chinese.get(text))
        return
    known = chinese_of(ROOT / "core") | chinese
    assert not sorted(text for text in texts if not known.get(text))


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_a_plugins_title_and_summary_are_translated(plugin):
    chinese = chinese_of(plugin.folder)
    assert chinese.get(plugin.manifest.title) and chinese.get(plugin.manifest.summary)


@pytest.mark.parametrize("folder", [ROOT / "core", *(plugin.folder for plugin in PLUGINS)], ids=lambda path: path.name)
def test_a_translation_keeps_the_named_places(folder):
    import re

    places = re.compile(r"%\(\w+\)s")
    for text, chinese in chinese_of(folder).items():
        assert sorted(set(places.findall(text))) == sorted(set(places.findall(chinese))), text


def test_a_text_has_one_translation_in_the_whole_house():
    """All catalogues are merged into one dictionary: a second translation would show on a page of somebody else's."""
    import re

    said: dict[str, set[str]] = {}
    for folder in [ROOT / "core", *(plugin.folder for plugin in PLUGINS)]:
        catalogue = (folder / "locale" / "zh_Hans_CN.po").read_text()
        for text, chinese in re.findall(r'^msgid "(.+)"\nmsgstr "(.*)"$', catalogue, re.MULTILINE):
            said.setdefault(text, set()).add(chinese)
    assert {text: sorted(chinese) for text, chinese in said.items() if len(chinese) > 1} == {}


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        (["zh-CN"], "zh_Hans_CN"),
        (["zh"], "zh_Hans_CN"),
        (["en-GB", "zh"], "en"),
        (["fr"], "zh_Hans_CN"),
        ([], "zh_Hans_CN"),
    ],
)
def test_the_browsers_language_is_understood(accepted, chosen):
    assert language.best_locale(accepted) == chosen
