/**
 * Recorded worlds in a compact form: every certificate stands once.
 * @module
 */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { CheckRequestSchema } from '../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import type { Vector, WorldSettings } from './world.ts';

/** A verdict whose question names its certificate by number, -1 for none. */
export interface RecordedVector extends Omit<Vector, 'request' | 'features'> {
  readonly certificate: number;
}

export interface RecordedWorld {
  readonly settings: WorldSettings;
  /** YAML by file name. */
  readonly policies: Readonly<Record<string, string>>;
  readonly certificates: readonly string[];
  readonly vectors: readonly RecordedVector[];
}

/** Takes the certificate out of a question; new ones are added to `certificates`. */
export function withoutCertificate(vector: Vector, certificates: string[]): RecordedVector {
  const { request: _, features: __, ...rest } = vector;
  const question = fromBinary(CheckRequestSchema, Buffer.from(vector.check, 'base64'));
  const source = question.attributes?.source;
  const text = source?.certificate ?? '';
  if (source === undefined || text === '') return { ...rest, certificate: -1 };
  source.certificate = '';
  if (!certificates.includes(text)) certificates.push(text);
  const check = Buffer.from(toBinary(CheckRequestSchema, question)).toString('base64');
  return { ...rest, check, certificate: certificates.indexOf(text) };
}

/** The vector as it was recorded. */
export function withCertificate({ certificate, ...vector }: RecordedVector, certificates: readonly string[]): Vector {
  const text = certificates[certificate];
  const question = fromBinary(CheckRequestSchema, Buffer.from(vector.check, 'base64'));
  if (text === undefined || question.attributes?.source === undefined) return vector;
  question.attributes.source.certificate = text;
  return { ...vector, check: Buffer.from(toBinary(CheckRequestSchema, question)).toString('base64') };
}
