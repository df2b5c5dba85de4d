/**
 * All that is wrong with a configuration: in the file, and in what it leads to.
 * @module
 */
import { resolve } from 'node:path';
import type { ConfigFinding } from '../../config/finding.ts';
import { readConfigFile } from '../../config/read-config.ts';
import { lookConfigured } from '../check/offline.ts';
import type { Outcome } from '../check/outcome.ts';

/**
 * What a start would stumble over, all at once: policies, registry, entries, keys and files are looked at though the file itself
 * has faults, as far as these leave them known.
 *
 * @param alone  nothing but the file is looked at
 * @throws GatehouseError `config_invalid` if the file cannot be read
 */
export async function examineConfig(file: string, alone: boolean): Promise<readonly ConfigFinding[]> {
  const reading = readConfigFile(file);
  const said = reading.ok ? [] : reading.findings;
  const rest = reading.ok ? { config: reading.config, without: [] } : reading.rest;
  if (alone || rest === undefined) return said;
  const sections = await lookConfigured(rest.config, rest.without);
  return [...said, ...sections.flatMap(({ checks }) => checks.flatMap((each) => findingsOf(each, resolve(file))))];
}

function findingsOf({ result, code, message, fix, at }: Outcome, file: string): ConfigFinding[] {
  if (result === 'ok' || silent.has(code)) return [];
  // Only root, or the server's user, sees all: that is no fault of the configuration.
  const severity = code === 'not-visible' ? 'warning' : result;
  return [{ ...(at ?? { file, line: 1, column: 1 }), severity, code, path: '', message, fix }];
}

/** What is worth a word about a machine, and not about a configuration that was meant so. */
const silent: ReadonlySet<string> = new Set(['keys-plain', 'entries-none', 'data-dir-open', 'executable-missing']);
