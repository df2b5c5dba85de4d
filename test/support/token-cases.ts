/**
 * What the real jwt_authn answered, to be asked again of ours.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import type { TokenRequest } from '../../src/authz/jwt/token-outcome.ts';
import { CheckRequestSchema } from '../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { usualDialect } from '../../src/policy/dialects/contribution.ts';
import type { Destination } from '../../src/policy/facts.ts';
import { selectTokens } from '../../src/policy/meaning/token-stage.ts';
import type { TokenRule, TokenStage } from '../../src/policy/model.ts';
import { readPolicies } from '../../src/policy/read-policies.ts';

/** One question and the answer on the wire. Strings of the request are byte strings. */
export interface TokenCase {
  readonly id: string;
  readonly rules: readonly TokenRule[];
  readonly lines: readonly (readonly [name: string, value: string])[];
  /** Undefined: jwt_authn let it pass. */
  readonly refusal: TokenRefusal | undefined;
}

export interface TokenRefusal {
  readonly status: number;
  /** Undefined: the client got none (HEAD). */
  readonly body: string | undefined;
  readonly wwwAuthenticate: string;
  readonly details: string;
}

/** A request that consists of header lines. */
export const requestOf = (lines: readonly (readonly [string, string])[]): TokenRequest => ({
  header: (name) => lines.filter(([each]) => each === name).map(([, value]) => value),
});

interface Vector {
  readonly id: string;
  readonly set: string;
  readonly check: string;
  readonly status: number;
  readonly body?: string;
  readonly details: string;
  readonly www_authenticate?: string;
}

/** Reads a recorded world: `policies/SET.yaml` and `vectors.jsonl.gz`. */
export function readTokenWorld(directory: string): TokenCase[] {
  const policies = readdirSync(`${directory}/policies`)
    .flatMap(
      (name) => readPolicies(name, readFileSync(`${directory}/policies/${name}`, 'utf8'), usualDialect).documents,
    )
    .flatMap(({ contribution }) => (contribution?.to === 'istio-tokens' ? [contribution.policy] : []));
  const stage: TokenStage = { kind: 'token', policies };
  const known = new Map<string, readonly TokenRule[]>();
  return gunzipSync(readFileSync(`${directory}/vectors.jsonl.gz`))
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => toCase(JSON.parse(line) as Vector, stage, known)); // the judge's own lines
}

function toCase(vector: Vector, stage: TokenStage, known: Map<string, readonly TokenRule[]>): TokenCase {
  const { attributes } = fromBinary(CheckRequestSchema, Buffer.from(vector.check, 'base64'));
  const labels = new Map(Object.entries(attributes?.destination?.labels ?? {}));
  const key = `${vector.set} ${[...labels].join(' ')}`;
  const destination: Destination = {
    spiffeId: `spiffe://cluster.local/ns/${vector.set}/sa/default`,
    namespace: vector.set,
    serviceAccount: 'default',
    labels,
  };
  const rules = known.get(key) ?? selectTokens(stage, destination, {}).rules;
  known.set(key, rules);
  const http = attributes?.request?.http;
  const raw = http?.headerMap?.headers.map(
    ({ key: name, value, rawValue }) =>
      [
        name,
        rawValue.length > 0 ? Buffer.from(rawValue).toString('latin1') : Buffer.from(value).toString('latin1'),
      ] as const,
  );
  const lines =
    raw ??
    Object.entries(http?.headers ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('latin1')] as const);
  const refusal = vector.details.startsWith('jwt_authn')
    ? {
        status: vector.status,
        body: vector.body,
        wwwAuthenticate: vector.www_authenticate ?? '',
        details: vector.details,
      }
    : undefined;
  return { id: vector.id, rules, lines, refusal };
}
