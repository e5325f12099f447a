"""Compares answers without the parts that always differ, such as ids and times."""

import re
from typing import Any

from tests.security.naming import Tenant
from tests.security.raw_client import Answer

_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)")
_COUNTERS = re.compile(r'"(sequence|(?:base_)?version|position)":\d+')
_OWN_HEADERS = {"x-request-id", "etag", "content-length", "date"}


def comparable(answer: Answer, named: Tenant) -> tuple[Any, ...]:
    """Return status, headers and body, with all ids and names of ``named`` blanked out."""
    headers = [(k, v) for k, v in answer.headers if k not in _OWN_HEADERS and "limit" not in k]
    body = answer.body.decode()
    for name in sorted(_names(named), key=len, reverse=True):
        body = body.replace(name, "«named»")
    for pattern in (_UUID, _TIME, _COUNTERS):
        body = pattern.sub("«varies»", body)
    body = re.sub(r"^retry: \d+", "retry: «varies»", body, flags=re.MULTILINE)
    body = re.sub(r'"instance":"[^"]*"', '"instance":"«varies»"', body)
    return answer.status, tuple(sorted(headers)), body


def _names(tenant: Tenant) -> set[str]:
    # A version is a number such as occurs in any answer.
    ids = {each for name, ids in tenant.paths.items() if name != "version" for each in ids}
    canaries = set(tenant.canaries.everything().values())
    return ids | canaries | {tenant.message_id, tenant.other_customer} - {""}
