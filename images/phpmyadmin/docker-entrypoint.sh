#!/bin/sh
# Gives phpMyAdmin a secret for its cookies, then runs the command. A secret made here ends with the container, and with it
# the logins; PMA_BLOWFISH_SECRET or PMA_BLOWFISH_SECRET_FILE (32 characters) is for one that stays.
set -e
if [ -n "$PMA_BLOWFISH_SECRET_FILE" ]; then
  PMA_BLOWFISH_SECRET=$(cat "$PMA_BLOWFISH_SECRET_FILE")
fi
if [ -z "$PMA_BLOWFISH_SECRET" ]; then
  PMA_BLOWFISH_SECRET=$(head -c 24 /dev/urandom | base64)
fi
export PMA_BLOWFISH_SECRET
exec "$@"
