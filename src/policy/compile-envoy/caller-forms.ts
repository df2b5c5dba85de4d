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

/** Which callers are judged in the tree; the others ask. */
export interface CallerForms {
  /** Has exactly one SPIFFE ID, and it is of a known trust domain. */
  readonly isPlain: Said;
  /** As `isPlain`, with `/ns/<namespace>/sa/<service account>`. */
  readonly isAccount: Said;
}

/** The forms, by the trust domains that are known. */
export function callerForms(trustDomains: readonly string[]): CallerForms {
  if (trustDomains.length === 0) return { isPlain: 'never', isAccount: 'never' };
  const start = `spiffe:\\/\\/(?:${trustDomains.map(literal).join('|')})`;
  const like = (path: string) => testOf('uri', { is: 'regex', source: `${start}${path}` });
  return {
    isPlain: like(`(?:\\/${SEGMENT})+`),
    isAccount: like(`\\/ns\\/${NAMESPACE}\\/sa\\/${SEGMENT}`),
  };
}

/** Behind the guards: the caller has a name. */
export const isNamed: Predicate = testOf('uri', { is: 'prefix', value: 'spiffe://' });

/** The caller showed a certificate that names anything at all. */
export const hasAnyName: Said = anyOf([isPresent('uri'), isPresent('dns'), isPresent('subject')]);

/** The callers who ask because rules read names: any that is named and not of the form that the rules can tell. */
export function isOtherCaller(forms: CallerForms, readsNamespaces: boolean): Said {
  // A DNS name may read as a SPIFFE ID, and rules look at every name.
  const inDns = testOf('dns', { is: 'contains', value: 'spiffe://' });
  const other = anyOf([allOf([notOf(forms.isPlain), hasAnyName]), inDns]);
  if (!readsNamespaces) return other;
  const marks = (['uri', 'dns', 'subject'] as const).map((input) => testOf(input, { is: 'contains', value: '/ns/' }));
  const [uri, dns, subject] = marks;
  // A name of another form that holds no `/ns/` is in no namespace.
  return anyOf([allOf([notOf(forms.isAccount), anyOf([other, uri!])]), inDns, dns!, subject!]);
}
