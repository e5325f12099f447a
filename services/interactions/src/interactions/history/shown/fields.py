"""What fields mean that requests, answers and events share; each text is part of the API."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from interactions.history.domain.conversation import Status
from interactions.history.domain.interaction import AuthorType, Kind


def either(values: Iterable[str]) -> str:
    """Return the values in backticks, with commas and a final "or" between them."""
    *others, last = [f"`{value}`" for value in values]
    return f"{', '.join(others)} or {last}" if others else last


def _about(description: str) -> Any:
    return Field(description=description)


CONVERSATION_ID = _about("Id of the conversation.")
INTERACTION_ID = _about("Id of the interaction.")
CUSTOMER_ID = _about("Canonical customer; null while the customer is unknown.")
ORIGIN_CUSTOMER_ID = _about(
    "Customer as first known, which no merge changes; null while the customer is unknown."
)

CHANNEL = _about("Channel, such as `email`, `chat` or `sms`; the tenant may use any name.")
CHANNEL_ACCOUNT = _about(
    "The tenant's own account or address on the channel, such as its telephone number; null if"
    " it was not reported."
)
STATUS = _about(f"Status of the conversation: {either(Status)}.")
PREVIOUS_STATUS = _about(
    f"Status before the change: {either(Status)}; equal to `status` if something else changed."
    " Never null at present."
)
PRIORITY = _about("Priority, a code of the tenant's own such as `high`; null if it is not set.")
TEAM = _about("Team that the conversation is assigned to; null without one.")
ASSIGNEE = _about(
    "Person or bot that the conversation is assigned to, by the tenant's own id; null without one."
)
TAGS = _about("Tags of the conversation, without duplicates, in the order in which they were set.")
LANGUAGE = _about(
    "Language of the conversation as reported when it was opened; null if it was not reported."
)
BRAND = _about(
    "Brand that the conversation is about, as reported when it was opened; null if it was not"
    " reported."
)
CUSTOMER_TIER = _about(
    "Tier of the customer, such as `gold`: as reported when the conversation was opened, or else as"
    " identity first knew it; null while neither says."
)

SEQUENCE = _about("Place in the tenant's change feed, `GET /v1/changes`; it grows, with gaps.")
KIND = _about(f"Kind of interaction: {either(Kind)}.")
DIRECTION = _about(
    "`inbound` (from the customer), `outbound` (to the customer) or `internal` (neither)."
)
AUTHOR_TYPE = _about(f"Who wrote it: {either(AuthorType)}.")
ACTOR_TYPE = _about(f"Who caused the change: {either(AuthorType)}. Never null at present.")
PRIVATE = _about("Whether the customer must not see it.")
AUTOMATED = _about(
    "Whether no person wrote it, as with an automatic reply; it then neither resumes nor reopens a"
    " conversation."
)
BACKFILL = _about(
    "Whether it is imported history, which neither resumes nor reopens a conversation."
)
LOCALE = _about("Language of the text, a BCP 47 tag such as `pt-BR`; null if it was not reported.")

LEVEL = _about(
    "Level of proof: `claimed` (someone said so), `channel_proved` (the channel saw it) or"
    " `verified` (the customer proved it)."
)
SCOPE = _about(
    "Namespace in which the value is unique, such as the system that issued it; null for a value"
    " that needs no namespace."
)
DEFAULT_REGION = _about(
    "Country (ISO 3166) of telephone numbers without a country code, such as `SE`; null means that"
    " of the channel account or of the service, if they have one."
)
PROVIDER_NAME = _about("Name of the provider, such as `twilio`.")
PROVIDER_ACCOUNT = _about("The tenant's account at the provider.")
