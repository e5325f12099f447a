"""How the secrets of channel accounts are sealed."""

import pytest
from pydantic import SecretStr

from common.errors import UnavailableError
from interactions.channels.kit.sealing import Sealed, Sealer, new_key


def test_a_secret_opens_only_where_it_belongs():
    keys = {"old": SecretStr(new_key()), "new": SecretStr(new_key())}
    sealed = Sealer(keys, "old").seal("s3cret", bound_to="a")
    rotated = Sealer(keys, "new")
    assert rotated.open(sealed, bound_to="a") == "s3cret"
    assert rotated.open(sealed, bound_to="b") is None
    assert b"s3cret" not in sealed.content
    assert rotated.seal("s3cret", bound_to="a").key_id == "new"
    broken = Sealed("old", sealed.content[:-1] + bytes([sealed.content[-1] ^ 1]))
    assert rotated.open(broken, bound_to="a") is None
    assert Sealer({}, None).open(sealed, bound_to="a") is None


def test_without_a_key_nothing_is_stored_in_the_open():
    with pytest.raises(UnavailableError):
        Sealer({}, None).seal("s3cret", bound_to="a")
    with pytest.raises(ValueError, match="current"):
        Sealer({}, "k")
    with pytest.raises(ValueError, match="bytes"):
        Sealer({"k": SecretStr("AAAA")}, "k")
