"""Bodies of interactions, as a channel's front end reports them."""

import json

from benchmarks.workload import people


def body(run: str, number: int, sender: str) -> bytes:
    """Return the ``number``-th message of a run, from a telephone number.

    ``run`` keeps the provider message ids of different measurements apart.
    """
    return json.dumps(
        {
            "channel": "sms",
            "kind": "message",
            "direction": "inbound",
            "author": {"type": "customer", "name": "Anna Berg"},
            "identifiers": [{"type": "phone", "value": sender, "level": "channel_proved"}],
            "channel_account": "+442079460999",
            "text": f"Where is order “{run}-{number}”? It should have arrived last week already.",
            "data": {"order": "118"},
            "provider": {"name": "twilio", "account": "AC1", "message_id": f"{run}-{number}"},
        }
    ).encode()


def sender(count: int, number: int) -> str:
    """Return the telephone number of one of ``count`` customers, in a fixed shuffled order."""
    return people.phone(1 + number * 7919 % count)
