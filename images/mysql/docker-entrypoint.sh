#!/bin/bash
# As in the official image: an empty data folder is initialised once, with the passwords, the user and the database that the
# environment names; then the server replaces this script. It runs as mysql from the start, so nothing here needs root.
set -Eeo pipefail

file_env() { # VAR from VAR or VAR_FILE
  local var="$1" file="$1_FILE"
  if [ -n "${!var:-}" ] && [ -n "${!file:-}" ]; then
    echo "error: both $var and $file are set; set one of them" >&2
    exit 1
  fi
  if [ -n "${!file:-}" ]; then
    export "$var"="$(<"${!file}")"
  fi
  unset "$file"
}

literal() { # text as an SQL string, for NO_BACKSLASH_ESCAPES
  printf "'%s'" "${1//\'/\'\'}"
}

name() { # text as an SQL name
  printf '`%s`' "${1//\`/\`\`}"
}

client=(mysql --no-defaults --protocol=socket --socket=/tmp/initialise.sock --user=root --default-character-set=utf8mb4)

# first_statements prints what makes an installed server the one that the environment describes. root keeps its way in through
# the socket for the operating system's root, whom this container does not have, so the password is what counts.
first_statements() {
  local host="${MYSQL_ROOT_HOST-%}" password
  password=$(literal "$MYSQL_ROOT_PASSWORD")
  echo "SET @@SESSION.SQL_LOG_BIN = 0; SET @@SESSION.SQL_MODE = CONCAT(@@SQL_MODE, ',NO_BACKSLASH_ESCAPES');"
  # mysql_install_db lets root in without a password from 127.0.0.1, ::1 and the name that this container happens to have.
  echo "DELETE FROM mysql.global_priv WHERE NOT (User IN ('root', 'mariadb.sys') AND Host = 'localhost');"
  echo "DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost'; FLUSH PRIVILEGES;"
  if [ -n "$host" ] && [ "$host" != localhost ]; then
    echo "CREATE USER 'root'@$(literal "$host") IDENTIFIED BY $password; GRANT ALL ON *.* TO 'root'@$(literal "$host") WITH GRANT OPTION;"
  fi
  if [ -n "$MYSQL_DATABASE" ]; then
    echo "CREATE DATABASE IF NOT EXISTS $(name "$MYSQL_DATABASE");"
  fi
  if [ -n "$MYSQL_USER" ]; then
    echo "CREATE USER $(literal "$MYSQL_USER")@'%' IDENTIFIED BY $(literal "$MYSQL_PASSWORD");"
    if [ -n "$MYSQL_DATABASE" ]; then
      # In a grant _ and % of the database's name are wildcards.
      local pattern="${MYSQL_DATABASE//_/\\_}"
      echo "GRANT ALL ON $(name "${pattern//%/\\%}").* TO $(literal "$MYSQL_USER")@'%';"
    fi
  fi
  echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $password;"
}

initialise() { # folder
  local fresh="$1" server f
  if [ -z "$MYSQL_ROOT_PASSWORD" ] && [ -z "${MYSQL_ALLOW_EMPTY_PASSWORD:-}" ]; then
    echo "error: the data folder is empty and no root password is given; set MYSQL_ROOT_PASSWORD or MYSQL_ROOT_PASSWORD_FILE" >&2
    exit 1
  fi
  if [ "$MYSQL_USER" = root ]; then
    echo "error: MYSQL_USER names a user beside root; MYSQL_ROOT_PASSWORD is root's password" >&2
    exit 1
  fi
  if [ -n "$MYSQL_USER" ] && [ -z "$MYSQL_PASSWORD" ]; then
    echo "error: MYSQL_USER is set and MYSQL_PASSWORD is not; set it, or MYSQL_PASSWORD_FILE" >&2
    exit 1
  fi
  mkdir "$fresh"
  mysql_install_db --datadir="$fresh" --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve >/dev/null

  # No TCP while it is set up: a ping over the network must not pass before the database and its user exist.
  mysqld "${@:2}" --datadir="$fresh" --skip-networking --socket=/tmp/initialise.sock --pid-file=/tmp/initialise.pid &
  server=$!
  until mysqladmin --no-defaults --socket=/tmp/initialise.sock --user=root ping >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || { echo "error: the server ended while it was set up; its reason is above" >&2; exit 1; }
    sleep 0.2
  done
  first_statements | "${client[@]}"
  export MYSQL_PWD="$MYSQL_ROOT_PASSWORD"
  [ -z "$MYSQL_DATABASE" ] || client+=("--database=$MYSQL_DATABASE")
  for f in /docker-entrypoint-initdb.d/*; do
    case "$f" in
      *.sh) if [ -x "$f" ]; then "$f"; else . "$f"; fi ;;
      *.sql) "${client[@]}" <"$f" ;;
      *.sql.gz) gunzip -c "$f" | "${client[@]}" ;;
    esac
  done
  mysqladmin --no-defaults --socket=/tmp/initialise.sock --user=root shutdown
  wait "$server"
  unset MYSQL_PWD
}

# settle moves a finished folder's content to where the server looks; `mysql`, the sign of a whole one, comes last. It goes on
# where an earlier try was cut off.
settle() { # folder, data folder
  local entry
  shopt -s dotglob nullglob
  for entry in "$1"/*; do
    [ "$entry" = "$1/mysql" ] || mv "$entry" "$2/"
  done
  mv "$1/mysql" "$2/mysql"
  rmdir "$1"
  shopt -u dotglob nullglob
}

case "$1" in
  -*) set -- mysqld "$@" ;;
esac

if [ "$1" = mysqld ]; then
  data=/var/lib/mysql
  for argument in "$@"; do
    case "$argument" in --datadir=*) data="${argument#--datadir=}" ;; esac
  done
  for variable in MYSQL_ROOT_PASSWORD MYSQL_DATABASE MYSQL_USER MYSQL_PASSWORD; do
    file_env "$variable"
  done
  if [ ! -d "$data/mysql" ]; then
    # Half-made data must never look whole: the server is set up aside, the rename says that this is done, and only then is
    # anything put where the server looks.
    if [ ! -d "$data/.whole" ]; then
      rm -rf "$data/.half"
      initialise "$data/.half" "${@:2}"
      mv "$data/.half" "$data/.whole"
      sync
    fi
    settle "$data/.whole" "$data"
  elif [ -d "$data/.whole" ]; then
    rmdir "$data/.whole"
  fi
  unset MYSQL_ROOT_PASSWORD MYSQL_PASSWORD
fi
exec "$@"
