"""Plays an example against running services, and compares what they answer with what it shows.

Ids and numbers of changes differ from those of the examples; all else is the same, to the
microsecond.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi.routing import APIRoute

from common.jsons import loads
from common.web.openapi import calls
from common.web.requests import SignedBody
from interactions.channels.providers.twilio import signature
from tests.examples.counterparts import Counterparts
from tests.security.raw_client import Answer
from tests.security.site import ALPHA, Site

Json = dict[str, Any]
ACCOUNT = "+15005550006"
SECRET = "the auth token of the account at Twilio"
_ANY_SERVICE = "read_version"
"""The operation that all services have; its examples are called after them."""


@dataclass(frozen=True)
class Played:
    """An example, and where it is played."""

    service: str
    route: APIRoute
    example: Json


def examples_of(site: Site) -> dict[str, Played]:
    """Return all examples, each by its operation's id and its name."""
    return {
        f"{operation} {example['name']}": Played(name, route, example)
        for name, service in site.services.items()
        for route in service.api.routes
        if isinstance(route, APIRoute)
        for operation in [route.operation_id or route.name]
        for example in (route.openapi_extra or {}).get("x-examples", ())
        if operation != _ANY_SERVICE or example["name"] == name
    }


class Player:
    """Plays examples by name; each id of theirs means the same thing in all of them."""

    def __init__(self, site: Site, key: str) -> None:
        self._site = site
        self._key = key
        self.examples = examples_of(site)
        self.counterparts = Counterparts()

    async def play(self, name: str) -> list[str]:
        """Make the call of an example; return where the answer differs from what is shown."""
        played = self.examples[name]
        answer = await self._call(played)
        if answer.status != played.example["status"]:
            return [f"the status is {answer.status}: {answer.text()}"]
        shown = played.example["answer"]
        if _is_event(shown):
            shown = shown | {"data": loads(shown["data"])}
        return list(self.counterparts.compare(shown, _body(answer)))

    async def _call(self, played: Played) -> Answer:
        [method] = played.route.methods or {"GET"}
        shown = {
            part: self.counterparts.translate(played.example[part])
            for part in ("path", "query", "headers", "body")
        }
        target, headers = played.route.path_format.format_map(shown["path"]), shown["headers"]
        if "If-Match" in headers:
            current = await self._send(played.service, "GET", target)
            headers["If-Match"] = current.header("etag")
        if shown["query"]:
            target += "?" + urlencode(_joined(shown["query"]))
        body = shown["body"]
        if any(isinstance(call, SignedBody) for call in calls(played.route.dependant)):
            headers |= signed_headers(target, body)
            body = urlencode(body).encode()
        more = {"body": body, "headers": headers}
        if _is_event(played.example["answer"]):
            more["wait_for"] = b"id: "
        return await self._send(played.service, method, target, **more)

    async def _send(self, service: str, method: str, target: str, **more: Any) -> Answer:
        return await self._site.call(service, method, target, by=ALPHA, key=self._key, **more)


def _is_event(shown: Any) -> bool:
    """Return whether what an example shows is an event of a stream."""
    return isinstance(shown, dict) and "event" in shown


def _joined(query: Mapping[str, Any]) -> Json:
    """Return the parameters with lists as texts, their values separated by commas."""
    return {
        name: ",".join(value) if isinstance(value, list) else value for name, value in query.items()
    }


def signed_headers(target: str, form: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of Twilio's call with this form."""
    text = signature(SECRET, f"http://testserver{target}", list(form.items()))
    return {"x-twilio-signature": text, "content-type": "application/x-www-form-urlencoded"}


def _body(answer: Answer) -> Any:
    """Return what was answered; of a stream, its first event."""
    media_type = answer.header("content-type") or ""
    if media_type.startswith("text/xml"):
        return answer.body.decode()
    if media_type.startswith("text/event-stream"):
        frames = [_fields(frame) for frame in answer.body.decode().split("\r\n\r\n")]
        return next(frame for frame in frames if "id" in frame)
    return answer.json() if answer.body else None


def _fields(frame: str) -> Json:
    """Return the fields of an event of a stream, its data as JSON."""
    fields: Json = dict(line.split(": ", 1) for line in frame.splitlines())
    return fields | ({"data": loads(fields["data"])} if "data" in fields else {})
