"""``python -m identity api | relay | worker | migrate | settings | keys | dead-letters``."""

from common.cli import build_cli
from identity.settings import IdentitySettings
from identity.wiring import build

main = build_cli(IdentitySettings, build)

if __name__ == "__main__":
    main()
