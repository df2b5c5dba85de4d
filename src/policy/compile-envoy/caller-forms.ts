/**
 * The callers that a tree can tell by `uri_san`: those with one SPIFFE ID, of a trust domain that is known here.
 *
 * Envoy joins several URI SANs by commas and a tree sees neither DNS SANs nor the subject beside them, so whoever is of another form asks
 * before any rule reads his name. Behind that guard a namespace is a prefix and a service account a key.
 * @module
 */
import { allOf, anyOf, isPresent, literal, notOf, type Said, testOf } from './tree/predicates.ts';
import type { Predicate } from './tree/tree.ts';

/** One segment of a SPIFFE ID (SPIFFE-ID §2.2). */
const SEGMENT = '[A-Za-z0-9._-]+';
/** A namespace that is not called `ns`: in `/ns/ns/sa/x` Istio's patterns would find the namespace `sa` as well. */
const NAMESPACE = '(?:[A-Za-mo-z0-9._-][A-Za-z0-9._-]*|n(?:[A-Za-rt-z0-9._-][A-Za-z0-9._-]*)?|ns[A-Za-z0-9._-]+)';

/** Which callers are judged in the tree, as regular expressions for `uri_san`; the others ask. */
export interface CallerForms {
  /** Has exactly one SPIFFE ID, and it is of a known trust domain. */
  readonly plain: string;
  /** As `plain`, with `/ns/<namespace>/sa/<service account>`. */
  readonly account: string;
}

/** The forms, by the trust domains that are known; undefined: none are, and nobody is judged. */
export function callerForms(trustDomains: readonly string[]): CallerForms | undefined {
  if (trustDomains.length === 0) return undefined;
  const start = `spiffe:\\/\\/(?:${trustDomains.map(literal).join('|')})`;
  return { plain: `${start}(?:\\/${SEGMENT})+`, account: `${start}\\/ns\\/${NAMESPACE}\\/sa\\/${SEGMENT}` };
}

/** Behind the guards: the caller has a name. */
export const isNamed: Predicate = testOf('uri', { is: 'prefix', value: 'spiffe://' });

/** The caller showed a certificate that names anything at all. */
export const hasAnyName: Said = anyOf([isPresent('uri'), isPresent('dns'), isPresent('subject')]);

/** The callers who ask because rules read names: any that is named and not of the form that the rules can tell. */
export interface OtherCallers {
  /** By the names beside his SPIFFE ID: rules look at every name, and a DNS name may read as a SPIFFE ID. */
  readonly beside: Said;
  /** By what stands in the place of the one SPIFFE ID. */
  readonly inPlace: Said;
  /** Tells of one URI SAN that it is of the form: whoever has it, and no other, is not meant by `inPlace`. */
  readonly isOfForm: (uri: string) => boolean;
}

/** Who they are. @param forms  undefined: everybody who is named at all */
export function otherCallers(forms: CallerForms | undefined, readsNamespaces: boolean): OtherCallers {
  const holds = (input: 'uri' | 'dns' | 'subject', value: string) => testOf(input, { is: 'contains', value });
  const like = (source: string | undefined): Said =>
    source === undefined ? 'never' : testOf('uri', { is: 'regex', source });
  const inDns = holds('dns', 'spiffe://');
  const wanted = readsNamespaces ? forms?.account : forms?.plain;
  const form = wanted === undefined ? undefined : new RegExp(`^(?:${wanted})$`);
  const other = allOf([notOf(like(forms?.plain)), hasAnyName]);
  return {
    beside: readsNamespaces ? anyOf([inDns, holds('dns', '/ns/'), holds('subject', '/ns/')]) : inDns,
    // A name of another form that holds no `/ns/` is in no namespace.
    inPlace: readsNamespaces ? allOf([notOf(like(forms?.account)), anyOf([other, holds('uri', '/ns/')])]) : other,
    isOfForm: (uri) => form?.test(uri) === true,
  };
}
