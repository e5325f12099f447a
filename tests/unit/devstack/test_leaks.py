"""The search for leaks that ends every fleet finds personal data and secrets."""

import json
from urllib.parse import quote, urlencode

import pytest

from devstack.testing.observation.leaks import (
    PERSON,
    assert_nothing_leaked,
    find_leaks,
    new_address,
    new_number,
    traceable,
)

NUMBER = "+442079460958"
HARMLESS = (
    '{"event": "relay.batch_published", "seconds": 0.442079460958, "at": "2044-20-79T46:09:58Z"}',
    '{"customer_id": "01989f3e-0b1c-7d2a-8f00-442079460958", "trace_id": "a442079460958bcd"}',
    "process_cpu_seconds_total 4.42079460958e+08",
    "postgresql://threadline@127.0.0.1:5432/identity",
)


@pytest.mark.parametrize(
    "spelt",
    [
        NUMBER, "442079460958", "00442079460958", "+44 20 7946 0958", "+44 (20) 7946-0958",
        "+44.20.79.46.09.58", "02079460958", "020 7946 0958", quote(NUMBER), quote(quote(NUMBER)),
        urlencode({"From": NUMBER}), "\\u002b442079460958",
    ],
)  # fmt: skip
def test_a_number_is_found_however_it_is_spelt(spelt: str):
    assert set(find_leaks(f'{{"error": "no such {spelt}"}}')) == {"a telephone number"}


def test_numbers_that_are_made_up_are_found():
    assert set(find_leaks(f"x {new_number('+4930')} y")) == {"a telephone number"}


@pytest.mark.parametrize("write", [str, quote, str.upper, json.dumps])
def test_addresses_names_and_texts_are_found(write):
    assert set(find_leaks(f"x={write(new_address())}&y")) == {"an e-mail address"}
    for words in (PERSON, traceable("Where is it?")):
        assert set(find_leaks(f"x={write(words)}&y")) == {"a traceable text"}


def test_secrets_are_found():
    assert set(find_leaks("Bearer tl_test_abcdefabcdef_x")) == {"an API key"}
    assert set(find_leaks("key=s%2B/cret", ["other", "s+/cret"])) == {"secret 1"}


@pytest.mark.parametrize("line", HARMLESS)
def test_nothing_is_found_where_nothing_is(line: str):
    assert find_leaks(line, ["s3cret"]) == {}


def test_it_says_where():
    with pytest.raises(AssertionError, match=r"sla-api\.log.*a telephone number"):
        assert_nothing_leaked({"sla-relay.log": HARMLESS[0], "sla-api.log": f"for {NUMBER}"})
