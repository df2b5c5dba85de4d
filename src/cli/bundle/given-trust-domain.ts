/**
 * The trust domain that somebody names on the command line.
 * @module
 */
import { parseTrustDomain, type TrustDomain } from '../../spiffe/trust-domain.ts';

/** By its name or by its SPIFFE ID. @throws GatehouseError `trust_domain_invalid` */
export const givenTrustDomain = (text: string): TrustDomain => parseTrustDomain(text.replace(/^spiffe:\/\//, ''));
