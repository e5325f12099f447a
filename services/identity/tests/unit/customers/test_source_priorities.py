import pytest

from identity.customers.domain.source_priorities import SourcePriorities

PRIORITIES = SourcePriorities({"demo": {"crm": 10, "web": -1}, "*": {"crm": 5}})


@pytest.mark.parametrize(
    ("tenant", "source", "priority"),
    [("demo", "crm", 10), ("demo", "web", -1), ("demo", "erp", 0), ("demo", None, 0),
     ("other", "crm", 5), ("other", "web", 0)],
)  # fmt: skip
def test_a_tenant_has_its_own_priorities_or_those_of_every_other(tenant, source, priority):
    assert PRIORITIES.of(tenant, source) == priority
    assert SourcePriorities().of(tenant, source) == 0
