"""Compares two versions of the published events: schemas, topics and headers."""

from collections.abc import Iterator, Mapping

from tools.contracts.breaking.changes import Change, Side
from tools.contracts.breaking.documents import Json
from tools.contracts.breaking.schemas import Comparison


def compare_events(old: Mapping[str, Json], new: Mapping[str, Json]) -> list[Change]:
    """Return the changes of record values, by type and version, that would break a consumer."""
    found: list[Change] = []
    for name, schema in old.items():
        if name in new:
            comparison = Comparison(schema, new[name], Side.RECEIVES, prefix=f"{name}: ")
            found += comparison.changes(schema, new[name], name)
        else:
            found.append(Change("event-removed", name))
    return sorted(set(found))


def compare_channels(old: Json, new: Json) -> list[Change]:
    """Return the changes of an AsyncAPI document's topics and headers."""
    return sorted({*_topics(old, new), *_headers(old, new)})


def _topics(old: Json, new: Json) -> Iterator[Change]:
    for topic, channel in old["channels"].items():
        after = new["channels"].get(topic, {"messages": {}})
        for name in channel["messages"]:
            if name in new["components"]["messages"] and name not in after["messages"]:
                yield Change("topic-changed", name, f"not on {topic}")


def _headers(old: Json, new: Json) -> Iterator[Change]:
    after = new["components"]["messages"]
    for name, message in old["components"]["messages"].items():
        if name in after:
            promised = set(after[name]["headers"]["required"])
            for header in sorted(set(message["headers"]["required"]) - promised):
                yield Change("header-removed", f"{name}: header {header}")
