"""Requests and checks that the tests of identity's API share."""

from typing import Any

import httpx

MAIL = {"type": "email", "value": "Anna@Nordlys.se", "scope": None, "level": "verified"}
PHONE = {"type": "phone", "value": "+46 70 174 06 05", "level": "channel_proved"}


async def resolve(api: httpx.AsyncClient, *identifiers: object, **more: object) -> dict[str, Any]:
    """Return the body of a successful resolution."""
    response = await api.post(
        "/v1/identities/resolve", json={"identifiers": list(identifiers), **more}
    )
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def pointers(response: httpx.Response) -> list[str]:
    """Return the fields that a problem names."""
    assert response.headers["content-type"] == "application/problem+json"
    return [error["pointer"] for error in response.json()["errors"]]
