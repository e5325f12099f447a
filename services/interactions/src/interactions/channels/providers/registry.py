"""Which providers there are. A new one is a file beside this and a line here."""

from interactions.channels.kit.adapter import Adapter
from interactions.channels.providers.twilio import Twilio


def adapters() -> dict[str, Adapter]:
    """Return the adapters by the name that their URLs carry."""
    known: list[Adapter] = [Twilio()]
    return {adapter.name: adapter for adapter in known}
