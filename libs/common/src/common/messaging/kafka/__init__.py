"""Kafka: producers, members of consumer groups, topics. Only this room imports aiokafka."""

from common.messaging.kafka.client import (
    GroupReader,
    KafkaError,
    OffsetsLostError,
    Outgoing,
    Producer,
    end_offsets,
    ensure_topics,
)

__all__ = [
    "GroupReader",
    "KafkaError",
    "OffsetsLostError",
    "Outgoing",
    "Producer",
    "end_offsets",
    "ensure_topics",
]
