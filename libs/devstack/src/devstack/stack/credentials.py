"""Secrets and API keys of an embedded stack: created once, stored with its data."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import SecretStr

from common.db import wall_time
from common.service import Service
from common.web.auth import (
    CreateKey,
    ServiceTokens,
    create_key,
    import_key,
    insert_key,
    registered_scopes,
)

DEMO, OTHER = "demo", "other"
SERVICE_SCOPES = ("identity:write", "context:read")
"""What identity lets interactions do for every tenant."""


@dataclass(frozen=True)
class Credentials:
    """All in plain text; they are valid only for this stack."""

    pepper: str
    cursor_secret: str
    service_key: str
    sealing_key: str
    deny_secret: str
    receipt_key: str
    api_key: str
    other_tenant_api_key: str

    async def install(self, service: Service) -> None:
        """Store both API keys in the service's database; repeating it changes nothing."""
        for tenant, key in ((DEMO, self.api_key), (OTHER, self.other_tenant_api_key)):
            now = service.clock.now()
            row = import_key(key, _all_scopes(tenant), pepper=SecretStr(self.pepper), now=now)
            await service.database.run(insert_key, row, now=now)


def load_credentials(directory: Path) -> Credentials:
    """Return the credentials stored in ``directory``, creating them at the first start."""
    path = directory / "credentials.json"
    if not path.exists():
        write_private(path, asdict(_create()))
    stored = json.loads(path.read_text())
    if missing := asdict(_create()).keys() - stored.keys():
        # An earlier version wrote the file: the secrets it did not know are made now.
        stored |= {name: value for name, value in asdict(_create()).items() if name in missing}
        write_private(path, stored)
    return Credentials(**stored)


def write_private(path: Path, content: object) -> None:
    """Write JSON atomically to a file that only this user may read."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    draft.rename(path)


def _create() -> Credentials:
    pepper = secrets.token_urlsafe(48)
    keys = [
        create_key(_all_scopes(tenant), pepper=SecretStr(pepper), now=wall_time())[0]
        for tenant in (DEMO, OTHER)
    ]
    return Credentials(
        pepper=pepper,
        cursor_secret=secrets.token_urlsafe(48),
        service_key=ServiceTokens.generate_key(),
        deny_secret=secrets.token_urlsafe(48),
        receipt_key=ServiceTokens.generate_key(),
        sealing_key=base64.b64encode(secrets.token_bytes(32)).decode(),
        api_key=keys[0],
        other_tenant_api_key=keys[1],
    )


def _all_scopes(tenant: str) -> CreateKey:
    return CreateKey(
        tenant_id=tenant, name="development", scopes=sorted(registered_scopes()), environment="test"
    )
