#!/usr/bin/env node
/** Runs every static check, shows each that fails, and exits 1 if any did. `--fix` lets biome write. */
import { spawnSync } from 'node:child_process';

const checks = [
  ['types', 'tsc', []],
  ['types of the page', 'tsc', ['-p', 'src/console']],
  [
    'format and lint',
    'biome',
    ['check', ...(process.argv.includes('--fix') ? ['--write'] : []), '--error-on-warnings'],
  ],
  ['lint with types, import cycles', 'oxlint', ['--type-aware', '--deny-warnings']],
  ['import arrows', 'mocha', ['test/unit/architecture.test.ts']],
  ['dead code', 'knip', ['--no-progress']],
  ['code that only tests use', 'knip', ['--production', '--no-progress']],
];

let failed = 0;
for (const [name, command, args] of checks) {
  const run = spawnSync(`node_modules/.bin/${command}`, args, { encoding: 'utf8' });
  const ok = run.status === 0;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}`);
  if (!ok) {
    failed += 1;
    console.log(`${run.stdout}${run.stderr}`);
  }
}
process.exit(failed === 0 ? 0 : 1);
