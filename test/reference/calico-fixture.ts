/**
 * Verdicts that Calico's own policy code gave (commit 87c15906), recorded: documents, requests, answers. Without callers whose
 * address lies in a network set: its checker looks an address up as it is and so finds none in a range, against its own kernel
 * rules and its documentation.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { parseAllDocuments } from 'yaml';
import type { Address } from '../../src/gen/envoy/config/core/v3/address_pb.ts';
import type { AttributeContext_Peer } from '../../src/gen/envoy/service/auth/v3/attribute_context_pb.ts';
import { CheckRequestSchema } from '../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import type { CalicoCode, CalicoRequest } from './calico.ts';

export interface CalicoVector {
  readonly id: string;
  readonly world: string;
  /** CheckRequest, base64. */
  readonly check: string;
  readonly allow: boolean;
  readonly code: CalicoCode;
  readonly by: readonly string[];
  readonly what: string;
  /** The fail-open corners of Calico without which the verdict would be the other one. */
  readonly hinges: readonly string[];
}

const read = (name: string): string =>
  gunzipSync(readFileSync(new URL(`../fixtures/calico/${name}.gz`, import.meta.url))).toString('utf8');

export const calicoYaml = (world: string, part: 'policies' | 'registry'): string => read(`${world}-${part}.yaml`);

export function calicoDocuments(world: string): unknown[] {
  return (['policies', 'registry'] as const).flatMap((part) =>
    parseAllDocuments(calicoYaml(world, part)).map((document) => document.toJS() as unknown),
  );
}

export function calicoVectors(): CalicoVector[] {
  return read('vectors.jsonl')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as CalicoVector);
}

/** Reads the CheckRequest with the generated code, not with ours. */
export function calicoRequestOf(vector: CalicoVector): CalicoRequest {
  const { attributes } = fromBinary(CheckRequestSchema, Buffer.from(vector.check, 'base64'));
  const http = attributes?.request?.http;
  return {
    source: endOf(attributes?.source),
    destination: endOf(attributes?.destination),
    protocol: socketOf(attributes?.destination?.address)?.protocol === 1 ? 17 : 6,
    http: http && { method: http.method, path: http.path },
  };
}

function socketOf(address: Address | undefined) {
  return address?.address.case === 'socketAddress' ? address.address.value : undefined;
}

function endOf(peer: AttributeContext_Peer | undefined): CalicoRequest['source'] {
  const socket = socketOf(peer?.address);
  const port = socket?.portSpecifier.case === 'portValue' ? socket.portSpecifier.value : -1;
  return { address: socket?.address ?? '', port, principal: peer?.principal ?? '', labels: peer?.labels ?? {} };
}
