# What the scripts of this folder share. It is sourced by bash, from the repository's root.
# shellcheck shell=bash

say() { printf '%s %s\n' "${SCRIPT:-packctl}:" "$*" >&2; }
die() { say "error: $*"; exit 1; }

# as_root runs a command as root: directly, or through sudo. Without both it says what to do.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		die "\`$*\` needs root, and there is no sudo: run this as root"
	fi
}

# docker_answers says whether a Docker daemon answers and lets us in.
docker_answers() { docker info >/dev/null 2>&1; }
