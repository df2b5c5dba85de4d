/**
 * What the X509-SVID standard demands of a leaf, whoever signed it.
 * @module
 */
import { GatehouseError } from '../errors.ts';
import { parseSpiffeId, pathOf, type SpiffeId } from './spiffe-id.ts';

/** The fields of a certificate that the rules look at. */
export interface LeafFields {
  readonly isCa: boolean;
  /** Undefined when the extension is absent. */
  readonly keyUsage: ReadonlySet<string> | undefined;
  /** Dotted object identifiers; undefined when the extension is absent. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly names: { readonly uris: readonly string[] };
}

/** Either the ID that the certificate proves, if its chain holds, or the rule that it breaks. */
export type LeafVerdict =
  | { readonly ok: true; readonly spiffeId: SpiffeId }
  | { readonly ok: false; readonly problem: string };

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

const no = (problem: string): LeafVerdict => ({ ok: false, problem });

/** Applies the rules for leaves. @see X509-SVID §2, §4.1, §4.3, §4.4, §5.2 */
export function checkLeaf(leaf: LeafFields): LeafVerdict {
  if (leaf.isCa) return no('it is a signing certificate (cA is true)');
  if (!leaf.keyUsage) return no('it has no key usage');
  if (leaf.keyUsage.has('keyCertSign') || leaf.keyUsage.has('crlSign'))
    return no('its key may sign certificates or CRLs');
  if (!leaf.keyUsage.has('digitalSignature')) return no('its key usage lacks digitalSignature');
  const purposes = leaf.extendedKeyUsage;
  if (purposes && !(purposes.includes(SERVER_AUTH) && purposes.includes(CLIENT_AUTH))) {
    return no('its extended key usage lacks serverAuth or clientAuth');
  }
  const [uri, ...more] = leaf.names.uris;
  if (uri === undefined || more.length > 0) return no(`it has ${leaf.names.uris.length} URI names instead of one`);
  try {
    const spiffeId = parseSpiffeId(uri);
    return pathOf(spiffeId) === '' ? no('its SPIFFE ID has no path') : { ok: true, spiffeId };
  } catch (thrown) {
    if (thrown instanceof GatehouseError) return no(thrown.message);
    throw thrown;
  }
}
