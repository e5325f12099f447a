"""The role as which a service runs: it may change rows, but it does not own the tables."""

import hashlib
import hmac
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from devstack.servers.postgres import Server

_MAY_CREATE_ROLES = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"


def runtime_role(service: str) -> str:
    return f"{service}_runtime"


def runtime_dsn(owner_dsn: str, service: str) -> str:
    """Return the same address with the service's runtime role.

    The role's password is derived from the owner's, so nobody has to store it.
    """
    address = urlsplit(owner_dsn)
    role = runtime_role(service)
    _, _, host = address.netloc.rpartition("@")
    return urlunsplit(address._replace(netloc=f"{quote(role)}:{_password(owner_dsn, role)}@{host}"))


async def ensure_runtime_role(server: Server, database: str, service: str) -> bool:
    """Create the service's runtime role, with its password, and let it connect to ``database``.

    Return False if the server's role may not create roles or has no password: the service then
    runs as the owner.
    """
    role, password = runtime_role(service), urlsplit(server.admin_dsn).password
    connection = await asyncpg.connect(server.admin_dsn)
    try:
        if not password or not await connection.fetchval(_MAY_CREATE_ROLES):
            return False
        async with connection.transaction():
            # Roles belong to the whole server, which other stacks and tests may use too.
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('threadline.roles'))")
            exists = "SELECT true FROM pg_roles WHERE rolname = $1"
            verb = "ALTER" if await connection.fetchval(exists, role) else "CREATE"
            secret = _password(server.admin_dsn, role)
            await connection.execute(f"{verb} ROLE {role} LOGIN PASSWORD '{secret}'")
            await connection.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
            await connection.execute(f'GRANT CONNECT ON DATABASE "{database}" TO {role}')
    finally:
        await connection.close()
    return True


def _password(owner_dsn: str, role: str) -> str:
    key = (urlsplit(owner_dsn).password or "").encode()
    return hmac.new(key, role.encode(), hashlib.sha256).hexdigest()
