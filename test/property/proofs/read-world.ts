/**
 * Reads the documents of a world as the commands read files.
 * @module
 */
import assert from 'node:assert/strict';
import { readConfig } from '../../../src/config/read-config.ts';
import { registryKinds } from '../../../src/policy/dialects/kubernetes/registry-readers.ts';
import { siteKinds } from '../../../src/policy/dialects/site/kinds.ts';
import { type PolicyFile, readPolicies } from '../../../src/policy/read-policies.ts';
import { dialectOptions } from '../../../src/server/policy/policy-sources.ts';
import { type ProofSide, proofSideOf } from '../../../src/server/policy/proof-side.ts';
import { usualTags } from '../../support/site-layer.ts';
import type { Fields } from './vocabulary.ts';
import type { WorldDocuments } from './world-documents.ts';

/** @throws AssertionError if a document has an error: the world would not be the one that was meant */
export function sideOfDocuments({ registry, policies, site, planes, absence }: WorldDocuments): ProofSide {
  const written = { trustDomain: 'cluster.local', policies: { paths: [], planes, absence, allowEmpty: true } };
  const read = readConfig(JSON.stringify(written), 'gatehouse.yaml');
  if (!read.ok) throw new Error(JSON.stringify(read));
  const { config } = read;
  const dialect = dialectOptions(config);
  const files = [
    ...policies.map((one, i) => readPolicies(`${i}.yaml`, JSON.stringify(one), dialect)),
    ...site.map((one, i) =>
      readPolicies(`site-${i}.json`, JSON.stringify(one), { ...dialect, kinds: siteKinds(usualTags) }),
    ),
    readPolicies('registry.yaml', textOf(registry), { ...dialect, kinds: registryKinds }),
  ];
  assert.deepEqual(files.flatMap(errorsIn), []);
  return proofSideOf(files, config);
}

const textOf = (documents: readonly Fields[]): string => documents.map((one) => JSON.stringify(one)).join('\n---\n');

const errorsIn = ({ findings }: PolicyFile): string[] =>
  findings.filter(({ severity }) => severity === 'error').map(({ message }) => message);
