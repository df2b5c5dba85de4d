/**
 * A world: policies, settings, and the recorded verdicts of real Istio and real Envoy on them.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { CheckRequestSchema } from '../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { loadPolicies } from '../../src/policy/load.ts';
import type { PolicyModel } from '../../src/policy/model.ts';
import { readPolicies } from '../../src/policy/read-policies.ts';

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
}

export interface WorldSettings {
  readonly world: string;
  readonly seed: number;
  readonly trust_domain: string;
  readonly trust_domain_aliases: readonly string[] | null;
  readonly root_namespace: string;
  readonly xff_num_trusted_hops: number;
}

/** The settings of the world in a folder (JSON written by the judge). */
export function readSettings(folder: string): WorldSettings {
  return JSON.parse(readFileSync(join(folder, 'world.json'), 'utf8')) as WorldSettings;
}

/**
 * The recorded verdicts of a world, but for those that were mixed up in recording: every set has addresses of its own, and under
 * load a TCP verdict of one set was now and then filed under another.
 */
export function readVectors(folder: string): readonly Vector[] {
  const text = gunzipSync(readFileSync(join(folder, 'vectors.jsonl.gz'))).toString('utf8');
  const vectors = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Vector);
  const byAddress = Map.groupBy(vectors, destinationAddress);
  return vectors.filter((vector) => vector.set === mostFrequent(byAddress.get(destinationAddress(vector))!));
}

function destinationAddress({ check }: Vector): string {
  const { attributes } = fromBinary(CheckRequestSchema, Buffer.from(check, 'base64'));
  const address = attributes?.destination?.address?.address;
  return address?.case === 'socketAddress' ? address.value.address : '';
}

function mostFrequent(vectors: readonly Vector[]): string | undefined {
  const sets = [...Map.groupBy(vectors, ({ set }) => set)];
  return sets.sort(([, a], [, b]) => b.length - a.length)[0]?.[0];
}

/** The model of all policies of a world. @throws Error that lists the findings, if a document is refused */
export function readModel(folder: string, settings: WorldSettings): PolicyModel {
  const options = {
    trustDomain: settings.trust_domain,
    trustDomainAliases: settings.trust_domain_aliases ?? [],
    rootNamespace: settings.root_namespace,
    customProviders: {},
  };
  const policies = join(folder, 'policies');
  const files = readdirSync(policies)
    .sort()
    .map((name) => readPolicies(name, readFileSync(join(policies, name), 'utf8'), options));
  const { model, findings } = loadPolicies(files, {
    generation: 1,
    absence: 'upstream',
    rootNamespace: settings.root_namespace,
  });
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    const lines = errors.slice(0, 10).map(({ file, line, message }) => `${file}:${line}: ${message}`);
    throw new Error(`${folder}: ${errors.length} documents are refused that Istio accepts:\n${lines.join('\n')}`);
  }
  return model;
}
