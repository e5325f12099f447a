"""What a function may do with the database, told by its first parameter's type."""

from typing import NewType

from sqlalchemy.ext.asyncio import AsyncConnection

ReadConnection = NewType("ReadConnection", AsyncConnection)
"""A connection for reading: read-only, and perhaps outside any transaction."""

Transaction = NewType("Transaction", ReadConnection)
"""A connection inside a transaction that ``Database.run`` commits; it may also be read."""
