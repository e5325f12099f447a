"""The registered providers. Each has a file or folder in this package and an entry here."""

from interactions.channels.kit.adapter import Adapter
from interactions.channels.providers.twilio import Twilio


def adapters() -> dict[str, Adapter]:
    """Return the adapters, by the name in their webhook URLs."""
    providers: list[Adapter] = [Twilio()]
    return {adapter.name: adapter for adapter in providers}
