#!/usr/bin/env bash
# Says where the running demonstration of a pack is to be looked at, with the login that was generated for it.
set -eu -o pipefail
cd "$(dirname "$0")/.." || exit
SCRIPT=demo
. scripts/lib.sh

pack=$1
nomad=${NOMAD_ADDR:-http://127.0.0.1:4646}

# credential prints one generated credential of a job.
credential() {
	NOMAD_CLI_SHOW_HINTS=0 bin/nomad var get -address "$nomad" -out go-template -template "{{ .Items.$2 }}" "nomad/jobs/$1" ||
		die "the credential $2 cannot be read from Nomad at $nomad"
}

echo
case $pack in
appstack) echo "  log in as    demo, with the password $(credential appstack-app login)" ;;
enstore)
	cat <<-TEXT
	  phpMyAdmin   log in as enstore, with the password $(credential enstore-app db)
	  an order     curl -s http://localhost:8000/api/orders -H 'Content-Type: application/json' -d '{"sku":"FLAKY-2","quantity":1}'
	  its end      curl -s http://localhost:8000/api/notifications
	  more workers bin/packctl scale enstore queue=3
	TEXT
	;;
esac
cat <<-TEXT
  Nomad        $nomad/ui/
  Consul       ${CONSUL_HTTP_ADDR:-http://127.0.0.1:8500}/ui/
  take it down make clean-demo
TEXT
