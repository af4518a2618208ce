#!/usr/bin/env bash
# Says where the running demonstration is to be looked at, with the login that was generated for it.
set -eu -o pipefail
cd "$(dirname "$0")/.." || exit
SCRIPT=demo
. scripts/lib.sh

nomad=${NOMAD_ADDR:-http://127.0.0.1:4646}
password=$(NOMAD_CLI_SHOW_HINTS=0 bin/nomad var get -address "$nomad" -out go-template -template '{{ .Items.login }}' nomad/jobs/appstack-app) ||
	die "the login cannot be read from Nomad at $nomad"
cat <<-TEXT

	  log in as    demo, with the password $password
	  Nomad        $nomad/ui/
	  Consul       ${CONSUL_HTTP_ADDR:-http://127.0.0.1:8500}/ui/
	  take it down make clean-demo
TEXT
