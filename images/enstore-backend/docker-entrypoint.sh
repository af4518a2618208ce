#!/bin/sh
# Says how PHP is to treat its source, then runs the command: `php-fpm` and `php artisan …` alike.
set -e
if [ -z "$PHP_OPCACHE_VALIDATE_TIMESTAMPS" ]; then
  # In production the source is the image's and never changes; elsewhere it may be somebody's working copy.
  case "$APP_ENV" in
    production | prod) PHP_OPCACHE_VALIDATE_TIMESTAMPS=0 ;;
    *) PHP_OPCACHE_VALIDATE_TIMESTAMPS=1 ;;
  esac
  export PHP_OPCACHE_VALIDATE_TIMESTAMPS
fi
case "$1" in
  -*) set -- php-fpm "$@" ;;
esac
if [ "$1" = php-fpm ]; then
  shift
  set -- php-fpm --nodaemonize --fpm-config /etc/php/8.2/fpm/php-fpm.conf "$@"
fi
exec "$@"
