"""What the longest lists of errors cost."""

import pytest
from pydantic import Field

from common.errors import InvalidError
from common.jsons import MAX_HINTS
from common.web.problems import problem_dict
from common.web.requests import JsonObject, RequestModel, check_query
from common.web.requests.batches import ItemReader, Rejected
from devstack.testing.observation.budgets import cpu_units


class Part(RequestModel):
    name: str


class Item(RequestModel):
    text: str
    first_name: str | None = None
    last_name: str | None = None
    parts: list[Part] = Field(default_factory=list, max_length=50)
    data: JsonObject = Field(default_factory=dict)


WORST = {
    "unknown members": {"text": "x"} | {f"firs{n}_name" + "x" * 50: 1 for n in range(190)},
    "unknown members of parts": {
        "text": "x", "parts": [{"name": "x"} | {f"nam{n}e": 1 for n in range(4)}] * 40,
    },
    "long names": {"text": "x"} | {f"{n}" + "/~" * 2_000: 1 for n in range(4)},
}  # fmt: skip


@pytest.mark.parametrize("kind", WORST)
def test_a_batch_of_invalid_items_has_a_bounded_cost_and_answer(kind: str):
    reader = ItemReader(Item)
    entries = [reader.read(WORST[kind]) for _ in range(1_000)]
    size = sum(len(str(problem_dict(e.error))) for e in entries if isinstance(e, Rejected))
    assert size < 2_000_000

    def judge() -> None:
        fresh = ItemReader(Item)
        for _ in range(1_000):
            fresh.read(WORST[kind])

    assert cpu_units(judge) < 100


KNOWN = {f"conversation_{name}": False for name in ("id", "state", "team", "tag", "age")}
NEAR = "&".join(f"conversation_i{number}=1" for number in range(100)).encode()
"""Parameters whose names are each compared with every one that there is."""


def test_a_query_of_unknown_parameters_has_a_bounded_cost():
    with pytest.raises(InvalidError) as caught:
        check_query(NEAR, KNOWN)
    hinted = [error for error in caught.value.errors if error.allowed and error.near]
    assert len(caught.value.errors) == 100
    assert hinted == list(caught.value.errors[:MAX_HINTS])

    def judge() -> None:
        for _ in range(10):
            with pytest.raises(InvalidError):
                check_query(NEAR, KNOWN)

    assert cpu_units(judge) < 15
