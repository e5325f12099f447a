"""Addresses: which spellings are one mailbox, which are two, and which are nobody's."""

import pytest

from identifiers import IdentifierKey, Unusable, UnusableReason, Usable, normalise
from libs.identifiers.tests.readings import key, read, reason, usable


@pytest.mark.parametrize(
    "header",
    [
        "anna@nordlys.test",
        "  ANNA@Nordlys.TEST ",
        "mailto:anna@nordlys.test",
        "<anna@nordlys.test>",
        "'anna@nordlys.test'",
        '"anna@nordlys.test"',
        "anna@nordlys.test.",
        "anna@nordlys.test;",
        "anna@nordlys.test,",
        "anna@nordlys.test>",
        "anna@nordlys.test (Anna Berg)",
        "(Anna) anna@nordlys.test",
        "Anna Berg <anna@nordlys.test>",
        "Anna Berg<anna@nordlys.test>",
        "Dr. Anna Berg <anna@nordlys.test>",
        "Jürgen Müller <anna@nordlys.test>",
        "李明 <anna@nordlys.test>",
        "Анна Берг <anna@nordlys.test>",
        "ACME Inc. <anna@nordlys.test>",
        "Berg, Anna <anna@nordlys.test>",
        '"Berg, Anna" <anna@nordlys.test>',
        '"Anna" Berg <anna@nordlys.test>',
        r'"Anna \"Ann\" Berg" <anna@nordlys.test>',
        "Anna (Sales) <anna@nordlys.test>",
        "Jo [Sales] <anna@nordlys.test>",
        "anna@old.test <anna@nordlys.test>",
        "@anna <anna@nordlys.test>",
        "✨ <anna@nordlys.test>",
        "Sales: Anna <anna@nordlys.test>",
        "Anna via List <anna@nordlys.test>",
        "=?utf-8?q?Anna?= <anna@nordlys.test>",
        "an\u200bna@nordlys.test\ufeff",
        "\uff41nna@nordlys.test",
        '"anna"@nordlys.test',
        '<"anna"@nordlys.test>',
        "Anna\r\n <anna@nordlys.test>",
        "Anna <anna@nordlys.test",
        "Anna <anna@nordlys.test> (home)",
        "<mailto:anna@nordlys.test>",
        "mailto:anna@nordlys.test?subject=Hello",
        "[Anna](mailto:anna@nordlys.test)",
        "SMTP:anna@nordlys.test",
        "E-Mail: anna@nordlys.test",
        "Friends: anna@nordlys.test;",
        "anna(work)@nordlys.test",
        "anna @ nordlys.test",
        "anna＠nordlys。test",
    ],
)
def test_a_mailbox_has_one_key_in_every_form_of_header(header):
    assert key("email", header) == ("email", "", "anna@nordlys.test")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"faxg3/+4953"@fax.nordlys.test', "faxg3/+4953@fax.nordlys.test"),
        ('"anna berg"@nordlys.test', '"anna berg"@nordlys.test'),
        ('"anna@home"@nordlys.test', '"anna@home"@nordlys.test'),
        (r'"an\na"@nordlys.test', "anna@nordlys.test"),
        ('"a(b)"@nordlys.test', '"a(b)"@nordlys.test'),
        ('"a<b@c.test>d"@nordlys.test', '"a<b@c.test>d"@nordlys.test'),
        (f"{'x' * 70}@nordlys.test", f"{'x' * 70}@nordlys.test"),
        (f"reply+{'A' * 80}@nordlys.test", f"reply+{'a' * 80}@nordlys.test"),
        ("anna@i❤.test", "anna@xn--i-7iq.test"),
        ("anna@xn--i-7iq.test", "anna@xn--i-7iq.test"),
        ("a..b.@docomo.test", "a..b.@docomo.test"),
        ("jo@corp.local", "jo@corp.local"),
        ("jo@localhost", "jo@localhost"),
        ("jo@intranet", "jo@intranet"),
        ("jo@my_shop.example.net", "jo@my_shop.example.net"),
        ("jo@[192.0.2.5]", "jo@[192.0.2.5]"),
        ("jo@[IPv6:2001:DB8:0::1]", "jo@[2001:db8::1]"),
        ("jörg@bücher.de", "jörg@xn--bcher-kva.de"),
        ("jörg@xn--bcher-kva.de", "jörg@xn--bcher-kva.de"),
        ("ΣΑΣ.x@nordlys.test", "σασ.x@nordlys.test"),
        ("σας.x@nordlys.test", "σασ.x@nordlys.test"),
    ],
)
def test_unusual_addresses_are_keys(written, value):
    assert key("email", written).value == value


def test_a_name_before_the_address_is_kept_beside_the_key():
    outcome = read("email", '"Berg, Anna" <anna@nordlys.test>')
    assert isinstance(outcome, Usable)
    assert outcome.display_name == "Berg, Anna"


def test_one_mailbox_of_a_provider_has_a_second_weaker_key():
    spellings = ["first.last+tag@gmail.com", "firstlast@googlemail.com", "FIRST.LAST@gmail.com"]
    outcomes = [usable(read("email", spelling)) for spelling in spellings]
    assert {o.weaker for o in outcomes} == {IdentifierKey("mailbox", "", "firstlast@gmail.com")}
    assert len({o.key for o in outcomes}) == 3
    assert usable(read("email", "first.last+tag@nordlys.test")).weaker is None


def test_ss_and_sharp_s_are_two_mailboxes():
    assert key("email", "masse@nordlys.test") != key("email", "maße@nordlys.test")


@pytest.mark.parametrize(
    "local_part",
    [
        "noreply", "no-reply", "no_reply", "no.reply", "NoReply", "noreply2", "no-reply-iba",
        "noreply-accounts", "accounts-noreply", "news.no-reply", "donotreply", "do_not_reply",
        "do-not-reply", "auto-reply", "autoreply", "automated-response", "autoresponder", "bounce",
        "bounces+12", "bounce-77=anna=nordlys.test", "postmaster", "mailer-daemon", "notifications",
        "notification", "notify", "test", "null", "nobody", "noreply+tag", "news.no.reply",
        "reply-not-possible.noreply", "postmaster2", "auto_confirm", "donotreply-hr",
        "not-an-email",
    ],
)  # fmt: skip
def test_nobody_answers_from_these_mailboxes(local_part):
    assert reason("email", f"{local_part}@market.test") is UnusableReason.BLOCKED


@pytest.mark.parametrize(
    "local_part", ["info", "Sales", "support", "team", "kontakt", "contact-us", "orders", "info2"]
)
def test_a_groups_mailbox_is_shared(local_part):
    outcome = read("email", f"{local_part}@acme.test")
    assert isinstance(outcome, Usable)
    assert outcome.is_shared


@pytest.mark.parametrize(
    "local_part",
    [
        "bouncer",
        "noreen",
        "replay",
        "norbert.eply",
        "infosec.anna",
        "salesman",
        "mono",
        "na",
        "nan",
        "abc",
        "reply",
        "anna.test",
        "guest-house.anna",
    ],
)
def test_people_whose_names_look_alike_are_people(local_part):
    outcome = read("email", f"{local_part}@acme.test")
    assert isinstance(outcome, Usable)
    assert not outcome.is_shared


@pytest.mark.parametrize(
    "written",
    [
        "a@b.test, c@d.test",
        "a@b.test; c@d.test",
        "A <a@b.test>, B <c@d.test>",
        "a@b.test c@d.test",
        "a@b.test/c@d.test",
        "a@b.test|c@d.test",
        "a@b.test\nc@d.test",
        "Friends: a@b.test, c@d.test;",
    ],
)
def test_several_addresses_are_refused_together(written):
    assert reason("email", written) is UnusableReason.SEVERAL


@pytest.mark.parametrize(
    "written",
    ["anna", "anna@@nordlys.test", "anna@-nordlys.test", "anna@nordlys..test",
    "Anna <an na@x.test>",
     "anna@", "@nordlys.test", "anna@1.2.3.4", "anna@[1.2.3]", f"{'a' * 320}@nordlys.test",
     '""@nordlys.test', "undisclosed-recipients:;", f"a@{'b' * 64}.test",
     "a@" + "b." * 130 + "test"],
)  # fmt: skip
def test_what_is_no_address_has_no_key(written):
    assert reason("email", written) is UnusableReason.UNPARSEABLE


@pytest.mark.parametrize(
    "written", ["na@na.com", "nan@nan.test", "a@a.com", "xx@xx.test", "email@email.com",
                "your.email@example.com", "name@domain.com"],
)  # fmt: skip
def test_an_address_made_up_to_fill_a_field_is_nobodys(written):
    assert reason("email", written) is UnusableReason.BLOCKED


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("gıthub", "github"),
        ("İrem", "irem"),
        ("аnna", "anna"),
        ("an.na", "anna"),
        ("anna+x", "anna"),
    ],
)
def test_letters_that_look_alike_are_other_people(one, another):
    assert key("email", f"{one}@nordlys.test") != key("email", f"{another}@nordlys.test")


@pytest.mark.parametrize("value", ["test@", "noreply@", "No-Reply@", "null@ ", "<postmaster@>"])
def test_the_beginning_of_a_mailbox_that_is_nobodys_is_blocked(value):
    outcome = normalise("email", value)
    assert isinstance(outcome, Unusable)
    assert (outcome.reason, outcome.sender) == (UnusableReason.BLOCKED, None)


def test_the_beginning_of_anybody_elses_is_a_sender():
    outcome = normalise("email", "anna@")
    assert isinstance(outcome, Unusable)
    assert (outcome.reason, outcome.sender) == (UnusableReason.UNPARSEABLE, "anna@")
