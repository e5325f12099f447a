"""The whole product in one process, with a Postgres and a broker that come as Python wheels."""
