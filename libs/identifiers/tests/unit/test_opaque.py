"""Ids of other systems, and what stands in place of one."""

import pytest

from identifiers import Unusable, UnusableReason
from libs.identifiers.tests.readings import key, read, reason


def test_ids_of_other_systems_are_exact_in_case():
    for kind in ("external_id", "cookie", "account_id", "viber", "loyalty_id"):
        assert key(kind, "0015A00000Gv7qJ") != key(kind, "0015A00000Gv7qj")


def test_a_uuid_is_one_in_every_spelling():
    spellings = [
        "3F2504E0-4F89-11D3-9A0C-0305E82C3301",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}",
        "urn:uuid:3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "3F2504E04F8911D39A0C0305E82C3301",
    ]
    assert len({key("device", spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    "written",
    [
        "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "\\N", "(blank)", "<NA>", "NaT",
        "{{user.id}}",
        "{{ customer_id1 }}", "${userId}", "%%ID%%", "<%= id %>", "[[id]]", "{0}", "%s", "[email]",
        "{user_id}", "undefined undefined", "[object Undefined]", "[object Object]", "null null",
        "not_authenticated", "logged_out", "none given", "not provided", "Not Available",
        "Unknown User",
        "unknown customer", "n.a.", "N/A", "n/a", "k.A.", "—", "{}", "[]", "0", "-1", "000-000",
        "  ", "",
        "null", '"null"', "'undefined'", "“none”", "(null)", "None", "NaN", "anonymous", "guest",
        "Guest User", "no email", "no name", "not set", "(not set)", "true", "false", "test",
        "distinct_id", "example.com", "0x0", "xxx", "00000000-0000-0000-0000-000000000000", "?",
        "***",
        "no-id", "without value", "missing", "TBD", "%ID%", "*|EMAIL|*", "__ID__", "@@id@@",
        "$userId",
        ":id", "<<id>>", "##ID##", "{$id}", "[%id%]", "%recipient.id%", "function () {}",
        "object Object",
        "unauthenticated", "not-logged-in", "signed out", "guest checkout", "deleted user",
        "[REDACTED]",
        "to be determined", "null@null", "test user", "s/n", "n.n.", "-2", "-99", "-999",
        "keine Angabe",
        "unbekannt", "sin datos", "non renseigné", "não informado", "не указано", "неизвестно",
        "なし",
        "未知", "無", "ffffffff-ffff-ffff-ffff-ffffffffffff", "\u200b", "\u00a0", "\u2026",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["external_id", "email", "phone", "loyalty_id", "cookie"])
def test_what_forms_and_imports_leave_behind_is_nobodys(kind, written):
    assert read(kind, written) == Unusable(UnusableReason.BLOCKED)


@pytest.mark.parametrize(
    "written",
    [
        "deleted",
        "opt-out",
        "optout",
        "OPTED_OUT",
        "expired",
        "declined",
        "DNT",
        "do-not-track",
        "consent",
    ],
)
@pytest.mark.parametrize("kind", ["cookie", "device"])
def test_what_a_consent_manager_leaves_behind_is_nobodys(kind, written):
    assert reason(kind, written) is UnusableReason.BLOCKED


@pytest.mark.parametrize(
    "written",
    ["1001", "no-1", "NA-77", "unknown-4711", "anna", "c-20417", "guest42", "user-1", "x17", "0017",
     "null-island", "nanette", "{3F2504E0}", "(1001)", "N1", "none-such-firm", "test-1", "-1001",
     "NOR-1", "no42", "__1__",
     "1:id", "user@shop", "a@b", "deleted-7", "0x1f", "00001", "xxx1", "I-n-A-1"],
)  # fmt: skip
def test_ids_that_only_look_like_placeholders_are_ids(written):
    assert key("external_id", written).value == written


def test_a_hardware_address_is_one_in_every_spelling():
    spellings = ["AA:BB:CC:DD:EE:0F", "aa:bb:cc:dd:ee:0f", "AA-BB-CC-DD-EE-0F"]
    assert len({key("device", spelling) for spelling in spellings}) == 1


def test_hexadecimal_ids_of_mixed_case_are_exact():
    mixed = "3f2504e04f8911D39A0C0305E82C3301"
    assert key("external_id", mixed).value == mixed


def test_what_a_line_end_separates_stays_apart():
    assert key("external_id", "10\n01") != key("external_id", "1001")
    assert key("external_id", "1001\r\n") == key("external_id", "1001")


@pytest.mark.parametrize(
    "quote", ["{}", '"{}"', "'{}'", '\\"{}\\"', " {} ", "\u201c{}\u201d", "«{}»"]
)
@pytest.mark.parametrize(
    "word",
    [
        "0",
        "-1",
        "000000",
        "---",
        "NULL",
        "None",
        "nil",
        "NaN",
        "False",
        "UNKNOWN",
        "N/A",
        "example.com",
    ],
)
@pytest.mark.parametrize("kind", ["email", "phone", "external_id", "cookie", "loyalty_card"])
def test_quotes_do_not_make_an_id_of_a_placeholder(kind, word, quote):
    assert reason(kind, quote.format(word)) is UnusableReason.BLOCKED
