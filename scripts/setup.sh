#!/usr/bin/env bash
# Installs with apt-get what is missing: scripts/setup.sh demo | test. "test" is "demo" and what the tests need on top.
# What is there already, wherever it came from, is left alone. With nothing missing it is done in a moment.
set -euo pipefail
cd "$(dirname "$0")/.."
SCRIPT=setup
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
PATH=$PATH:/usr/sbin:/sbin

missing=()
# need adds packages to what is missing unless the test holds: need "test" package…
need() { if ! eval "$1" >/dev/null 2>&1; then missing+=("${@:2}"); fi; }

command -v go >/dev/null || die "Go is not installed: see https://go.dev/doc/install (the version that go.mod names, or newer)"
need 'command -v git' git
need 'command -v curl' curl ca-certificates
need 'command -v gcc' gcc libc6-dev # Nomad's exec driver is partly C
need 'command -v dockerd' docker.io
need '[ -x /opt/cni/bin/bridge ] || [ -x /usr/lib/cni/bridge ]' containernetworking-plugins
need 'command -v iptables' iptables
need 'command -v ip' iproute2
need 'command -v debootstrap' debootstrap debian-archive-keyring # base images come from there where no registry answers
if [ "${1:-demo}" = test ]; then
	need 'ls -d /usr/lib/postgresql/*/bin/initdb || command -v initdb' postgresql
	need 'command -v mariadbd && command -v mariadb-install-db' mariadb-server
	need 'command -v redis-server' redis-server
	need 'command -v chromium || command -v chromium-browser || command -v google-chrome' chromium
	need 'command -v shellcheck' shellcheck
	need 'command -v zsh' zsh
	need 'command -v fish' fish
	need '[ -f /usr/share/bash-completion/bash_completion ]' bash-completion
fi

if [ ${#missing[@]} -gt 0 ]; then
	command -v apt-get >/dev/null || die "missing: ${missing[*]} (the names of Debian's packages), and there is no apt-get: install them by hand"
	say "installing ${missing[*]}"
	quiet_start=""
	if [ "${1:-demo}" = test ] && [ ! -e /usr/sbin/policy-rc.d ]; then
		# The tests run servers of their own; the packages' must not take ports of this machine.
		quiet_start=yes
		printf '#!/bin/sh\ncase "$1" in postgresql|mariadb|mysql|redis-server) exit 101 ;; esac\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
		as_root chmod +x /usr/sbin/policy-rc.d
	fi
	log=$(mktemp)
	rc=0
	{ as_root env DEBIAN_FRONTEND=noninteractive apt-get update &&
		as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null || rc=$?
	if [ -n "$quiet_start" ]; then as_root rm -f /usr/sbin/policy-rc.d; fi
	if [ $rc != 0 ]; then
		tail -20 "$log" >&2
		rm -f "$log"
		die "apt-get failed; install ${missing[*]} by hand"
	fi
	rm -f "$log"
	# From Debian 13 on the client is a package of its own.
	if ! command -v docker >/dev/null; then as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes docker-cli >/dev/null; fi
fi
scripts/setup-docker.sh
