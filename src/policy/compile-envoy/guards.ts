/**
 * What asks before any rule is looked at: requests of which a tree sees something else than the decision does, and those that are
 * refused before any policy is asked.
 * @module
 */
import { type CallerForms, hasAnyName, otherCallers } from './caller-forms.ts';
import type { Uses } from './conditions.ts';
import type { NativeSettings } from './native-settings.ts';
import { allOf, notOf, type Said, testOf } from './tree/predicates.ts';
import type { StateRead } from './tree/states-read.ts';
import { type Input, type Item, REQUEST, requestText, tautology } from './tree/tree.ts';

/** One reason to ask about a request, whatever the rules say. */
export interface Guard {
  /** The last part of its action's name. */
  readonly name: string;
  readonly when: Said;
  /** For people. */
  readonly reason: string;
  /** Looks at the caller's certificate. */
  readonly isOfNames: boolean;
  /** Tells of one URI SAN that the guard means nobody who has it and no other; absent: that cannot be told. */
  readonly spares?: (uri: string) => boolean;
}

type GuardSettings = Pick<NativeSettings, 'verifyPeer' | 'peerTrustDomains' | 'ambiguousRequests'>;

/**
 * The guards that a workload's rules and settings need, in order.
 *
 * @param forms  `nameless`: of callers without a certificate; undefined: no trust domain is known
 * @param reads  what the rules look up of what is filled in with each request: whoever lacks it asks
 */
export function guardsOf(
  uses: Uses,
  forms: CallerForms | 'nameless' | undefined,
  settings: GuardSettings,
  protocol: 'http' | 'tcp',
  reads: readonly StateRead[],
): readonly Guard[] {
  const isStrict = settings.ambiguousRequests === 'deny';
  const guards: Guard[] = forms === 'nameless' ? [] : [...nameGuards(uses, forms, settings)];
  if (protocol === 'tcp') return guards;
  if (uses.inputs.has('path')) guards.push(plainPath(reads));
  if (isStrict) guards.push(unambiguousPath);
  if (isStrict && uses.inputs.has('header::authority')) guards.push(cleanHost);
  return [...guards, ...[...uses.inputs].sort().flatMap(repeatedHeader)];
}

function* nameGuards(uses: Uses, forms: CallerForms | undefined, settings: GuardSettings): Iterable<Guard> {
  const { verifyPeer, peerTrustDomains, ambiguousRequests } = settings;
  const isStrict = ambiguousRequests === 'deny';
  if (verifyPeer === 'enforce') yield verifiedPeer;
  if (uses.inputs.has('uri') || isStrict || peerTrustDomains === 'own') {
    const { beside, inPlace, isOfForm } = otherCallers(forms, uses.readsNamespaces);
    yield { ...otherCaller, when: beside };
    yield { ...otherCaller, when: inPlace, spares: isOfForm };
  }
  if (isStrict) yield plainNames;
}

/** The items of the guards. */
export const guardItems = (guards: readonly Guard[]): readonly Item[] =>
  guards.flatMap(({ name, when }) => {
    const leadsTo = { is: 'action', name: `ask:${name}`, effect: 'allow' } as const;
    if (when === 'never') return [];
    return [{ when: when === 'always' ? tautology : when, leadsTo }];
  });

const verifiedPeer: Guard = {
  name: 'verify-peer',
  when: hasAnyName,
  isOfNames: true,
  reason: 'extAuthz.verifyPeer is enforce: callers with a certificate are held against the bundles',
};

const otherCaller = {
  name: 'caller',
  isOfNames: true,
  reason: 'callers with several URI SANs, without a SPIFFE ID, or of a trust domain that is not ours',
};

const plainNames: Guard = {
  name: 'names',
  when: testOf('dns', { is: 'regex', source: '\\C*[^!-~]\\C*' }),
  isOfNames: true,
  reason: 'extAuthz.ambiguousRequests is deny: callers with DNS names that are not printable ASCII',
};

const hasPath: Readonly<Record<StateRead, Said>> = {
  'gh.path': testOf('path', { is: 'prefix', value: '/' }),
  'gh.request': testOf(REQUEST, { is: 'contains', value: requestText('', '/') }),
};

/** Rules may hang on the path and look at none: its absence asks all the same. */
const plainPath = (reads: readonly StateRead[]): Guard => ({
  name: 'path',
  when: notOf(allOf((reads.length === 0 ? (['gh.path'] as const) : reads).map((key) => hasPath[key]))),
  isOfNames: false,
  reason:
    'requests without a path (CONNECT, OPTIONS *), and all where the filter that sets gh.path and gh.request is missing',
});

/** A segment that does not begin with a dot, of characters that every server reads alike. */
const SEGMENT = '[A-Za-z0-9_~!$&\'()*+,:@=^\\[\\]{}|`"<>-][A-Za-z0-9._~!$&\'()*+,:@=^\\[\\]{}|`"<>-]*';

/** Paths that normalising leaves as they are, as a regular expression. */
export const OWN_NORMAL_PATH = `\\/(?:${SEGMENT}(?:\\/${SEGMENT})*)?`;

const unambiguousPath: Guard = {
  name: 'ambiguous',
  when: notOf(testOf('header::path', { is: 'regex', source: `\\/(?:${SEGMENT}(?:\\/${SEGMENT})*\\/?)?(?:\\?\\C*)?` })),
  isOfNames: false,
  reason: 'extAuthz.ambiguousRequests is deny: paths with empty or dot segments, escapes, backslashes and the like',
};

const cleanHost: Guard = {
  name: 'host',
  when: notOf(testOf('header::authority', { is: 'regex', source: '[a-z0-9_-]+(?:\\.[a-z0-9_-]+)*' })),
  isOfNames: false,
  reason: 'extAuthz.ambiguousRequests is deny: hosts with a port, capitals or a trailing dot',
};

/** Envoy joins the lines of a header; a comma may stand between two of them. */
function repeatedHeader(input: Input): readonly Guard[] {
  if (!input.startsWith('header:') || input.startsWith('header::')) return [];
  const name = input.slice('header:'.length);
  return [
    {
      name: `header-${name}`,
      when: testOf(input, { is: 'contains', value: ',' }),
      isOfNames: false,
      reason: `requests whose header ${name} holds a comma: it may be two lines`,
    },
  ];
}
