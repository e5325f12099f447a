"""Whose address, and which URL: proxies are believed, strangers are not."""

import pytest
from starlette.requests import Request

from common.runtime import prefix_of
from common.web.problems import HttpError
from common.web.requests import client_address, public_url

PROXIES = ("10.0.0.0/8", "::1")


def request(peer: str, path: str = "/hook", query: bytes = b"", **headers: str) -> Request:
    raw = [(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()]
    return Request({
        "type": "http", "method": "POST", "scheme": "http", "path": path, "raw_path": path.encode(),
        "query_string": query, "headers": raw, "client": (peer, 1), "server": ("10.0.0.9", 8000),
    })  # fmt: skip


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6, nonsense", "10.0.0.1"),
        ("::1", "2001:db8::1", "2001:db8::1"),
        ("", "6.6.6.6", ""),
    ],
)
def test_the_first_hop_that_is_not_ours_is_the_client(peer: str, forwarded: str, expected: str):
    assert client_address(request(peer, x_forwarded_for=forwarded), PROXIES) == expected


def test_without_proxies_headers_mean_nothing():
    asked = request("10.0.0.1", x_forwarded_for="6.6.6.6", host="us", x_forwarded_host="evil")
    assert client_address(asked, ()) == "10.0.0.1"
    assert public_url(asked, ()) == "http://us/hook"


@pytest.mark.parametrize(
    ("address", "prefix"),
    [("203.0.113.5", "203.0.113.5"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
     ("::ffff:203.0.113.5", "203.0.113.5"), ("", ""), ("unix", "unix")],
)  # fmt: skip
def test_one_sender_is_one_prefix(address: str, prefix: str):
    assert prefix_of(address) == prefix


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"host": "inner:8000", "x_forwarded_proto": "https", "x_forwarded_host": "api.example"},
         "https://api.example/hook?a=1&a=%20b"),
        ({"host": "api.example", "x_forwarded_proto": "https"}, "https://api.example/hook?a=1&a=%20b"),
        ({"host": "api.example:443", "x_forwarded_proto": "https"}, "https://api.example/hook?a=1&a=%20b"),
        ({"host": "api.example:8443", "x_forwarded_proto": "https"},
         "https://api.example:8443/hook?a=1&a=%20b"),
        ({"host": "inner", "x_forwarded_host": "evil, api.example"}, "http://api.example/hook?a=1&a=%20b"),
        ({"host": "inner", "x_forwarded_host": "a/../b@c"}, "http://inner/hook?a=1&a=%20b"),
        ({"host": "inner", "x_forwarded_proto": "javascript"}, "http://inner/hook?a=1&a=%20b"),
    ],
)  # fmt: skip
def test_the_url_is_the_one_that_was_called(headers: dict[str, str], expected: str):
    asked = request("10.0.0.1", query=b"a=1&a=%20b", **headers)
    assert public_url(asked, PROXIES) == expected


@pytest.mark.parametrize("host", ["[", "]", "a]b", "[::1", "[1.2.3.4]]", "a b", "a/b", "a@b", ""])
def test_a_malformed_host_is_refused(host: str):
    with pytest.raises(HttpError) as raised:
        public_url(request("203.0.113.5", host=host), PROXIES)
    assert raised.value.problem.status == 400


def test_a_stranger_cannot_choose_the_url():
    asked = request(
        "203.0.113.5", host="api.example", x_forwarded_host="evil", x_forwarded_proto="https"
    )
    assert public_url(asked, PROXIES) == "http://api.example/hook"
