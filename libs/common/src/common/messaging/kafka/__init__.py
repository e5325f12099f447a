"""Kafka: producers, members of consumer groups, topics. Only this room imports aiokafka.

aiokafka's defaults lose data: they start at the latest offset, commit by themselves, and
acknowledge before replicas have a record. It also ships no types. So nothing of it leaves this room
but ``KafkaError``, and two of its classes are replaced here (docs/adr/0031).
"""

from aiokafka.errors import KafkaError

from common.messaging.kafka.access import GroupRight, Operation, TopicRight, add_rights
from common.messaging.kafka.producer import Outgoing, Producer
from common.messaging.kafka.reader import GroupReader, OffsetsLostError
from common.messaging.kafka.topic_reader import TopicReader
from common.messaging.kafka.topics import (
    WATERMARKS,
    WATERMARKS_WANTED,
    empty_topics,
    end_offsets,
    ensure_topics,
)

__all__ = [
    "WATERMARKS",
    "WATERMARKS_WANTED",
    "GroupReader",
    "GroupRight",
    "KafkaError",
    "OffsetsLostError",
    "Operation",
    "Outgoing",
    "Producer",
    "TopicReader",
    "TopicRight",
    "add_rights",
    "empty_topics",
    "end_offsets",
    "ensure_topics",
]
