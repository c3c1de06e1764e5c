"""The customers keep the contract of every plugin."""

from core.testing.contract import PluginContract


class TestCustomers(PluginContract):
    """As it is installed."""

    name = "customers"
