#!/bin/sh
# zod 4.6.7 (npm): z.record() drops an own key named __proto__ of parsed JSON without an issue, though the key schema
# accepts it; z.strictObject() reports it as unrecognized. Maps whose keys come from outside (header names, labels, claims) lose
# that entry in silence between the bytes that were checked and the value that is used.
# Seen: `record: ["a"] of ["__proto__","a"], success true`, `strictObject: unrecognized_keys`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund zod@4.6.7
cat > seen.mjs <<'JS'
import * as z from 'zod';
const text = '{"__proto__":"x","a":"y"}';
const record = z.record(z.string(), z.string()).safeParse(JSON.parse(text));
const strict = z.strictObject({ a: z.string() }).safeParse(JSON.parse(text));
console.log(`record: ${JSON.stringify(Object.keys(record.data ?? {}))} of ${JSON.stringify(Object.keys(JSON.parse(text)))}, success ${record.success}`);
console.log(`strictObject: ${strict.error?.issues[0]?.code}`);
process.exit(record.success && !Object.hasOwn(record.data, '__proto__') && strict.error?.issues[0]?.code === 'unrecognized_keys' ? 0 : 1);
JS
node seen.mjs || { echo 'changed'; exit 1; }
