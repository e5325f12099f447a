"""Makes the Kafka client read records whose header names are not UTF-8 (docs/adr/0031).

The client decodes header names strictly and gives up the whole partition at one that is not text,
so anybody who may write to a topic could stop its consumer with one record. Such a batch is read a
second time by the client's own Python parser, over bytes that decode every name.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy
from typing_extensions import override

__all__ = ["read_any_header_name"]


def read_any_header_name() -> None:
    """Make every consumer of this process read its records through ``AnyRecords``."""
    fetcher.MemoryRecords = AnyRecords


class AnyRecords(_MemoryRecordsPy):  # type: ignore[misc]  # the base has no types
    """The batches in a response of the broker."""

    @override
    def next_batch(self) -> Any:
        content = self._next_slice
        batch = super().next_batch()
        return None if batch is None else _Batch(batch, content)


class _Batch:
    """A batch from the client's fast parser; a slower one takes over where that fails."""

    def __init__(self, batch: Any, content: memoryview) -> None:
        self._batch = batch
        self._content = content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        read = 0
        try:
            for record in self._batch:
                yield record
                read += 1
        except UnicodeDecodeError:
            yield from islice(_PatientBatch(self._content), read, None)


class _PatientBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # as above
    _buffer: bytearray

    @override
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _PatientBytes(self._buffer)


class _PatientBytes(bytearray):
    """Bytes that always decode to text: whatever is not UTF-8 becomes an escape."""

    @override
    def __getitem__(self, place: Any) -> Any:
        content = super().__getitem__(place)
        return _PatientBytes(content) if isinstance(place, slice) else content

    @override
    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)
