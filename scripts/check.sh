#!/usr/bin/env bash
# What `make check` does. Every check runs; the first that fails decides the exit code at the end.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
SCRIPT=check
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

tags="integration e2e soak bench"
failed=()
check() { # name command…
	say "$1"
	"${@:2}" || { failed+=("$1"); say "FAILED: $1"; }
}

# lint_tool builds a program that tools/lint pins, once for each state of its go.mod.
lint_tool() {
	local name=$1 package=$2 mark
	mark="bin/.$name-$(cat tools/lint/go.mod tools/lint/go.sum | sha256sum | cut -c1-16)"
	if [ -x "bin/$name" ] && [ -e "$mark" ]; then return; fi
	say "building $name (some minutes the first time)"
	mkdir -p bin
	(cd tools/lint && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "../../bin/$name" "$package") || return
	rm -f bin/."$name"-*
	touch "$mark"
}

formatted() {
	local list
	list=$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l)
	[ -z "$list" ] || { printf 'not formatted; run gofmt -w on:\n%s\n' "$list"; return 1; }
}

packs_formatted() { go run ./cmd/packctl fmt -check -diff -recursive packs internal/cli/scaffold; }

vetted() {
	local tag
	go vet ./... || return
	for tag in $tags; do go vet -tags "$tag" ./... || return; done
}

linted() {
	lint_tool golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint || return
	bin/golangci-lint run --build-tags "${tags// /,}" ./...
}

generated() {
	local before after
	before=$(git status --porcelain; git diff | sha256sum)
	go generate ./... || return
	after=$(git status --porcelain; git diff | sha256sum)
	[ "$before" = "$after" ] || { say "go generate changed files; commit what it makes:"; git status --short; return 1; }
}

scripts_checked() {
	if ! command -v shellcheck >/dev/null; then say "no shellcheck here (make setup-test installs it): skipped"; return 0; fi
	git ls-files -co --exclude-standard | xargs grep -lE '^#!(/bin/|/usr/bin/env )(ba)?sh' -- 2>/dev/null | xargs shellcheck -S warning -x -e SC1090,SC1091
}

vulnerabilities() {
	if ! curl -s -o /dev/null --max-time 5 https://vuln.go.dev/index/db.json; then
		say "the database of vulnerabilities cannot be reached from here: skipped"
		return 0
	fi
	lint_tool govulncheck golang.org/x/vuln/cmd/govulncheck || return
	bin/govulncheck ./...
}

check "format" formatted
check "format of packs" packs_formatted
check "vet, with every build tag" vetted
check "import rules" go test -run '^TestImports$' .
check "lint" linted
check "generated files" generated
check "shell scripts" scripts_checked
check "known vulnerabilities" vulnerabilities
if [ ${#failed[@]} -gt 0 ]; then
	printf -v list '%s; ' "${failed[@]}"
	die "failed: ${list%; }"
fi
say "all good"
