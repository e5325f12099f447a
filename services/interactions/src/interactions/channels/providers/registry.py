"""The providers: each has a file or folder beside this one, and an entry here."""

from interactions.channels.kit.adapter import Adapter
from interactions.channels.providers.twilio import Twilio


def adapters() -> dict[str, Adapter]:
    """Return the adapters by the name that their URLs carry."""
    providers: list[Adapter] = [Twilio()]
    return {adapter.name: adapter for adapter in providers}
