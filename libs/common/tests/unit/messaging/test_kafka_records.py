"""Reading batches whose header names are not text."""

from typing import Any

import pytest
from aiokafka.record.default_records import DefaultRecordBatch

from common.messaging.kafka.records import AnyRecords
from devstack.testing.records import raw_batch

PLAIN: Any = (b"k", b"v", [("ce_id", b"1")])
FOREIGN: Any = (b"k", b"v", [(b"\xff\xfe", b"1"), ("ce_id", None), (b"na\xefve", b"")])


def read(content: bytes):
    records = AnyRecords(content)
    while records.has_next():
        batch = records.next_batch()
        yield from ((r.offset, r.key, r.value, r.headers) for r in batch)


def test_a_name_that_is_not_text_is_escaped_and_its_neighbours_stay_as_they_are():
    found = list(read(raw_batch([PLAIN, FOREIGN, PLAIN, FOREIGN])))
    escaped = [("\\xff\\xfe", b"1"), ("ce_id", None), ("na\\xefve", b"")]
    plain = [("ce_id", b"1")]
    assert [offset for offset, *_ in found] == [0, 1, 2, 3]
    assert [headers for *_, headers in found] == [plain, escaped, plain, escaped]
    assert {(key, value) for _, key, value, _ in found} == {(b"k", b"v")}


def test_the_clients_own_parser_still_cannot():
    """Or all this could go."""
    with pytest.raises(UnicodeDecodeError):
        list(DefaultRecordBatch(raw_batch([FOREIGN])))


def test_several_batches_of_one_answer_are_read_in_order():
    assert len(list(read(raw_batch([FOREIGN, PLAIN]) + raw_batch([PLAIN])))) == 3
