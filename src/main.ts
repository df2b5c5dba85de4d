#!/usr/bin/env node
/**
 * The program `gatehouse`.
 * @module
 */
import { enableCompileCache } from 'node:module';

enableCompileCache();
const [{ runCommandLine }, { processTerminal }] = await Promise.all([
  import('./cli/program.ts'),
  import('./cli/terminal.ts'),
]);
await runCommandLine(process.argv.slice(2), processTerminal());
