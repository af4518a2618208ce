#!/bin/bash
# As in the official image: an empty PGDATA is initialised once, with the user, the password and the database that the
# environment names; then the server replaces this script. It runs as postgres from the start, so nothing here needs root.
set -Eeo pipefail

file_env() { # VAR from VAR or VAR_FILE, with a default
  local var="$1" file="$1_FILE" default="${2:-}"
  if [ -n "${!var:-}" ] && [ -n "${!file:-}" ]; then
    echo "error: both $var and $file are set; set one of them" >&2
    exit 1
  fi
  local value="$default"
  if [ -n "${!var:-}" ]; then
    value="${!var}"
  elif [ -n "${!file:-}" ]; then
    value="$(<"${!file}")"
  fi
  export "$var"="$value"
  unset "$file"
}

initialise() {
  if [ -z "$POSTGRES_PASSWORD" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
    echo "error: the data folder is empty and no superuser password is given; set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE" >&2
    exit 1
  fi
  # A half-made cluster must never look like a whole one: PG_VERSION, the sign of a whole one, arrives with the rename.
  local fresh="$PGDATA/.initdb"
  rm -rf "$fresh"
  eval "initdb --username=\"\$POSTGRES_USER\" --pwfile=<(printf '%s\n' \"\$POSTGRES_PASSWORD\") -D \"\$fresh\" $POSTGRES_INITDB_ARGS"
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$fresh/pg_hba.conf"

  # No TCP while it is set up: a pg_isready over the network must not pass before the database exists.
  PGPASSWORD="$POSTGRES_PASSWORD" pg_ctl -D "$fresh" -o "-c listen_addresses=''" -w start
  local psql=(psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --no-password)
  if [ "$POSTGRES_DB" != postgres ]; then
    "${psql[@]}" --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
  fi
  local f
  for f in /docker-entrypoint-initdb.d/*; do
    case "$f" in
      *.sh) if [ -x "$f" ]; then "$f"; else . "$f"; fi ;;
      *.sql) "${psql[@]}" --dbname "$POSTGRES_DB" -f "$f" ;;
      *.sql.gz) gunzip -c "$f" | "${psql[@]}" --dbname "$POSTGRES_DB" ;;
    esac
  done
  pg_ctl -D "$fresh" -m fast -w stop

  local version="$fresh/PG_VERSION" entry
  shopt -s dotglob
  for entry in "$fresh"/*; do
    [ "$entry" = "$version" ] || mv "$entry" "$PGDATA/"
  done
  mv "$version" "$PGDATA/PG_VERSION"
  rmdir "$fresh"
}

case "$1" in
  -*) set -- postgres "$@" ;;
esac

if [ "$1" = postgres ]; then
  file_env POSTGRES_PASSWORD
  file_env POSTGRES_USER postgres
  file_env POSTGRES_DB "$POSTGRES_USER"
  file_env POSTGRES_INITDB_ARGS
  mkdir -p "$PGDATA"
  chmod 00700 "$PGDATA" 2>/dev/null || true
  if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initialise
  fi
  unset POSTGRES_PASSWORD PGPASSWORD
fi
exec "$@"
