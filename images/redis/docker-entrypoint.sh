#!/bin/sh
# As in the official image: options and configuration files are for redis-server.
set -e
case "$1" in
  -*|*.conf) set -- redis-server "$@" ;;
esac
# Debian's build listens on loopback in protected mode; the official image does not, since the container is the border.
# A configuration file keeps the last word, so nothing is added when one is named.
if [ "$1" = redis-server ]; then
  case "$2" in
    ''|-*) shift; set -- redis-server --protected-mode no --bind '* -::*' "$@" ;;
  esac
fi
umask 0077
exec "$@"
