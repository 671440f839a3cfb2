#!/bin/sh
# Builds the benchmark image once: Debian 12 with python3, pip, curl and nginx, as a docker-archive and
# as an OCI layout with gzip layers. Needs mmdebstrap, buildah, skopeo and Debian's mirror.
set -eu
work=${1:?usage: image.sh DIRECTORY}
mkdir -p "$work"
archive=$work/debian.tar
[ -s "$archive" ] && [ -d "$work/debian-oci" ] && exit 0
rootfs=$work/rootfs.tar
[ -s "$rootfs" ] || mmdebstrap --variant=important --include=ca-certificates bookworm "$rootfs"
mkdir -p "$work/context"
cp "$rootfs" "$work/context/rootfs.tar"
cat >"$work/context/Dockerfile" <<'DOCKERFILE'
FROM scratch
ADD rootfs.tar /
CMD ["bash"]
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip curl nginx && rm -rf /var/lib/apt/lists/* /var/cache/apt
COPY Dockerfile /srv/app/Dockerfile
CMD ["nginx", "-g", "daemon off;"]
DOCKERFILE
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
buildah --root "$work/storage" --runroot "$work/run" bud --layers -q -t bench/debian:12 "$work/context"
rm -rf "$archive" "$work/debian-oci"
buildah --root "$work/storage" --runroot "$work/run" push -q bench/debian:12 "docker-archive:$archive:bench/debian:12"
buildah --root "$work/storage" --runroot "$work/run" push -q --format oci bench/debian:12 "oci:$work/debian-oci:12"
rm -rf "$work/context"
ls -l "$archive"
