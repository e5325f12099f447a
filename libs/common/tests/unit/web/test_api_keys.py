"""API keys without a database: format, checksum, digests, what a key may grant."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from common.errors import InvalidError
from common.web.auth import CreateKey, create_key, import_key
from common.web.auth.api_keys import SCANNER_PATTERN, checksum, digest_of, matches, parse_key
from devstack.testing.fake_clock import NOON
from libs.common.tests.unit.web.plumbing import PEPPER

COMMAND = CreateKey(tenant_id="demo", name="ivr", scopes=["context:read"])


def test_a_new_key_reads_back_and_matches_its_row():
    plaintext, row = create_key(COMMAND, pepper=PEPPER, now=NOON)
    parts = parse_key(plaintext)
    assert parts is not None
    assert (parts.environment, parts.key_id) == ("live", row.key_id)
    assert matches(row, digest_of(parts.secret, PEPPER))
    assert not matches(row, digest_of(parts.secret, SecretStr("another pepper" * 4)))
    assert not matches(None, digest_of(parts.secret, PEPPER))
    assert parts.secret not in repr(row)
    assert re.fullmatch(SCANNER_PATTERN, plaintext)


@given(place=st.integers(8, 58), letter=st.sampled_from("09AZaz"))
def test_a_mistyped_key_is_noticed_without_a_database(place: int, letter: str):
    plaintext, _ = create_key(COMMAND, pepper=PEPPER, now=NOON)
    if plaintext[place] in {letter, "_"}:
        return
    assert parse_key(plaintext[:place] + letter + plaintext[place + 1 :]) is None


@given(st.text(max_size=80) | st.from_regex(SCANNER_PATTERN, fullmatch=True))
def test_noise_is_no_key(token: str):
    parts = parse_key(token)
    assert parts is None or checksum(token[:-6]) == token[-6:]


@pytest.mark.parametrize("extra", ["\n", " ", "\x00", "1"])
def test_nothing_may_follow_a_key(extra: str):
    plaintext, _ = create_key(COMMAND, pepper=PEPPER, now=NOON)
    assert parse_key(plaintext + extra) is None


@pytest.mark.parametrize("scopes", [[], ["root"], ["context:read", "context:write"]])
def test_a_key_grants_known_scopes_only(scopes: list[str]):
    with pytest.raises(InvalidError):
        create_key(CreateKey(tenant_id="demo", name="x", scopes=scopes), pepper=PEPPER, now=NOON)


def test_a_key_grants_at_most_what_its_creator_has():
    command = CreateKey(
        tenant_id="demo",
        name="x",
        scopes=["privacy:admin"],
        granted_by=frozenset({"identity:write"}),
    )
    with pytest.raises(InvalidError, match="its creator lacks"):
        create_key(command, pepper=PEPPER, now=NOON)


@pytest.mark.parametrize("tenant_id", ["", "Demo", "a b", "-a", "x" * 64, "demo\n", "démo"])
def test_a_tenant_is_a_slug(tenant_id: str):
    command = CreateKey(tenant_id=tenant_id, name="x", scopes=["sla:read"])
    with pytest.raises(InvalidError):
        create_key(command, pepper=PEPPER, now=NOON)


def test_a_key_made_elsewhere_is_imported_as_it_is():
    plaintext, row = create_key(COMMAND, pepper=PEPPER, now=NOON)
    assert import_key(plaintext, COMMAND, pepper=PEPPER, now=NOON) == row
    with pytest.raises(InvalidError):
        import_key(plaintext[:-1], COMMAND, pepper=PEPPER, now=NOON)
    with pytest.raises(InvalidError):
        import_key(plaintext, replace(COMMAND, tenant_id="Dém o\n"), pepper=PEPPER, now=NOON)


def test_a_key_ends_when_it_is_told_to():
    command = CreateKey(
        tenant_id="demo", name="x", scopes=["sla:read"], expires_at=NOON + timedelta(hours=1)
    )
    _, row = create_key(command, pepper=PEPPER, now=NOON)
    assert row.usable(NOON + timedelta(minutes=59))
    assert not row.usable(NOON + timedelta(hours=1))
