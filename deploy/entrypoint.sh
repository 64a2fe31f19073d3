#!/bin/sh
# libpq takes a password from the environment, or from a file only its owner may read, which a mounted secret is not.
set -eu
if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
  PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
  export PGPASSWORD
fi
exec "$@"
