"""What ``make serve`` prints once the stack runs: lines to paste, and where things are."""

from pathlib import Path

from devstack.stack.endpoints import Endpoints

FIRST_CALL = """\
  curl -sS "$THREADLINE_URL/v1/interactions" -H "Authorization: Bearer $THREADLINE_KEY" \\
    -H 'Content-Type: application/json' -d '{"channel": "email", "kind": "message",
    "direction": "inbound", "author": {"type": "customer"}, "text": "Order 118 has not come.",
    "identifiers": [{"type": "email", "value": "anna@example.com", "level": "channel_proved"}]}'"""
SECOND_CALL = """\
  curl -sS "$THREADLINE_URL/v1/context/lookup" -H "Authorization: Bearer $THREADLINE_KEY" \\
    -H 'Content-Type: application/json' \\
    -d '{"identifier": {"type": "email", "value": "anna@example.com"}}'"""
EMBEDDED_NOTE = """\
  On this embedded broker a consumer group does not go on after one of its members was killed:
  use a new group, or run Apache Kafka (needs Java 17 and Maven): make serve KAFKA=apache"""


def welcome(endpoints: Endpoints, directory: Path, *, note: str) -> str:
    """Return the text; ``note`` is what to know of the broker."""
    return "\n".join(
        [
            f"Threadline is running at {endpoints.base_url}",
            "",
            "Paste this into another shell. The calls record an e-mail and read its sender:",
            f"  export THREADLINE_URL={endpoints.base_url}",
            f"  export THREADLINE_KEY={endpoints.api_key}",
            FIRST_CALL,
            SECOND_CALL,
            "",
            f"  Every call, to try out     {endpoints.base_url}/docs",
            f"  Kafka                      {endpoints.kafka}",
            f"  Key of another tenant      {endpoints.other_tenant_api_key}",
            '  A key with fewer scopes    make key SCOPES="context:read sla:read" NAME=reader',
            f"  All addresses and keys     {directory / 'endpoints.json'}",
            f"  Log                        {directory / 'threadline.log'}",
            *([note] if note else []),
            "",
            "Press Ctrl-C to stop; the data is kept.",
        ]
    )
