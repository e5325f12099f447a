# noqa: INP001 - a program of its own, mounted into a container
"""Give the users of Kafka their rights: who writes which topic, and who reads it.

Run at every start, by the user ``admin``: it adds what is missing. Everything else is refused.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from common.messaging import GroupRight, Operation, TopicRight, add_rights
from common.settings import KafkaSettings

EVENTS = (
    "identity.customers",
    "identity.groups",
    "identity.candidates",
    "interactions.conversations",
    "sla.clocks",
)
INBOUND = "interactions.inbound"


@dataclass(frozen=True)
class Rights:
    """The topics that a user writes and reads; ``group`` begins the names of its groups.

    ``creates`` are further topics that it may create: those that it uses.
    """

    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    group: str | None = None
    creates: tuple[str, ...] = ()


RIGHTS: Mapping[str, Rights] = {
    "identity": Rights(
        writes=(
            "identity.customers",
            "identity.groups",
            "identity.candidates",
            "identity.watermarks",
            "interactions.erasures.dead",
            "sla.erasures.dead",
        ),
        reads=(
            "interactions.erasures",
            "interactions.watermarks",
            "sla.erasures",
            "sla.watermarks",
        ),
        group="identity.",
        creates=(
            "identity.customers",
            "identity.groups",
            "identity.candidates",
            "identity.watermarks",
            "interactions.erasures",
            "interactions.erasures.dead",
            "interactions.watermarks",
            "sla.erasures",
            "sla.erasures.dead",
            "sla.watermarks",
        ),
    ),
    "interactions": Rights(
        writes=(
            "interactions.conversations",
            "interactions.erasures",
            "interactions.watermarks",
            "identity.customers.dead",
            "sla.clocks.dead",
            "interactions.inbound.dead",
        ),
        reads=(
            "identity.customers",
            "identity.watermarks",
            "sla.clocks",
            "sla.watermarks",
            INBOUND,
            "interactions.watermarks.wanted",
        ),
        group="interactions.",
        creates=(
            "identity.customers",
            "interactions.conversations",
            "sla.clocks",
            INBOUND,
            "interactions.erasures",
            "identity.customers.dead",
            "sla.clocks.dead",
            "interactions.inbound.dead",
            "identity.watermarks",
            "interactions.watermarks",
            "interactions.watermarks.wanted",
            "sla.watermarks",
        ),
    ),
    "sla": Rights(
        writes=(
            "sla.clocks",
            "sla.erasures",
            "identity.customers.dead",
            "sla.watermarks",
            "interactions.conversations.dead",
            "interactions.watermarks.wanted",
        ),
        reads=(
            "interactions.conversations",
            "interactions.watermarks",
            "identity.customers",
            "identity.watermarks",
        ),
        group="sla.",
        creates=(
            "sla.clocks",
            "sla.erasures",
            "identity.customers",
            "identity.customers.dead",
            "identity.watermarks",
            "interactions.conversations",
            "interactions.conversations.dead",
            "interactions.watermarks",
            "interactions.watermarks.wanted",
            "sla.watermarks",
        ),
    ),
    "inbound": Rights(writes=(INBOUND,)),
    "reader": Rights(reads=EVENTS, group="reader"),
}
"""What each user may do. A dead letter is written by the service that could not apply the event."""


def all_rights() -> Iterator[TopicRight | GroupRight]:
    """Yield the rights of all users."""
    for user, rights in RIGHTS.items():
        for topic in rights.writes:
            yield TopicRight(user, topic, Operation.WRITE)
        for topic in rights.reads:
            yield TopicRight(user, topic, Operation.READ)
        for topic in rights.creates:
            yield TopicRight(user, topic, Operation.CREATE)
            yield TopicRight(user, topic, Operation.DESCRIBE)
        if rights.group is not None:
            yield GroupRight(user, rights.group)


def settings_of_admin(bootstrap: str, password: str) -> KafkaSettings:
    """Return the connection of the one user who may give rights."""
    return KafkaSettings(
        bootstrap=bootstrap,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="admin",
        sasl_password=SecretStr(password),
    )


if __name__ == "__main__":
    settings = settings_of_admin(os.environ["KAFKA_BOOTSTRAP"], os.environ["KAFKA_PASSWORD_ADMIN"])
    asyncio.run(add_rights(settings, all_rights()))
