"""How the demo speaks: steps, quotes, live alerts, and the context as tables."""

import time
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

Json = dict[str, Any]


class Narrator:
    """Prints what happens, with the seconds since the beginning."""

    def __init__(self) -> None:
        self._console = Console(soft_wrap=True, highlight=False)
        self._began = time.monotonic()
        self._steps = 0

    def step(self, text: str) -> None:
        self._steps += 1
        self._console.print(f"\n[bold cyan]{self._steps}. {escape(text)}[/]")

    def say(self, text: str) -> None:
        self._line(escape(text))

    def quote(self, who: str, text: str) -> None:
        self._line(f"[bold]{who:<6}[/] [italic]“{escape(text)}”[/]")

    def alert(self, kind: str) -> None:
        colour = "yellow" if kind.endswith("warning") else "red"
        self._line(f"[bold {colour}]◀ live: {kind}[/]")

    def context(self, seen: Json, *, milliseconds: float) -> None:
        """Show the answer of one context call."""
        attributes = seen["customer"]["attributes"]
        self.say(f"answered in {milliseconds:.1f} ms: {attributes}")
        identifiers = Table("identifier", "value", "level", title_justify="left")
        for one in seen["identifiers"]:
            identifiers.add_row(one["type"], escape(one["value"]), one["level"])
        history = Table("when", "channel", "who", "what")
        for one in reversed(seen["interactions"]):
            when = one["occurred_at"][11:19]
            history.add_row(when, one["channel"], one["author"]["type"], escape(one["text"]))
        clocks = Table("clock", "state", "due", "breached")
        for one in (*seen["sla"]["breaches"], *seen["sla"]["clocks"]):
            clocks.add_row(one["metric"], one["state"], one["due_at"], one["breached_at"])
        for table in (identifiers, history, clocks):
            self._console.print(table)
        self.say(f"next deadline {seen['sla']['next_deadline']}")

    def where_next(self) -> None:
        """Say what to try by hand."""
        self._console.print(
            "\n[bold]Look around:[/] this stack is gone now. `make serve` keeps one running, and"
            " prints calls to paste,\n  the key for them, and the address of a page that describes"
            " and tries out every call.\n",
            markup=True,
        )

    def _line(self, markup: str) -> None:
        self._console.print(f"  [dim]{time.monotonic() - self._began:5.1f} s[/]  {markup}")
