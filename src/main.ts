#!/usr/bin/env node
/**
 * The program `gatehouse`.
 * @module
 */
import { nodeTooOld } from './platform/node-version.ts';

const tooOld = nodeTooOld(process.versions.node);
if (tooOld !== undefined) {
  process.stderr.write(`${tooOld}\n`);
  process.exit(2);
}
(await import('./platform/compile-cache.ts')).keepCompiled();
const [{ runCommandLine }, { processTerminal }] = await Promise.all([
  import('./cli/program.ts'),
  import('./cli/terminal/terminal.ts'),
]);
await runCommandLine(process.argv.slice(2), processTerminal());
