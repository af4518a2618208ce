#!/usr/bin/env bash
# Makes sure that a Docker daemon answers: scripts/setup-docker.sh [stop]
#
# Where a service manager runs, the daemon is its service. Elsewhere (a container, a CI machine) it is started in the
# background, with its log in .packctl/dockerd.log; "stop" ends a daemon that was started that way, and no other.
set -euo pipefail
cd "$(dirname "$0")/.."
SCRIPT=docker
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
PATH=$PATH:/usr/sbin:/sbin
mark=.packctl/dockerd.pid

# ours prints the daemon's process when the one we started still runs.
ours() {
	local pid started
	[ -f "$mark" ] || return 1
	read -r pid started <"$mark"
	[ "$(cut -d' ' -f22 "/proc/$pid/stat" 2>/dev/null)" = "$started" ] && echo "$pid"
}

if [ "${1:-}" = stop ]; then
	if pid=$(ours); then
		if [ -n "$(docker ps -q 2>/dev/null)" ]; then
			say "the daemon keeps running: containers that are not packctl's use it"
			exit 0
		fi
		say "stopping the Docker daemon that setup started"
		as_root kill "$pid"
		while ours >/dev/null; do sleep 0.1; done
	fi
	rm -f "$mark"
	exit 0
fi

docker_answers && exit 0
command -v dockerd >/dev/null || die "Docker is not installed: run \`make setup\`"
if [ -d /run/systemd/system ]; then
	say "starting the service docker"
	as_root systemctl start docker
else
	say "starting dockerd in the background, log in .packctl/dockerd.log"
	mkdir -p .packctl
	as_root rm -f /var/run/docker.pid # of a daemon that died with its machine
	as_root setsid nohup dockerd >.packctl/dockerd.log 2>&1 </dev/null &
fi
for _ in $(seq 300); do
	if docker_answers; then
		if [ ! -d /run/systemd/system ]; then
			pid=$(cat /var/run/docker.pid)
			echo "$pid $(cut -d' ' -f22 "/proc/$pid/stat")" >"$mark"
		fi
		exit 0
	fi
	if [ -S /var/run/docker.sock ] && docker info 2>&1 | grep -q 'permission denied'; then
		die "the Docker daemon runs, but your account may not use it: run \`sudo usermod -aG docker $(id -un)\` and log in again, or run make as root"
	fi
	sleep 0.1
done
if [ -f .packctl/dockerd.log ]; then tail -5 .packctl/dockerd.log >&2; fi
die "the Docker daemon does not answer after 30 s ($(docker info 2>&1 | tail -1))"
