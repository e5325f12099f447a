"""Count what four walks through the running product cost a reader: calls across files, files.

``python -m tools.reports.walks`` runs all services over embedded servers in this process and
prints a table; ``--list posted`` prints the calls of one walk in their order; ``--tree DIR`` counts
another checkout, which must have its own virtual environment (``--layout flat`` for the tree before
the services were cut into parts). ``--save`` writes ``benchmarks/results/walks.md``.

A call counts when a function of one file of ours starts a function in another file of ours, however
many frames of libraries lie between; however often it happens, it counts once, because a reader
reads it once. A coroutine counts when it starts, not when it goes on. A hop is a function that was
called across files and itself leads on into another file: what a reader follows, without the
helpers at the end of each path. Requests are counted from the ASGI edge to the answer; what a
component does, in the busiest burst of work that holds a call which an idle component never makes.
Every number is the median of five.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from importlib import import_module
from itertools import count
from pathlib import Path
from statistics import median
from types import FrameType
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).parents[2]
OURS = ("common", "identity", "interactions", "sla")
LAYOUTS = {
    "parts": ("devstack.stack.stack", "devstack.stack.services", "devstack.servers.children"),
    "flat": ("deploy.embedded.stack", "deploy.embedded.services", "deploy.embedded.children"),
}
"""Per layout of the tree, the modules that hold the running stack, its services, ``free_port``."""
WALKS = {
    "posted": "an interaction posted",
    "consumed": "a record consumed",
    "fetched": "a context fetched",
    "breached": "a deadline breached",
}
REPEATS = 5
QUIET_SECONDS = 0.03
"""A pause after which what a component does is another burst of work."""
_walk: ContextVar[str | None] = ContextVar("walk", default=None)
_worker: ContextVar[int | None] = ContextVar("worker", default=None)


@dataclass(frozen=True)
class Call:
    at: float
    worker: int | None
    """The task of a component in which it happened, or whose child's task it was."""
    source: str
    source_entry: str
    """The function by which the source file was entered from another file."""
    target: str
    name: str


@dataclass
class Tracer:
    """Collects the calls across files of ours by the walk in whose context they happen."""

    root: Path
    calls: dict[str, list[Call]] = field(default_factory=dict)
    _files: dict[str, str | None] = field(default_factory=dict)
    _last: str = ""
    _workers: Iterator[int] = field(default_factory=count)

    def trace(self, frame: FrameType, event: str, _: Any) -> None:
        """Note the call, if it is one across files; for ``sys.setprofile``."""
        if event != "call" or (target := self._ours(frame)) is None:
            return
        walk = _walk.get()
        self._last = walk = self._last if walk is None else walk
        if not walk or frame.f_code.co_code[frame.f_lasti + 1] != 0:
            return  # a coroutine that goes on: the operand of RESUME tells
        source, entry = self._caller(frame.f_back)
        if source != target:
            name = frame.f_code.co_qualname
            call = Call(time.monotonic(), _worker.get(), source, entry, target, name)
            self.calls.setdefault(walk, []).append(call)

    def task(self, loop: Any, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        """Make a task that belongs to its maker's walk, also in a context of its own."""
        context = options.pop("context", None) or copy_context()
        if _walk.get() is None:
            context.run(_walk.set, self._last)
        if _worker.get() is None:
            context.run(_worker.set, next(self._workers))
        return asyncio.Task(coroutine, loop=loop, context=context, **options)

    def _caller(self, frame: FrameType | None) -> tuple[str, str]:
        """Return the file of ours that calls, and the function by which it was entered."""
        source, entry = "", ""
        while frame is not None:
            ours = self._ours(frame)
            if ours is not None and source not in {"", ours}:
                break
            if ours is not None:
                source, entry = ours, frame.f_code.co_qualname
            frame = frame.f_back
        return source, entry

    def _ours(self, frame: FrameType) -> str | None:
        path = frame.f_code.co_filename
        if path not in self._files:
            tail = path.partition("/src/")[2]
            ours = path.startswith(str(self.root)) and tail.partition("/")[0] in OURS
            self._files[path] = tail if ours else None
        return self._files[path]


class Marked:
    """An ASGI application whose requests with a header ``x-walk`` are traced until they end."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers") or ())
        _walk.set(headers[b"x-walk"].decode() if b"x-walk" in headers else "")
        await self._app(scope, receive, send)
        _walk.set("")


def _marked_component(component: Any) -> Any:
    run = component.run

    async def marked(stop: asyncio.Event) -> None:
        _walk.set(component.name)
        _worker.set(None)
        await run(stop)

    component.run = marked
    return component


def bursts(calls: list[Call]) -> list[list[Call]]:
    """Cut a component's calls where it paused."""
    parts: list[list[Call]] = []
    for call in calls:
        if not parts or call.at - parts[-1][-1].at > QUIET_SECONDS:
            parts.append([])
        parts[-1].append(call)
    return parts


def busiest(calls: list[Call], idle: list[Call]) -> list[Call]:
    """Return the largest burst that holds a call which was never made while idle."""
    usual = {(call.source, call.target, call.name) for call in idle}
    by_worker: dict[int | None, list[Call]] = {}
    for call in calls:
        by_worker.setdefault(call.worker, []).append(call)
    working = [
        burst
        for own in by_worker.values()
        for burst in bursts(own)
        if any((call.source, call.target, call.name) not in usual for call in burst)
    ]
    return max(working, key=len, default=[])


class Walker:
    """Takes the walks on a running stack."""

    def __init__(self, tracer: Tracer, client: Any) -> None:
        self._calls = tracer.calls
        self._client = client
        self._idle: dict[str, list[Call]] = {}
        self._known = _email()

    async def take(self) -> dict[str, list[list[Call]]]:
        """Return the calls of every walk, once per repetition."""
        customer = await self._warm_up()
        await asyncio.sleep(3)
        self._idle = {name: list(calls) for name, calls in self._calls.items()}
        return {
            "posted": await self._repeat(lambda: self._request("posted", self._post)),
            "consumed": await self._repeat(
                lambda: self._component("consumer:interactions.customers", self._add_identifier, 2)
            ),
            "fetched": await self._repeat(
                lambda: self._request("fetched", lambda walk: self._fetch(walk, customer))
            ),
            "breached": await self._repeat(
                lambda: self._component("timer:due_clocks", self._miss_a_deadline, 5)
            ),
        }

    async def _repeat(self, take: Callable[[], Awaitable[list[Call]]]) -> list[list[Call]]:
        return [await take() for _ in range(REPEATS)]

    async def _warm_up(self) -> str:
        body: dict[str, Any] = {}
        await self._send("POST", "/v1/sla/policies", {
            "name": "walk", "position": 1,
            "conditions": {"all": [{"field": "channel", "op": "eq", "value": "walk"}]},
            "targets": [{"metric": "first_response", "priority": None, "seconds": 1,
                         "calendar_id": None, "warn_at": []}],
        })  # fmt: skip
        for _ in range(3):
            body = await self._post(None)
        customer = str(body["customer_id"])
        for _ in range(100):
            answer = await self._client.get(f"/v1/context/{customer}")
            if answer.is_success:
                break
            await asyncio.sleep(0.1)
        return customer

    async def _request(self, walk: str, request: Callable[[str], Awaitable[Any]]) -> list[Call]:
        self._calls[walk] = []
        await request(walk)
        return self._calls[walk]

    async def _component(
        self, name: str, cause: Callable[[], Awaitable[None]], seconds: float
    ) -> list[Call]:
        self._calls[name] = []
        await cause()
        await asyncio.sleep(seconds)
        return busiest(self._calls[name], self._idle.get(name, []))

    async def _post(self, walk: str | None) -> Any:
        return await self._send(
            "POST", "/v1/interactions", self._interaction("chat", self._known), walk
        )

    async def _fetch(self, walk: str, customer: str) -> Any:
        return await self._send("GET", f"/v1/context/{customer}", None, walk)

    async def _add_identifier(self) -> None:
        """Make identity publish one event: a second identifier of somebody who is known."""
        second = {"type": "cookie", "value": uuid4().hex, "level": "channel_proved"}
        body = {"identifiers": [self._known, second], "source": "walk"}
        await self._send("POST", "/v1/identities/resolve", body)

    async def _miss_a_deadline(self) -> None:
        await self._send("POST", "/v1/interactions", self._interaction("walk", _email()))

    def _interaction(self, channel: str, identifier: dict[str, str]) -> dict[str, Any]:
        return {
            "channel": channel,
            "kind": "message",
            "direction": "inbound",
            "author": {"type": "customer"},
            "identifiers": [identifier],
            "text": "Hello",
        }

    async def _send(self, method: str, path: str, body: Any = None, walk: str | None = None) -> Any:
        headers = {"x-walk": walk} if walk else {}
        answer = await self._client.request(method, path, json=body, headers=headers)
        if not answer.is_success:
            raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()


def _email() -> dict[str, str]:
    value = f"walk-{uuid4().hex}@example.org"
    return {"type": "email", "value": value, "level": "channel_proved"}


async def take_walks(layout: str, root: Path) -> dict[str, list[list[Call]]]:
    """Run the stack of this layout in this process, and take the walks on it."""
    import httpx

    stack, services, children = (import_module(name) for name in LAYOUTS[layout])
    tracer = Tracer(root)
    build, run = stack.build_gateway, stack.run_components
    namespace: Any = stack
    namespace.build_gateway = lambda *given: Marked(build(*given))
    namespace.run_components = lambda parts, stop: run(
        [_marked_component(part) for part in parts], stop
    )
    # Heartbeats would mix with the record that is followed.
    vars(services)["RARE_SECONDS"] = 3600.0
    with tempfile.TemporaryDirectory(prefix="walks-") as scratch:
        log = (Path(scratch) / "walks.log").open("w")
        import_module("common.telemetry.logs").configure(stream=log)
        asyncio.get_running_loop().set_task_factory(tracer.task)
        async with stack.running_stack(Path(scratch), port=children.free_port()) as running:
            headers = {"Authorization": f"Bearer {running.endpoints.api_key}"}
            async with httpx.AsyncClient(
                base_url=running.endpoints.base_url, headers=headers, trust_env=False, timeout=10
            ) as client:
                sys.setprofile(tracer.trace)  # of this thread, which is the event loop's
                try:
                    return await Walker(tracer, client).take()
                finally:
                    sys.setprofile(None)


Numbers = dict[str, tuple[int, int, int]]


def hops(calls: list[Call]) -> list[Call]:
    """Return the first call of each function that itself leads on into another file."""
    leading = {(call.source, call.source_entry) for call in calls}
    first = {(call.target, call.name): call for call in reversed(calls)}
    return [call for key, call in reversed(first.items()) if key in leading]


def numbers(walks: dict[str, list[list[Call]]]) -> Numbers:
    """Return hops, calls across files and files touched, per walk."""
    return {
        name: (
            int(median(len(hops(calls)) for calls in taken)),
            int(median(len({(c.source, c.target, c.name) for c in calls}) for calls in taken)),
            int(median(len({call.target for call in calls}) for calls in taken)),
        )
        for name, taken in walks.items()
    }


def table(columns: dict[str, Numbers]) -> str:
    """Return a Markdown table: a row per walk, three columns per tree."""
    heads = [f"{what} {title}" for title in columns for what in ("hops", "calls", "files")]
    lines = [f"| walk | {' | '.join(heads)} |", "|---|" + "--:|" * len(heads)]
    for name, title in WALKS.items():
        cells = [str(number) for tree in columns.values() for number in tree[name]]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def counted_in(tree: Path, layout: str) -> Numbers:
    """Count in another checkout, by its own interpreter."""
    command = [str(tree / ".venv/bin/python"), __file__, "--json", "--layout", layout]
    result = subprocess.run(command, cwd=tree, check=True, capture_output=True, text=True)
    counted: Numbers = json.loads(result.stdout.splitlines()[-1])
    return counted


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tree", type=Path)
    parser.add_argument("--layout", choices=LAYOUTS, default="parts")
    parser.add_argument("--list", choices=WALKS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--save", action="store_true")
    wanted = parser.parse_args()
    columns = {"before": counted_in(wanted.tree, wanted.layout)} if wanted.tree else {}
    here = Path.cwd() if wanted.json else ROOT
    sys.path.insert(0, str(here))
    layout = wanted.layout if wanted.json else "parts"
    walks = asyncio.run(take_walks(layout, here))
    if wanted.json:
        print(json.dumps(numbers(walks)))
        return 0
    if wanted.list:
        calls = walks[wanted.list][-1]
        steps = hops(calls)
        for call in calls:
            mark = "*" if call in steps else " "
            print(f"{mark} {call.source or '(outside)'} → {call.target}  {call.name}")
    text = table(columns | {"now": numbers(walks)})
    print(text)
    if wanted.save:
        introduction = (__doc__ or "").partition("\n\n")[2].partition("\n\n")[2]
        heading = "# Four walks through the code\n\nBy `python -m tools.reports.walks`."
        kept = f"{heading}\n{introduction}\n{text}\n"
        (ROOT / "benchmarks/results/walks.md").write_text(kept)
    return 0


if __name__ == "__main__":
    sys.exit(main())
