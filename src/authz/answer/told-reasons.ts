/**
 * What a proxy is told of a refusal, besides that it is one.
 * @module
 */
import type { Reason } from '../../policy/decision.ts';

/** Why a proxy gets no decision by policies, or that a connection is worth nothing any more; else absent. */
export const REASON_HEADER = 'X-Gatehouse-Reason';
/** The same in Envoy's configuration and metadata. */
export const REASON_METADATA = 'x-gatehouse-reason';

/** Why nothing passes on a connection, though it may on the next one: what is refused is the certificate that it began with. */
export const certificateRefusals: readonly Reason[] = ['revoked', 'peer_not_verified'];
