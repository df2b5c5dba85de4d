/**
 * Holds a CheckRequest that somebody wrote to the rules of Envoy's protos.
 * @module
 */
import { fromBinary } from '@bufbuild/protobuf';
import { type CheckRequest, CheckRequestSchema } from '../../../gen/envoy/service/auth/v3/external_auth_pb.ts';
import { violations } from '../../../transport/pgv/violations.ts';

/** The rules that the request breaks, each with its field; none if the bytes are no CheckRequest, which the explainer says. */
export function brokenInCheckRequest(bytes: Uint8Array): readonly string[] {
  let request: CheckRequest;
  try {
    request = fromBinary(CheckRequestSchema, bytes);
  } catch {
    return [];
  }
  return violations(CheckRequestSchema, request);
}
