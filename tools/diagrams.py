"""Draw the services as they are built: parts, processes, topics, tables (``docs/diagrams.md``).

``python -m tools.diagrams`` writes the page; with ``--check`` it writes nothing and fails when
the page differs from the code.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import grimp

from common.cli import PROCESSES
from common.migrations import plumbing
from common.service import Service
from tools.contracts.api_documents import built_services
from tools.export_contracts import published

ROOT = Path(__file__).parents[1]
PAGE = Path("docs/diagrams.md")
_SINGLE_PURPOSE = tuple(name for name in PROCESSES if name != "worker")
"""``worker`` runs what the others run, the API aside."""
_CREATED = re.compile(r"CREATE TABLE (\w+) \(")
_NAMED_IN_SQL = re.compile(r"\b(?:(?:FROM|JOIN|INTO|UPDATE|USING)\s+|VersionTable\(\s*\")(\w+)")


_PAGE = """\
# Diagrams

`make diagrams` draws this page from the code, and `make contracts-check` fails when it is stale.
The [architecture](architecture.md) explains the boxes.

## Parts

Which part imports which. Command lines, `wiring.py` and settings are left out.

{parts}

## Topics

Who publishes to a Kafka topic, and who consumes it.

{topics}

## Processes

What each process runs. `worker` runs all of them in one process, the API aside.

{processes}

## Tables

The tables of each service, and the parts whose SQL names them. Partitions are left out.

{tables}
"""


def page() -> str:
    """Return the whole page."""
    services = built_services()
    names = [service.name for service in services]
    return _PAGE.format(
        parts=_mermaid(_parts(names)),
        topics=_mermaid(_topics(services)),
        processes=_mermaid(_processes(services)),
        tables="\n".join(_tables(names)),
    )


def _parts(services: Sequence[str]) -> Iterator[str]:
    graph = grimp.build_graph(*services, cache_dir=None)
    for service in services:
        parts = sorted(p for p in graph.find_children(service) if graph.find_children(p))
        yield f"  subgraph {service}"
        yield from (f"    {_id(part)}[{_last(part)}]" for part in parts)
        yield "  end"
        for importer in parts:
            for imported in parts:
                if importer != imported and graph.direct_import_exists(
                    importer=importer, imported=imported, as_packages=True
                ):
                    yield f"  {_id(importer)} --> {_id(imported)}"


def _topics(services: Sequence[Service]) -> Iterator[str]:
    publishers = {event.topic: event.event_type.split(".")[0] for event in published()}
    for topic in sorted({topic for service in services for topic in service.topics}):
        publisher = f"{publishers[topic]} relay" if topic in publishers else "external producers"
        yield f"  {_id(publisher)}[{publisher}] --> {_id('topic ' + topic)}[({topic})]"
    for service in services:
        for stream in service.streams.values():
            consumer = f"{service.name} consumer"
            yield f"  {_id('topic ' + stream.topic)} --> {_id(consumer)}[{consumer}]"


def _processes(services: Sequence[Service]) -> Iterator[str]:
    for service in services:
        for process in _SINGLE_PURPOSE:
            names = [n for n in service.components if n.split(":")[0] in PROCESSES[process]]
            names += ["REST API"] if process == "api" else []
            if names:
                title = f"{service.name} {process}"
                yield f'  subgraph {_id(title)} ["{title}"]'
                yield from (f'    {_id(f"{title} {name}")}["{name}"]' for name in sorted(names))
                yield "  end"


def _tables(services: Sequence[str]) -> Iterator[str]:
    yield "| service | table | parts |"
    yield "|---|---|---|"
    yield f"| all | {_listed(_created(plumbing()))} | `libs/common` |"
    for service in services:
        home = ROOT / "services" / service
        migrations = [p.read_text() for p in sorted(home.glob("migrations/versions/*.py"))]
        users = _users(home / "src" / service)
        for table in sorted(_created(migrations)):
            yield f"| {service} | `{table}` | {_listed(users[table])} |"


def _created(statements: Iterable[str]) -> set[str]:
    return {table for text in statements for table in _CREATED.findall(text)}


def _users(package: Path) -> dict[str, set[str]]:
    """Return the parts whose ``store`` names each table."""
    users: dict[str, set[str]] = defaultdict(set)
    for module in package.glob("*/store/**/*.py"):
        for table in _NAMED_IN_SQL.findall(module.read_text()):
            users[table].add(module.relative_to(package).parts[0])
    return users


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _mermaid(lines: Iterable[str]) -> str:
    return "\n".join(["```mermaid", "flowchart LR", *lines, "```"])


def _id(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _last(module: str) -> str:
    return module.rpartition(".")[2]


def is_current(root: Path, drawn: str) -> bool:
    """Return whether the page below ``root`` is the one that was just drawn."""
    path = root / PAGE
    return path.exists() and path.read_text() == drawn


def main() -> int:
    drawn = page()
    if "--check" not in sys.argv[1:]:
        (ROOT / PAGE).write_text(drawn)
        return 0
    current = is_current(ROOT, drawn)
    print(f"{PAGE} follows the code." if current else f"stale: {PAGE}; run make diagrams")
    return 0 if current else 1


if __name__ == "__main__":
    sys.exit(main())
