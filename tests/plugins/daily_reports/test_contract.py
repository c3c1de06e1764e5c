"""The daily reports keep the contract of every plugin."""

from core.testing.contract import PluginContract


class TestDailyReports(PluginContract):
    """As it is installed."""

    name = "daily_reports"
