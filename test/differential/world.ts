/**
 * A world: policies, settings, and the recorded verdicts of real Istio and real Envoy on them.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { loadPolicies } from '../../src/policy/load.ts';
import type { PolicyModel } from '../../src/policy/model.ts';
import { readPolicies } from '../../src/policy/read-policies.ts';
import type { Request } from './case.ts';

/** One recorded question and its answer. */
export interface Vector {
  readonly id: string;
  readonly set: string;
  readonly world: string;
  readonly kind: 'http' | 'tcp';
  /** CheckRequest, base64. */
  readonly check: string;
  readonly status: number;
  /** The policy that decided, or jwt_authn's text. */
  readonly by?: string;
  /** Absent where the caller got none. */
  readonly body?: string;
  readonly details?: string;
  readonly www_authenticate?: string;
  readonly shadow?: Readonly<Record<string, string>>;
  readonly features?: readonly string[];
  readonly request?: Request;
}

export interface WorldSettings {
  readonly world: string;
  readonly seed: number;
  readonly trust_domain: string;
  readonly trust_domain_aliases: readonly string[] | null;
  readonly root_namespace: string;
  readonly encode_raw_headers: boolean;
  readonly use_remote_address: boolean;
  readonly xff_num_trusted_hops: number;
}

/** The settings of the world in a folder (JSON written by the judge). */
export function readSettings(folder: string): WorldSettings {
  return JSON.parse(readFileSync(join(folder, 'world.json'), 'utf8')) as WorldSettings;
}

/** The recorded verdicts of a world. */
export function readVectors(folder: string): readonly Vector[] {
  const text = gunzipSync(readFileSync(join(folder, 'vectors.jsonl.gz'))).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Vector); // the judge's own JSON
}

/** The model of all policies of a world in a folder. @throws Error as `worldModel` */
export function readModel(folder: string, settings: WorldSettings): PolicyModel {
  const policies = join(folder, 'policies');
  const texts = readdirSync(policies)
    .sort()
    .map((name) => [name, readFileSync(join(policies, name), 'utf8')] as const);
  return worldModel(Object.fromEntries(texts), settings);
}

/** The model of policies by file name. @throws Error that lists the findings, if a document is refused */
export function worldModel(policies: Readonly<Record<string, string>>, settings: WorldSettings): PolicyModel {
  const options = {
    trustDomain: settings.trust_domain,
    trustDomainAliases: settings.trust_domain_aliases ?? [],
    rootNamespace: settings.root_namespace,
    customProviders: {},
  };
  const files = Object.entries(policies).map(([name, text]) => readPolicies(name, text, options));
  const { model, findings } = loadPolicies(files, {
    generation: 1,
    absence: 'upstream',
    rootNamespace: settings.root_namespace,
  });
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    const lines = errors.slice(0, 10).map(({ file, line, message }) => `${file}:${line}: ${message}`);
    throw new Error(
      `${settings.world}: ${errors.length} documents are refused that Istio accepts:\n${lines.join('\n')}`,
    );
  }
  return model;
}
