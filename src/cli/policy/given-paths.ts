/**
 * The files that a command about policy is given: paths, and `-` for standard input.
 * @module
 */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Option } from 'commander';
import { GatehouseError } from '../../errors.ts';
import type { PolicyPath } from '../../policy/sources/policy-path.ts';

/** The option `--default-namespace`. */
export function defaultNamespaceOption(): Option {
  return new Option(
    '--default-namespace <name>',
    'namespace of documents that name none, as kubectl -n and kustomize give it',
  );
}

/**
 * The paths as the readers of policy take them; standard input is read for `-`.
 *
 * @param isResolved  whether relative paths become absolute ones
 * @throws GatehouseError `message_invalid` if `-` is named twice, or holds no text
 */
export function givenPaths(
  names: readonly string[],
  defaultNamespace: string | undefined,
  isResolved = true,
): readonly PolicyPath[] {
  if (names.filter((name) => name === '-').length > 1)
    throw new GatehouseError('message_invalid', 'standard input (-) can be read once: name it once');
  return names.map((name) => ({
    path: name === '-' || !isResolved ? name : resolve(name),
    ...(defaultNamespace !== undefined && { defaultNamespace }),
    ...(name === '-' && { text: standardInput() }),
  }));
}

function standardInput(): string {
  const bytes = readFileSync(0);
  if (!isUtf8(bytes)) throw new GatehouseError('message_invalid', 'standard input is not UTF-8: check its encoding');
  return bytes.toString('utf8');
}
