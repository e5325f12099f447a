"""Fixtures that every test folder may use. ``pytest_plugins`` is only allowed here."""

pytest_plugins = (
    "devstack.testing.logs",
    "devstack.testing.postgres",
    "devstack.testing.kafka",
    "devstack.testing.stack",
    "devstack.fleet.fleet",
)
