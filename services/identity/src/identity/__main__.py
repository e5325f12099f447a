"""``python -m identity api | relay | worker | migrate | evaluate | keys | receipts | ...``."""

from common.cli import build_cli
from identity.commands import evaluate
from identity.privacy.commands import receipts
from identity.settings import IdentitySettings
from identity.wiring import build

main = build_cli(IdentitySettings, build)
main.command()(evaluate)
main.add_typer(receipts, name="receipts")

if __name__ == "__main__":
    main()
