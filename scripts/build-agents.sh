#!/usr/bin/env bash
# Puts the pinned Nomad and Consul, with their web interfaces, into bin/: scripts/build-agents.sh [nomad] [consul]
# The version stands in tools/<agent>/go.mod. One that is as new or newer on PATH is taken instead; otherwise the agent is
# built from its published module, which takes some minutes the first time and seconds from Go's build cache.
set -euo pipefail
cd "$(dirname "$0")/.."
SCRIPT=tools
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

version_of() { "$1" version 2>/dev/null | sed -nE 's/^[A-Za-z]+ (v[0-9][^ ]*).*/\1/p' | head -1; }

agent() {
	local name=$1 want path
	want=$(sed -nE "s,.*github\.com/hashicorp/$name (v[0-9.]+)\$,\1,p" "tools/$name/go.mod" | head -1)
	if [ -x "bin/$name" ] && [ "$(printf '%s\n' "$want" "$(version_of "bin/$name")" | sort -V | tail -1)" = "$(version_of "bin/$name")" ]; then
		return
	fi
	mkdir -p bin
	path=$(command -v "$name" || true)
	if [ -n "$path" ] && [ "$(printf '%s\n' "$want" "$(version_of "$path")" | sort -V | head -1)" = "$want" ]; then
		say "taking $name $(version_of "$path") from $path"
		ln -sfn "$path" "bin/$name"
		return
	fi
	say "building $name $want from its published module (some minutes the first time)"
	local start=$SECONDS tags=() cgo=0
	if [ "$name" = nomad ]; then
		tags=(-tags 'ui release') # as the published programs: without the driver that only Nomad's own tests use
		if command -v gcc >/dev/null; then cgo=1; fi # the exec driver is partly C
	fi
	(cd "tools/$name" && CGO_ENABLED=$cgo go build -mod=mod ${tags[@]+"${tags[@]}"} -trimpath -ldflags '-s -w' -o "../../bin/$name.new" "github.com/hashicorp/$name")
	mv "bin/$name.new" "bin/$name"
	say "built $name $want in $((SECONDS - start)) s"
}

[ $# -gt 0 ] || set -- nomad consul
for name in "$@"; do agent "$name"; done
