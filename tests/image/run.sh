#!/usr/bin/env bash
# Runs the image's tests where there is no network but loopback: all that the image needs must be in it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

[ "$(id -u)" = 0 ] || { echo "error: only root may mount the image; run it as root" >&2; exit 1; }
image="${1:-rental-lakehouse}"
buildah inspect --type image "$image" > /dev/null 2>&1 || { echo "error: there is no image $image; run make image" >&2; exit 1; }

container="$(buildah from --pull-never "$image")"
trap 'buildah rm "$container" > /dev/null' EXIT
IMAGE_ROOT="$(buildah mount "$container")"
IMAGE_CONFIG="$(buildah inspect --type image "$image")"
export IMAGE_ROOT IMAGE_CONFIG
unshare --net bash -c 'ip link set lo up && exec .venv/bin/python -m pytest -rP tests/image/image.py'
