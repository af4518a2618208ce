#!/usr/bin/env bash
# Builds the local images: scripts/build-images.sh [name…], default all that have an images/<name>/Dockerfile.
#
# images/<name>/Dockerfile   built as packctl/<name>:dev (base: packctl/base:bookworm), with the host's network, so that it
#                            reaches the machine's mirrors. FROM and COPY --from of packctl/… images say what is built first.
# images/<name>/context      optional: further files and folders of the repository, one a line, that the build needs.
#                            The context holds images/<name>/* at its top and these under their own paths. Of folders, what
#                            git ignores stays out.
#
# An image is built again when its inputs changed: their hash is a label of the image. Images that this made and that lost
# their name are removed. PACKCTL_REBUILD=1 builds all again.
set -euo pipefail
cd "$(dirname "$0")/.."
SCRIPT=images
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

command -v docker >/dev/null || die "docker is not installed: run \`make setup\`"
docker_answers || die "the Docker daemon does not answer ($(docker info 2>&1 | tail -1)): run \`make setup\`, or let your account use Docker"
# Without the buildx plugin a newer client warns before it uses the builder that we need anyway.
docker buildx version >/dev/null 2>&1 || export DOCKER_BUILDKIT=0

tag_of() { if [ "$1" = base ]; then echo packctl/base:bookworm; else echo "packctl/$1:dev"; fi; }

# parents_of prints the names of our images that a Dockerfile builds upon.
parents_of() {
	sed -nE 's/^FROM +packctl\/([a-z0-9-]+):.*/\1/p; s/^COPY +(--[a-z]+=[^ ]+ +)*--from=packctl\/([a-z0-9-]+):.*/\2/p' "images/$1/Dockerfile" | sort -u
}

# files_of prints the files below a path, or the path itself, relative to the root.
files_of() {
	if [ -f "$1" ]; then
		echo "$1"
	elif [ ! -d "$1" ]; then
		die "$2: \`$1\` does not exist; build it first (\`make build\`)"
	elif git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git ls-files -co --exclude-standard -- "$1" | while read -r f; do if [ -e "$f" ]; then echo "$f"; fi; done
	else
		find "$1" -type f -not -path '*/node_modules/*' -not -path '*/__pycache__/*'
	fi
}

# pack_context writes the build context of an image as a tar that depends on the content alone.
pack_context() {
	local name=$1 list hint
	list=$(mktemp)
	files_of "images/$name" "images/$name" | grep -vE '\.go$|/context$' >"$list" || true
	if [ -f "images/$name/context" ]; then
		while read -r hint; do
			case $hint in '' | '#'*) continue ;; esac
			files_of "$hint" "images/$name/context" >>"$list"
		done <"images/$name/context"
	fi
	LC_ALL=C sort -u -o "$list" "$list"
	tar --create --format=gnu --mtime=@0 --owner=0 --group=0 --numeric-owner --mode='go-w' \
		--transform "s,^images/$name/,," --files-from="$list" "${@:2}"
	rm -f "$list"
}

# machine_settings fills a folder with what a Debian image needs to reach this machine's mirrors.
machine_settings() {
	local dir=$1
	mkdir -p "$dir"
	find /usr/local/share/ca-certificates -name '*.crt' -exec cp {} "$dir/" \; 2>/dev/null || true
	apt-config dump 2>/dev/null | grep -E '^Acquire::(http|https|ftp|Check|Retries)' >"$dir/acquire.conf" || true
	: >"$dir/debian.sources"
	if [ "$(. /etc/os-release && echo "$ID-${VERSION_CODENAME:-}")" = debian-bookworm ] && [ -f /etc/apt/sources.list.d/debian.sources ]; then
		grep -v '^#' /etc/apt/sources.list.d/debian.sources >"$dir/debian.sources"
	fi
}

# debian_base prints the image that base starts from, and makes it where no registry answers.
debian_base() {
	local local_tag=packctl/debootstrap:bookworm dir mirror
	if docker image inspect "$local_tag" >/dev/null 2>&1; then
		echo "$local_tag"
	elif docker image inspect debian:bookworm-slim >/dev/null 2>&1 ||
		timeout 300 docker pull -q debian:bookworm-slim >/dev/null 2>&1; then
		echo debian:bookworm-slim
	else
		command -v debootstrap >/dev/null || die "no image registry can be reached, and debootstrap is not installed: run \`make setup\`"
		say "no image registry can be reached: making Debian 12 with debootstrap (about half a minute)"
		dir=$(mktemp -d)
		mirror=$(sed -nE 's/^URIs: *(\S+).*/\1/p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -1)
		as_root debootstrap --variant=minbase --include=ca-certificates bookworm "$dir/root" ${mirror:+"$mirror"} >"$dir/log" 2>&1 ||
			{ tail -20 "$dir/log" >&2; as_root rm -rf --one-file-system "$dir"; die "debootstrap failed"; }
		as_root tar -C "$dir/root" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' --exclude='./usr/share/doc/*' \
			--exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' --exclude='./var/log/*' --exclude='./dev/*' --exclude='./proc/*' \
			-c . | docker import --change 'LABEL packctl.image=debootstrap' - "$local_tag" >/dev/null
		as_root rm -rf --one-file-system "$dir"
		echo "$local_tag"
	fi
}

build() { # name
	local name=$1 tag hash old args=() machine="" context parent
	tag=$(tag_of "$name")
	context=$(mktemp)
	if [ "$name" = base ]; then
		args+=(--build-arg "BASE=$(debian_base)")
		machine=$(mktemp -d)
		machine_settings "$machine/machine"
		pack_context "$name" -C "$machine" --sort=name machine >"$context"
	else
		pack_context "$name" >"$context"
	fi
	hash=$({ cat "$context"; echo "${args[@]}"; for parent in $(parents_of "$name"); do docker image inspect -f '{{.Id}}' "$(tag_of "$parent")"; done; } | sha256sum | cut -c1-24)
	old=$(docker image inspect -f '{{index .Config.Labels "packctl.inputs"}}' "$tag" 2>/dev/null || true)
	if [ "$old" = "$hash" ] && [ -z "${PACKCTL_REBUILD:-}" ]; then
		rm -rf "$context" "$machine"
		return
	fi
	for v in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy; do
		if [ -n "${!v:-}" ]; then args+=(--build-arg "$v=${!v}"); fi
	done
	say "building $tag"
	local start=$SECONDS log
	log=$(mktemp)
	if ! docker build --network host --label "packctl.inputs=$hash" --label "packctl.image=$name" --tag "$tag" ${args[@]+"${args[@]}"} - <"$context" >"$log" 2>&1; then
		tail -40 "$log" >&2
		rm -rf "$context" "$machine" "$log"
		die "building $tag failed (images/$name/Dockerfile); its last lines are above"
	fi
	rm -rf "$context" "$machine" "$log"
	changed+=" $name"
	say "built $tag in $((SECONDS - start)) s, $(docker image inspect -f '{{.Size}}' "$tag" | numfmt --to=iec) "
}

declare -A done_with=()
visit() { # name: its parents first
	local parent
	[ -f "images/$1/Dockerfile" ] || die "there is no images/$1/Dockerfile; the images are: $(all | tr '\n' ' ')"
	[ "${done_with[$1]:-}" != open ] || die "images/$1/Dockerfile builds upon itself"
	[ -z "${done_with[$1]:-}" ] || return 0
	done_with[$1]=open
	for parent in $(parents_of "$1"); do visit "$parent"; done
	build "$1"
	done_with[$1]=yes
}

all() { for f in images/*/Dockerfile; do basename "$(dirname "$f")"; done; }

changed=""
[ $# -gt 0 ] || mapfile -t wanted < <(all)
[ $# -eq 0 ] || wanted=("$@")
for name in "${wanted[@]}"; do visit "$name"; done
if [ -n "$changed" ]; then
	# By name: a build stage carries the label of the image it starts from, and is the cache of the next build.
	for name in $changed; do docker image prune --force --filter "label=packctl.image=$name" >/dev/null; done
else
	say "all ${#done_with[@]} images are up to date"
fi
