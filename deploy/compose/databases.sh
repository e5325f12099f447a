#!/usr/bin/env bash
# A database and a role for each service, none of which may connect to another's. Run at every start:
# it makes what is missing and gives the roles the passwords of now.
set -euo pipefail

for service in identity interactions sla; do
  variable=POSTGRES_PASSWORD_${service^^}
  SERVICE=$service PASSWORD=${!variable} psql --set=ON_ERROR_STOP=1 --no-psqlrc --quiet <<'SQL'
\getenv service SERVICE
\getenv password PASSWORD
SELECT format('CREATE ROLE %I', :'service')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'service') \gexec
ALTER ROLE :"service" LOGIN PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'service', :'service')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'service') \gexec
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
SQL
done
