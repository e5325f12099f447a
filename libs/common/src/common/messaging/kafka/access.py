"""Rights of Kafka's users: who may write, read and create topics, and in which groups."""

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import CreateAclsRequest

from common.messaging.kafka.connection import open_admin
from common.settings import KafkaSettings

_TOPIC, _GROUP = 2, 3
_LITERAL, _PREFIXED = 3, 4
_ALLOW = 3


class Operation(IntEnum):
    """What a user may do, by the numbers of Kafka's protocol."""

    READ = 3
    WRITE = 4
    CREATE = 5
    DESCRIBE = 8


class TopicRight(NamedTuple):
    user: str
    topic: str
    operation: Operation

    def entry(self) -> tuple[int | str, ...]:
        """Return the right as a request to Kafka has it."""
        return _TOPIC, self.topic, _LITERAL, f"User:{self.user}", "*", self.operation, _ALLOW


class GroupRight(NamedTuple):
    """The right to consume in groups whose names begin with ``prefix``."""

    user: str
    prefix: str

    def entry(self) -> tuple[int | str, ...]:
        """Return the right as a request to Kafka has it."""
        operation = Operation.READ
        return _GROUP, self.prefix, _PREFIXED, f"User:{self.user}", "*", operation, _ALLOW


async def add_rights(settings: KafkaSettings, rights: Iterable[TopicRight | GroupRight]) -> None:
    """Give rights, as a user who may; those that exist stay. Raises KafkaError when refused."""
    async with open_admin(settings) as admin:
        for right in rights:
            request = CreateAclsRequest(*right.entry())
            response = await admin._send_request(request)  # noqa: SLF001 - it has no other way
            [(code, message)] = response.creation_responses
            if code:
                raise KafkaError(f"{right} was refused: {message}")
