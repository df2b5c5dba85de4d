/**
 * Every rule of the X509-SVID standard that a certificate breaks, where `x509-svid-rules.ts` stops at the first.
 * @module
 */
import { GatehouseError } from '../errors.ts';
import { broken, type Deviation, unadvised } from './deviation.ts';
import { parseSpiffeId, pathOf, type SpiffeId, trustDomainOf } from './spiffe-id.ts';
import type { LeafFields } from './x509-svid-rules.ts';

/** The fields of a certificate that the rules look at. */
export interface SvidFields extends LeafFields {
  readonly subjectIsEmpty: boolean;
  /** Dotted. */
  readonly criticalExtensions: readonly string[];
  readonly unknownCritical: readonly string[];
}

const KEY_USAGE = '2.5.29.15';
const SUBJECT_ALT_NAME = '2.5.29.17';
const PURPOSES = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const;

/** The one SPIFFE ID of a certificate, or undefined. */
export function spiffeIdIn({ names }: Pick<SvidFields, 'names'>): SpiffeId | undefined {
  const [uri, ...more] = names.uris;
  if (uri === undefined || more.length > 0) return undefined;
  try {
    return parseSpiffeId(uri);
  } catch {
    return undefined;
  }
}

/** What a leaf breaks. @see X509-SVID §2, §3.1, §4.1, §4.3, §4.4 */
export function leafDeviations(leaf: SvidFields): readonly Deviation[] {
  // the rest would be the rules of signing certificates, told as faults
  if (leaf.isCa) return [broken('X509-SVID §4.1', 'it is a signing certificate (cA is true), which identifies nobody')];
  const id = spiffeIdIn(leaf);
  return [
    ...nameDeviations(leaf, 'it has no URI name, so no SPIFFE ID'),
    ...(id !== undefined && pathOf(id) === ''
      ? [broken('X509-SVID §3.1', `its SPIFFE ID ${id} has no path: that is the trust domain, no workload`)]
      : []),
    ...usageDeviations(leaf),
    ...lacking(leaf.keyUsage, ['digitalSignature']),
    ...['keyCertSign', 'crlSign']
      .filter((usage) => leaf.keyUsage?.has(usage))
      .map((usage) => broken('X509-SVID §4.3', `a leaf, but its key usage has ${usage}`)),
    ...purposeDeviations(leaf.extendedKeyUsage),
    ...unknownDeviations(leaf),
  ];
}

/** What a certificate that signs others breaks. @see X509-SVID §2, §3.2, §4.1, §4.3 */
export function signerDeviations(signer: SvidFields, leafId: SpiffeId | undefined): readonly Deviation[] {
  const id = spiffeIdIn(signer);
  const named = signer.names.uris.length > 0;
  return [
    ...(signer.isCa ? [] : [broken('X509-SVID §4.1', 'it stands where signing certificates do, but cA is not true')]),
    ...(named ? nameDeviations(signer, '') : []),
    ...(id !== undefined && pathOf(id) !== ''
      ? [broken('X509-SVID §3.2', `a signing certificate, but its SPIFFE ID ${id} has a path`)]
      : []),
    ...(id !== undefined && leafId !== undefined && trustDomainOf(id) !== trustDomainOf(leafId)
      ? [unadvised('X509-SVID §3.2', `it is of ${trustDomainOf(id)}, the leaf of ${trustDomainOf(leafId)}`)]
      : []),
    ...usageDeviations(signer),
    ...lacking(signer.keyUsage, ['keyCertSign']),
    ...unknownDeviations(signer),
  ];
}

function nameDeviations({ names, subjectIsEmpty, criticalExtensions }: SvidFields, none: string): Deviation[] {
  const { uris } = names;
  const found: Deviation[] = [];
  if (uris.length === 0) found.push(broken('X509-SVID §2', none));
  if (uris.length > 1) found.push(broken('X509-SVID §2', `it has ${uris.length} URI names: ${uris.join(', ')}`));
  for (const uri of uris) {
    try {
      parseSpiffeId(uri);
    } catch (thrown) {
      if (!(thrown instanceof GatehouseError)) throw thrown;
      found.push(broken('SPIFFE-ID §2', thrown.message));
    }
  }
  if (subjectIsEmpty && !criticalExtensions.includes(SUBJECT_ALT_NAME))
    found.push(broken('X509-SVID §3.1', 'its subject is empty, but subjectAltName is not critical'));
  return found;
}

function usageDeviations({ keyUsage, criticalExtensions }: SvidFields): Deviation[] {
  if (keyUsage === undefined) return [broken('X509-SVID §4.3', 'it has no key usage')];
  return criticalExtensions.includes(KEY_USAGE) ? [] : [broken('X509-SVID §4.3', 'its key usage is not critical')];
}

/** An extension that is not there was told already. */
const lacking = (keyUsage: ReadonlySet<string> | undefined, usages: readonly string[]): Deviation[] =>
  keyUsage === undefined
    ? []
    : usages
        .filter((usage) => !keyUsage.has(usage))
        .map((usage) => broken('X509-SVID §4.3', `its key usage lacks ${usage}`));

function purposeDeviations(purposes: readonly string[] | undefined): Deviation[] {
  if (purposes === undefined) return [unadvised('X509-SVID §4.4', 'it has no extended key usage')];
  return Object.entries(PURPOSES)
    .filter(([, id]) => !purposes.includes(id))
    .map(([name]) => broken('X509-SVID §4.4', `its extended key usage lacks ${name}`));
}

const unknownDeviations = ({ unknownCritical }: SvidFields): Deviation[] =>
  unknownCritical.map((id) => broken('RFC 5280 §4.2', `critical extension ${id} is not known here: it is refused`));
