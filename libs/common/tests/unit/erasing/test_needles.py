"""What an erasure looks for covers every form in which a value may be stored."""

from uuid import UUID

from common.erasing import needles_of

ID = UUID("01A207BD-A391-7B52-9C1F-3A5D0E7B4C21")


def test_ids_and_values_are_looked_for_in_lower_case():
    assert needles_of([ID], ["Anna@Nordlys.se"]) == [
        "01a207bd-a391-7b52-9c1f-3a5d0e7b4c21",
        "anna%40nordlys.se",
        "anna@nordlys.se",
    ]


def test_a_number_is_found_in_forms_and_without_its_plus():
    assert needles_of([], ["+46 701740605"]) == [
        "%2b46%20701740605",
        "%2b46+701740605",
        "+46 701740605",
        "46 701740605",
    ]


def test_a_value_beyond_ascii_is_found_with_escapes():
    assert "bj\\u00f6rn@example.org" in needles_of([], ["björn@example.org"])


def test_a_short_value_is_not_looked_for():
    assert needles_of([], ["42", "+4212"]) == []
