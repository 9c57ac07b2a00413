#!/usr/bin/env bash
# Builds the image with docker where its engine answers, else with buildah; tells its size and how long that took.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

image="${1:-rental-lakehouse}"
base=debian:bookworm-slim
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Authorities that this machine trusts beside the usual ones are trusted while building, not in the image.
options=(--build-arg "GIT_SHA=$(git rev-parse --short HEAD 2> /dev/null || echo unknown)" --tag "$image")
if cat /usr/local/share/ca-certificates/*.crt > "$work/authorities.crt" 2> /dev/null; then
  options+=(--secret "id=authorities,src=$work/authorities.crt")
fi

# Where no registry is reached, the base image is made of Debian's packages.
make_base() {
  command -v debootstrap > /dev/null || { echo "error: no registry gives $base; please install debootstrap" >&2; exit 1; }
  echo "no registry gives $base; making it of Debian's packages" >&2
  debootstrap --variant=minbase bookworm "$work/root" > "$work/log" 2>&1 || { tail -5 "$work/log" >&2; exit 1; }
  rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/* "$work"/root/usr/share/{doc,man,locale}
  container="$(buildah from scratch)"
  buildah add --quiet "$container" "$work/root" / > /dev/null
  buildah config --cmd bash "$container"
  buildah commit --quiet --rm "$container" "localhost/$base" > /dev/null
}

by_docker() {
  DOCKER_BUILDKIT=1 docker build "${options[@]}" .
  size="$(docker images --format '{{.Size}}' "$image")"
  inside() { docker run --rm "$image" "$@"; }
}

by_buildah() {
  export BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-chroot}" # needs no engine and no privileges of one
  buildah inspect --type image "$base" > /dev/null 2>&1 || buildah pull --quiet "$base" > /dev/null 2>&1 || make_base
  buildah build --pull-never --layers "${options[@]}" .
  size="$(buildah images --format '{{.Size}}' "$image")"
  container="$(buildah from --pull-never "$image")"
  trap 'buildah rm "$container" > /dev/null; rm -rf "$work"' EXIT
  inside() { buildah run "$container" -- "$@"; }
}

if timeout 20 docker info > /dev/null 2>&1; then builder=docker; else builder=buildah; fi
command -v $builder > /dev/null || { echo "error: please install docker or buildah; \`make image\` installs buildah" >&2; exit 1; }
began=$SECONDS
by_$builder
echo "image $image: $size, built by $builder in $((SECONDS - began)) s"
echo "its biggest parts, in MiB:"
inside sh -c '
  du --summarize --block-size=M .venv/lib/python3.11/site-packages/* jars/* /usr/lib/jvm /usr/lib/python3* 2> /dev/null |
    sort --reverse --numeric-sort | head -15'
