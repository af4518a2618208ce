#!/bin/sh
# The scheduler's health: its process lives, and its loop has turned lately.
set -eu
pid=$(cat /tmp/celery-beat.pid)
kill -0 "$pid" || { echo "no process $pid"; exit 2; }
age=$(($(date +%s) - $(stat -c %Y "${BEAT_HEARTBEAT_FILE:-/tmp/celery-beat.heartbeat}")))
[ "$age" -lt 30 ] || { echo "the schedule was last looked at ${age} s ago"; exit 2; }
echo "process $pid, schedule looked at ${age} s ago"
