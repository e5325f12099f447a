"""People as messengers name them."""

import pytest

from identifiers import UnusableReason
from libs.identifiers.tests.readings import key, reason


@pytest.mark.parametrize(
    "written",
    [
        "442079460018", "+442079460018", "whatsapp:+442079460018", "442079460018@s.whatsapp.net",
        "442079460018:12@s.whatsapp.net", "442079460018.0:3@s.whatsapp.net", "442079460018@c.us",
        "https://wa.me/442079460018", "http://wa.me/+442079460018?text=hi", "wa:442079460018",
        "442079460018_1:3@s.whatsapp.net", "442079460018@hosted",
        "whatsapp://send?phone=442079460018",
        "https://api.whatsapp.com/send?phone=442079460018",
        "https://web.whatsapp.com/send/?text=hi&phone=%2B442079460018&app_absent=0",
    ],
)  # fmt: skip
def test_a_number_on_whatsapp_is_the_telephone_number(written):
    assert key("whatsapp", written) == key("phone", "+44 20 7946 0018")


def test_ids_that_stand_in_for_a_number():
    scoped = "US.13491208655302741918"
    assert key("whatsapp", scoped, "acct") == ("whatsapp", "acct", scoped)
    assert key("whatsapp_user_id", scoped, "acct") == ("whatsapp", "acct", scoped)
    assert key("whatsapp", scoped, "other") != key("whatsapp", scoped, "acct")
    assert reason("whatsapp", scoped, None) is UnusableReason.SCOPE_MISSING
    assert key("whatsapp", "123456789012345@lid") == ("whatsapp", "", "123456789012345@lid")
    assert key("whatsapp", "123456789012345:7@lid") == key("whatsapp", "123456789012345@lid")
    assert reason("whatsapp", "12036302@g.us") is UnusableReason.UNPARSEABLE
    assert reason("whatsapp", "status@broadcast") is UnusableReason.UNPARSEABLE
    assert reason("whatsapp", "0@s.whatsapp.net") is UnusableReason.BLOCKED


def test_handles_and_mentions():
    for written in (
        "@Anna_L",
        "anna_l",
        "t.me/anna_l",
        "https://t.me/Anna_L",
        "tg://resolve?domain=anna_l",
        "https://telegram.me/anna_l/",
        "https://t.me/anna_l?start=1",
        "telegram:@anna_l",
    ):
        assert key("telegram", written).value == "anna_l"
    assert key("telegram", "391827364") == key("telegram", "tg://user?id=391827364")
    assert reason("telegram", "https://t.me/joinchat/AAAA") is UnusableReason.UNPARSEABLE
    for written in ("<@U024BE7LH>", "<@U024BE7LH|anna>", "@U024BE7LH", "T1:u024be7lh", "u024be7lh"):
        assert key("slack", written, "T1").value == "U024BE7LH"


def test_a_workspace_before_an_id_is_its_scope():
    assert key("slack", "T1:U024BE7LH", None) == key("slack", "U024BE7LH", "T1")
    assert reason("slack", "T1:U024BE7LH", "T2") is UnusableReason.UNPARSEABLE
