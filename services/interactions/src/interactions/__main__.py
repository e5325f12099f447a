"""``python -m interactions api | consumer | relay | timer | worker | migrate | channels | ...``."""

from common.cli import build_cli
from interactions.commands import channels, deliveries
from interactions.settings import InteractionsSettings
from interactions.wiring import build

main = build_cli(InteractionsSettings, build)
main.add_typer(channels, name="channels")
main.add_typer(deliveries, name="deliveries")

if __name__ == "__main__":
    main()
