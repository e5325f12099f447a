"""Records an interaction, reads the customer's context and history, and meets an error.

Uses the client that ``openapi-python-client`` generates, as ``docs/how-to/generate-a-client.md``
describes. ``THREADLINE_BASE_URL`` and ``THREADLINE_API_KEY`` say where and as whom it calls.
"""

import os
import sys
from http import HTTPStatus
from uuid import UUID, uuid4

from threadline_client import AuthenticatedClient
from threadline_client.api.context import read_context, read_timeline
from threadline_client.api.interactions import record_interaction
from threadline_client.models import (
    AuthorRequest,
    AuthorType,
    ContactIdentifier,
    Context,
    Direction,
    InteractionRequest,
    Kind,
    Problem,
    RecordedInteraction,
    Timeline,
)
from threadline_client.types import UNSET


def main() -> None:
    client = AuthenticatedClient(
        base_url=os.environ["THREADLINE_BASE_URL"], token=os.environ["THREADLINE_API_KEY"]
    )
    customer_id = record_question(client)
    show_context(client, customer_id)
    add_note(client, customer_id)
    show_timeline(client, customer_id)
    meet_an_error(client)


def record_question(client: AuthenticatedClient) -> UUID:
    """Record a customer's question; return the customer's id."""
    question = InteractionRequest(
        channel="email",
        direction=Direction.INBOUND,
        author=AuthorRequest(type_=AuthorType.CUSTOMER),
        identifiers=[ContactIdentifier(type_="email", value=f"ada-{uuid4()}@example.org")],
        subject="My order",
        text="Where is my order?",
    )
    answer = record_interaction.sync(client=client, body=question, idempotency_key=str(uuid4()))
    if not isinstance(answer, RecordedInteraction) or answer.customer_id is None:
        raise RuntimeError(f"the question was not recorded: {answer}")
    customer_id: UUID = answer.customer_id
    show(f"Recorded {answer.interaction_id} of customer {customer_id}.")
    return customer_id


def show_context(client: AuthenticatedClient, customer_id: UUID) -> None:
    context = read_context.sync(customer_id, client=client)
    if not isinstance(context, Context) or context.interactions is UNSET:
        raise RuntimeError(f"there is no context: {context}")
    texts = [interaction.text for interaction in context.interactions or ()]
    if texts != ["Where is my order?"]:
        raise RuntimeError(f"the context does not show the question: {texts}")
    show(f"The context shows {texts}.")


def add_note(client: AuthenticatedClient, customer_id: UUID) -> None:
    note = InteractionRequest(
        channel="email",
        kind=Kind.NOTE,
        direction=Direction.INTERNAL,
        author=AuthorRequest(type_=AuthorType.AGENT, name="Grace"),
        customer_id=customer_id,
        text="Sent this morning.",
    )
    answer = record_interaction.sync_detailed(client=client, body=note)
    if answer.status_code != HTTPStatus.CREATED:
        raise RuntimeError(f"the note was not recorded: {answer.parsed}")
    show("Added a note.")


def show_timeline(client: AuthenticatedClient, customer_id: UUID) -> None:
    timeline = read_timeline.sync(customer_id, client=client)
    if not isinstance(timeline, Timeline):
        raise TypeError(f"there is no timeline: {timeline}")
    kinds = sorted(str(item.kind) for item in timeline.items)
    if kinds != ["message", "note"]:
        raise RuntimeError(f"the timeline lacks something: {kinds}")
    show(f"The timeline shows a {' and a '.join(kinds)}.")


def meet_an_error(client: AuthenticatedClient) -> None:
    """Send what breaks a rule; the answer is a typed problem that points at the field."""
    wrong = InteractionRequest(
        channel="Not a channel!",
        direction=Direction.INBOUND,
        author=AuthorRequest(type_=AuthorType.CUSTOMER),
    )
    answer = record_interaction.sync_detailed(client=client, body=wrong)
    problem = answer.parsed
    if answer.status_code != HTTPStatus.UNPROCESSABLE_ENTITY or not isinstance(problem, Problem):
        raise RuntimeError(f"the wrong channel was not refused: {answer}")
    pointers = [error.pointer for error in problem.errors]
    if "/channel" not in pointers:
        raise RuntimeError(f"no error points at the channel: {pointers}")
    show(f"Refused as it should be: {problem.detail} {pointers}")


def show(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
