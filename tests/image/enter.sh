#!/usr/bin/env bash
# enter.sh ROOT TMP USER FOLDER COMMAND...: the command as process 1 on a root that cannot be written but for /tmp.
set -euo pipefail
root="$1" tmp="$2" user="$3" folder="$4"
shift 4
hostname localhost
echo '127.0.0.1 localhost' > "$root/etc/hosts" # as every engine does
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --bind "$tmp" "$root/tmp"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
exec chroot --userspec="$user" "$root" /usr/bin/env --chdir="$folder" "$@"
