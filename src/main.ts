#!/usr/bin/env node
/**
 * The program `gatehouse`.
 * @module
 */
import { keepCompiled } from './platform/compile-cache.ts';

keepCompiled();
const [{ runCommandLine }, { processTerminal }] = await Promise.all([
  import('./cli/program.ts'),
  import('./cli/terminal/terminal.ts'),
]);
await runCommandLine(process.argv.slice(2), processTerminal());
