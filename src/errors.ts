/**
 * The one error class, its closed list of codes, and what each code means on the wire.
 * @module
 */

/** gRPC status codes that we answer with (gRPC core spec, status codes). */
export const grpcStatus = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

type GrpcStatus = (typeof grpcStatus)[keyof typeof grpcStatus];

interface CodeMeaning {
  readonly grpc: GrpcStatus;
  readonly http: number;
  /** What a peer may read; everything else goes to the log. */
  readonly safeText: string;
}

const row = (grpc: GrpcStatus, http: number, safeText: string): CodeMeaning => ({ grpc, http, safeText });

const meanings = {
  usage_invalid: row(grpcStatus.invalidArgument, 400, 'the command line is not valid'),
  config_invalid: row(grpcStatus.invalidArgument, 400, 'the configuration is not valid'),
  restart_required: row(grpcStatus.failedPrecondition, 409, 'this change needs a restart'),
  address_in_use: row(grpcStatus.unavailable, 503, 'the address is in use'),
  spiffe_id_invalid: row(grpcStatus.invalidArgument, 400, 'not a SPIFFE ID'),
  trust_domain_invalid: row(grpcStatus.invalidArgument, 400, 'not a trust domain'),
  certificate_invalid: row(grpcStatus.invalidArgument, 400, 'the certificate is not valid'),
  csr_invalid: row(grpcStatus.invalidArgument, 400, 'the certificate request is not valid'),
  key_invalid: row(grpcStatus.invalidArgument, 400, 'the key is not valid'),
  token_invalid: row(grpcStatus.invalidArgument, 401, 'the token is not valid'),
  policy_invalid: row(grpcStatus.invalidArgument, 400, 'the policy is not valid'),
  registry_invalid: row(grpcStatus.invalidArgument, 400, 'the registry is not valid'),
  message_invalid: row(grpcStatus.invalidArgument, 400, 'the message is not valid'),
  message_too_large: row(grpcStatus.resourceExhausted, 413, 'the message is too large'),
  header_missing: row(grpcStatus.invalidArgument, 400, 'security header missing from request'),
  too_many_requests: row(grpcStatus.resourceExhausted, 429, 'too many requests: wait'),
  not_entitled: row(grpcStatus.permissionDenied, 403, 'no identity issued'),
  attestation_failed: row(grpcStatus.permissionDenied, 403, 'the caller could not be attested'),
  caller_not_authorised: row(grpcStatus.permissionDenied, 403, 'the caller is not authorised'),
  caller_unauthenticated: row(grpcStatus.unauthenticated, 401, 'request authenticate failure'),
  authority_not_ready: row(grpcStatus.unavailable, 503, 'the authority is not ready'),
  slot_state: row(grpcStatus.failedPrecondition, 409, 'the authority is not in the state that this step needs'),
  certificates_not_seen: row(grpcStatus.failedPrecondition, 409, 'a decider has seen no certificate of a peer'),
  not_sound: row(grpcStatus.failedPrecondition, 409, 'this would let somebody in again'),
  rotation_blocked: row(grpcStatus.failedPrecondition, 409, 'somebody would break'),
  store_locked: row(grpcStatus.failedPrecondition, 409, 'another Gatehouse uses this store'),
  store_unusable: row(grpcStatus.unavailable, 503, 'the store cannot be used'),
  store_unavailable: row(grpcStatus.unavailable, 503, 'the store is away'),
  keys_unavailable: row(grpcStatus.unavailable, 503, 'the keys are out of reach'),
  not_found: row(grpcStatus.notFound, 404, 'not found'),
  not_supported: row(grpcStatus.unimplemented, 501, 'not supported'),
  unreachable: row(grpcStatus.unavailable, 503, 'the other side cannot be reached'),
  not_ready: row(grpcStatus.unavailable, 503, 'not ready'),
  cancelled: row(grpcStatus.cancelled, 499, 'the caller has gone'),
  draining: row(grpcStatus.unavailable, 503, 'shutting down'),
  internal: row(grpcStatus.internal, 500, 'internal error'),
} as const satisfies Record<string, CodeMeaning>;

export type ErrorCode = keyof typeof meanings;

/** Whether a text is a code of ours: another version may have others. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(meanings, text);
}

/** What a code means to a gRPC peer, to an HTTP peer, and the text that either may read. */
export function meaningOf(code: ErrorCode): CodeMeaning {
  return meanings[code];
}

/** Context of an error: everything a log line or a JSON answer should hold besides the sentence. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** Every error that Gatehouse throws on purpose. The message names the place and the fix; `details` hold the values. */
export class GatehouseError extends Error {
  override readonly name = 'GatehouseError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** Narrows what a `catch` caught; anything unknown becomes `internal` with the original as its cause. */
export function asGatehouseError(thrown: unknown): GatehouseError {
  if (thrown instanceof GatehouseError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new GatehouseError('internal', message, {}, { cause: thrown });
}
