#!/bin/sh
# As in the official image: run what stands in /docker-entrypoint.d, then the command.
set -e
if [ "$1" = nginx ] && [ -d /docker-entrypoint.d ]; then
  for f in /docker-entrypoint.d/*.sh; do
    [ -x "$f" ] && "$f"
  done
fi
exec "$@"
