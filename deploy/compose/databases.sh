#!/usr/bin/env bash
# A database and two roles for each service, neither of which may connect to another's: the owner of
# the tables, who migrates, and the role as which the service runs, whose rights `migrate` gives. Run
# at every start: it makes what is missing and gives the roles the passwords of now.
set -euo pipefail

for service in identity interactions sla; do
  owner_password=POSTGRES_PASSWORD_${service^^} runtime_password=POSTGRES_RUNTIME_PASSWORD_${service^^}
  OWNER=$service OWNER_PASSWORD=${!owner_password} \
    RUNTIME=${service}_runtime RUNTIME_PASSWORD=${!runtime_password} \
    psql --set=ON_ERROR_STOP=1 --no-psqlrc --quiet <<'SQL'
\getenv owner OWNER
\getenv owner_password OWNER_PASSWORD
\getenv runtime RUNTIME
\getenv runtime_password RUNTIME_PASSWORD
SELECT format('CREATE ROLE %I', role) FROM unnest(ARRAY[:'owner', :'runtime']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec
ALTER ROLE :"owner" LOGIN PASSWORD :'owner_password';
ALTER ROLE :"runtime" LOGIN PASSWORD :'runtime_password';
SELECT format('CREATE DATABASE %I OWNER %I', :'owner', :'owner')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'owner') \gexec
REVOKE ALL ON DATABASE :"owner" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"owner" TO :"runtime";
SQL
done
