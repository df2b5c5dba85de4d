/**
 * The names by which SVIDs are revoked, in the form in which Check compares them.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import { parseSpiffeId, type SpiffeId, trustDomainOf } from '../../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { RevocationKind } from '../store/store.ts';

/** Names what is to be revoked, as an operator writes it. */
export interface RevocationName {
  readonly kind: RevocationKind;
  readonly value: string;
}

/** The value of a name, as Check compares it. @throws GatehouseError `message_invalid`, `spiffe_id_invalid` */
export function namedValue({ kind, value }: RevocationName, trustDomain: TrustDomain): string {
  return readers[kind](value, trustDomain);
}

const readers: Readonly<Record<RevocationKind, (value: string, trustDomain: TrustDomain) => string>> = {
  id: readId,
  decider: readDecider,
  spki: readSpki,
  serial: readSerial,
};

function readId(value: string, trustDomain: TrustDomain): SpiffeId {
  const spiffeId = parseSpiffeId(value);
  if (trustDomainOf(spiffeId) === trustDomain) return spiffeId;
  throw invalid(value, `${spiffeId} is not of trust domain ${trustDomain}: revoke it there`);
}

function readDecider(value: string): string {
  const name = value.replace(/^feed:/, '');
  if (/^[A-Za-z0-9._-]{1,128}$/.test(name)) return name;
  throw invalid(value, `${JSON.stringify(value)} is no name of a decider`);
}

function readSpki(value: string): string {
  const hex = readHex(value);
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  throw invalid(value, `${JSON.stringify(value)} is not the SHA-256 of a SubjectPublicKeyInfo in hex, 64 digits`);
}

function readSerial(value: string): string {
  const hex = readHex(value);
  if (/^[0-9a-f]{1,40}$/.test(hex)) return hex.replace(/^(00)+(?=..)/, '');
  throw invalid(value, `${JSON.stringify(value)} is not a serial number in hex`);
}

/** Lower case, without the colons and spaces that other tools print. */
const readHex = (value: string): string => value.toLowerCase().replace(/[:\s]/g, '');

const invalid = (value: string, message: string): GatehouseError =>
  new GatehouseError('message_invalid', message, { value });
