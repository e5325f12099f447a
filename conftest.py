"""Fixtures that every test folder may use. ``pytest_plugins`` is only allowed here."""

pytest_plugins = (
    "tests.support.logs",
    "tests.support.postgres",
    "tests.support.kafka",
    "tests.support.stack",
    "tests.support.fleet",
)
