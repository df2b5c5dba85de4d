#!/bin/sh
# cli-truncate 5.2.0 (npm, with slice-ansi 8): where the cut falls inside a character of two columns, the result is one column
# wider than was asked for, so that a table that is cut to the terminal wraps. string-width of the same author says so itself.
# 6.2.0 is right, and needs Node 22.
# Seen: `asked for 10 columns, got 11`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund cli-truncate@5.2.0 string-width@8.3.0
cat > seen.mjs <<'JS'
import cliTruncate from 'cli-truncate';
import stringWidth from 'string-width';
const width = stringWidth(cliTruncate('日本語日本語日本語日本語', 10));
console.log(`asked for 10 columns, got ${width}`);
process.exit(width === 11 ? 0 : 1);
JS
node seen.mjs || { echo 'changed'; exit 1; }
