"""What every test here may use; core.testing describes the fixtures."""

pytest_plugins = [
    "core.testing.databases",
    "core.testing.application",
    "core.testing.factories",
    "core.testing.browser",
    "core.testing.requirements",
]
