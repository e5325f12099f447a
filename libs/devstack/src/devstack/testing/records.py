"""Records that only a foreign client, or an attacker, would write."""

from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from typing_extensions import override

Headers = Sequence[tuple[Any, Any]]  # names may be bytes, values may be missing
RawRecord = tuple[bytes | None, bytes | None, Headers]
"""Key, value and headers; a header's name may be any bytes."""


class _Bytes(str):
    """A header name that encodes to any bytes."""

    __slots__ = ("raw",)
    raw: bytes

    @override
    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return self.raw


def _name(name: str | bytes) -> str:
    if isinstance(name, str):
        return name
    fake = _Bytes("x" * len(name))
    fake.raw = name
    return fake


def raw_batch(records: Sequence[RawRecord]) -> bytes:
    """Return the records as one batch in wire format, from offset 0."""
    builder = _builder()
    for offset, (key, value, headers) in enumerate(records):
        named = [(_name(name), content) for name, content in headers]
        assert builder.append(offset, 0, key, value, named) is not None, "the batch is full"
    return bytes(builder.build())


async def write_raw(
    bootstrap: str, topic: str, records: Sequence[RawRecord], *, partition: int = 0
) -> None:
    """Write the records, in order, as one batch to one partition."""
    client = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await client.start()
    try:
        batch = client.create_batch()
        batch._builder = _builder()  # the client's C builder accepts only text as a name
        for key, value, headers in records:
            named = [(_name(name), content) for name, content in headers]
            assert batch.append(timestamp=None, key=key, value=value, headers=named) is not None
        batch.close()
        await (await client.send_batch(batch, topic, partition=partition))
    finally:
        await client.stop()


def _builder() -> _DefaultRecordBatchBuilderPy:
    return _DefaultRecordBatchBuilderPy(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1_000_000,
    )
