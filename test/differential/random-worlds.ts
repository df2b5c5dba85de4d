/**
 * Fresh random worlds: what Istio and Envoy say of them, played against the product.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { parseAllDocuments } from 'yaml';
import { CheckRequestSchema } from '../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import type { Case } from './case.ts';
import { curlLine } from './curl-line.ts';
import { describeRequest } from './describe-request.ts';
import { runJudge } from './judge.ts';
import { type Difference, play } from './player.ts';
import { OWN_ADDRESS, OWN_ADDRESS_6, shrink } from './shrink.ts';
import { tokenDeps } from './token-deps.ts';
import { readModel, readSettings, readVectors, type Vector, type WorldSettings } from './world.ts';

// biome-ignore format: a list
export const worldNames = [
  't1-basic', 't1-raw', 't1-root', 't2-all', 't2-joined', 't2-jwt', 't2-jwt-joined', 't2-root', 't2-aliases', 't2-gateway', 't2-tcp',
];

export interface WorldOutcome {
  readonly verdicts: number;
  readonly differences: readonly Difference[];
}

/** Has one world made under `directory` and plays it. */
export async function playWorld(directory: string, name: string, seed: number, factor: number): Promise<WorldOutcome> {
  await runJudge(['generate', '-out', directory, '-world', name, '-seed', `${seed}`, '-factor', `${factor}`]);
  const folder = join(directory, name);
  const settings = readSettings(folder);
  const vectors = readVectors(folder);
  const model = readModel(folder, settings);
  return { verdicts: vectors.length, differences: play(vectors, model, settings, await tokenDeps(model)) };
}

/** A difference for people, as small as it can be made: policies, request, what each side says. */
export async function explainDifference(
  directory: string,
  { vector, what, expected, got }: Difference,
): Promise<string> {
  const folder = join(directory, vector.world);
  const small = await shrink(caseOf(folder, vector, readSettings(folder)));
  const [request] = small.requests;
  return [
    `${vector.id}: ${what}: Istio and Envoy say ${expected || 'nothing'}, we say ${got || 'nothing'}`,
    ...small.documents.map((text) => text.trimEnd()),
    `workload ${small.namespace} ${JSON.stringify(small.labels)}, aliases ${JSON.stringify(small.aliases)}`,
    request === undefined ? '' : curlLine(request),
    describeRequest(Buffer.from(vector.check, 'base64')),
  ].join('\n');
}

function caseOf(folder: string, vector: Vector, settings: WorldSettings): Case {
  const policies = join(folder, 'policies');
  const files = readdirSync(policies).filter(
    (name) => name === `${settings.root_namespace}.yaml` || name === `${vector.set}.yaml`,
  );
  const { destination: own = '', ...request } = vector.request ?? {};
  const placeholder = own.includes(':') ? OWN_ADDRESS_6 : OWN_ADDRESS;
  const texts = files.flatMap((name) =>
    parseAllDocuments(readFileSync(join(policies, name), 'utf8')).map((one) => JSON.stringify(one.toJS())),
  );
  return {
    id: 'shrinking',
    namespace: vector.set,
    labels: fromBinary(CheckRequestSchema, Buffer.from(vector.check, 'base64')).attributes?.destination?.labels ?? {},
    rawHeaders: settings.encode_raw_headers,
    useRemoteAddress: settings.use_remote_address,
    trustedHops: settings.xff_num_trusted_hops,
    aliases: settings.trust_domain_aliases ?? [],
    documents: own === '' ? texts : texts.map((text) => text.replaceAll(`"${own}"`, `"${placeholder}"`)),
    requests: [request],
  };
}
