"""``python -m identity api | relay | worker | migrate | keys | receipts | dead-letters | ...``."""

from common.cli import build_cli
from identity.privacy.commands import receipts
from identity.settings import IdentitySettings
from identity.wiring import build

main = build_cli(IdentitySettings, build)
main.add_typer(receipts, name="receipts")

if __name__ == "__main__":
    main()
