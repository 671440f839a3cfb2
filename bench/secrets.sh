#!/bin/sh
# Precision and recall of secret scanners on the corpus that the tests generate, as a Markdown table.
# Scanners that are not installed are left out; GITLEAKS and TRIVY name other programs than those in
# the path.
set -eu
work=${1:?usage: secrets.sh DIRECTORY}
gitleaks=${GITLEAKS:-gitleaks}
trivy=${TRIVY:-trivy}
mkdir -p "$work"
corpus() { cargo run -q -p seaworthy-secrets --example corpus -- "$work/corpus" "$@"; }
rm -rf "$work/corpus"
corpus
echo "| scanner | found | wrong | precision | recall |"
echo "|---|---|---|---|---|"
corpus ours
if command -v "$gitleaks" >/dev/null; then
	"$gitleaks" dir "$work/corpus" --no-banner -l error --exit-code 0 --max-archive-depth 2 -f json -r "$work/gitleaks.json"
	corpus gitleaks "$work/gitleaks.json"
fi
if command -v "$trivy" >/dev/null; then
	"$trivy" fs -q --scanners secret --cache-dir "$work/trivy-cache" -f json -o "$work/trivy.json" "$work/corpus"
	corpus trivy "$work/trivy.json"
fi
