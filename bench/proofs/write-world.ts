/**
 * Writes a world as files.
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorldDocuments } from './world.ts';

/** Returns the path of its configuration. */
export function writeWorld(
  directory: string,
  { registry, policies }: WorldDocuments,
  tenants: Readonly<Record<string, object>> = {},
): string {
  const text = (documents: readonly object[]): string => documents.map((each) => JSON.stringify(each)).join('\n---\n');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'policies.yaml'), text(policies));
  writeFileSync(join(directory, 'registry.yaml'), text(registry));
  const config = {
    trustDomain: 'cluster.local',
    policies: { paths: ['policies.yaml'], planes: { calico: 'off', l4: 'enforce' } },
    registry: { paths: ['registry.yaml'] },
    tenants,
  };
  const file = join(directory, 'gatehouse.yaml');
  writeFileSync(file, JSON.stringify(config));
  return file;
}
