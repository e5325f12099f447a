"""``python -m sla api | consumer | relay | timer | worker | migrate | settings | keys | …``."""

from common.cli import build_cli
from sla.settings import SlaSettings
from sla.wiring import build

main = build_cli(SlaSettings, build)

if __name__ == "__main__":
    main()
