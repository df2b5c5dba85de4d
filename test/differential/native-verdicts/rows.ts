/**
 * On which rows of docs/native.md's table a verdict falls: by the action that Envoy came to, the rule that it names, and what was drawn.
 * @module
 */
import { readFileSync } from 'node:fs';
import type { LetIn } from '../../../src/policy/compile-envoy/planes/lets-in.ts';
import { drawnCallers } from './draw-questions.ts';
import type { Count, Judged } from './tally.ts';

/** The rows as they stand there. */
export function tableRows(): readonly string[] {
  const text = readFileSync('docs/native.md', 'utf8').split('## What a tree says')[1]?.split('\n\n')[1] ?? '';
  return [...text.matchAll(/^\| (.+?) \| (?:tree|asks) \|/gm)].map(([, row]) => row!); // the group is in the pattern
}

/** Rows on which no drawn verdict can fall, and why. */
const notDrawn: Readonly<Record<string, string>> = {
  'claims of patterns or names that no tree can test, where a token is verified': 'no document can write one',
  'CONNECT, `OPTIONS *`': 'the printed listeners answer these before any filter',
  'trees that are deeper than Envoy unpacks, or larger than 32 MiB': 'each would take a world of its own, of 32 MiB',
};

/** The rows that a run has not come to though it might have. */
export const missedRows = (byRow: ReadonlyMap<string, Count>): readonly string[] =>
  [...byRow].flatMap(([row, { verdicts }]) => (verdicts === 0 && notDrawn[row] === undefined ? [row] : []));

/** What of a verdict the rows look at. */
interface Seen extends Judged {
  /** The action's name. */
  readonly action: string;
  readonly isDecided: boolean;
  readonly isAsked: boolean;
  /** The text of the rule that the action names, or of all of them where no rule held; empty: of none. */
  readonly rule: string;
  /** Why the rule asks. */
  readonly fields: readonly string[];
  readonly isNameless: boolean;
  /** By what the caller is let in for certain to where it asks. */
  readonly letIn: readonly LetIn[];
  readonly everything: string;
  readonly documents: string;
}

const rows: Readonly<Record<string, (seen: Seen) => boolean>> = {
  'principals, namespaces, service accounts': ({ isDecided, rule }) =>
    isDecided && /"(?:not)?(?:principals|namespaces|serviceAccounts)"/i.test(rule),
  'methods, paths, templates, hosts, headers, their `not…` forms': ({ isDecided, rule }) =>
    isDecided && /"(?:not)?(?:methods|paths|hosts)"|request\.headers/i.test(rule),
  '`ipBlocks`, `destination.ip`, ports': ({ isDecided, rule }) =>
    isDecided && /"(?:not)?(?:ipBlocks|ports)"|destination\.ip|destination\.port|source\.ip/i.test(rule),
  'DENY, ALLOW, policies of the root namespace, PeerAuthentication': ({ action }) =>
    /^n:(?:deny|allow|mtls|no-rule-allowed)/.test(action),
  'dry run': ({ isDecided, native, asking }) => isDecided && native.rehearsed !== '' && asking.rehearsed !== '',
  AUDIT: ({ isDecided, native }) => isDecided && native.audited !== '',
  '`absence: strict`': ({ isDecided, settings }) => isDecided && settings.absence === 'strict',
  '`allowEmpty`': ({ isDecided, settings }) => isDecided && settings.isEmpty,
  'audiences and claims': ({ isDecided, rule, twin }) =>
    isDecided && !twin.place.hasTokens && /request\.auth|requestPrincipals/i.test(rule),
  'RequestAuthentication: requests without a token': ({ isDecided, twin, asked }) =>
    isDecided && twin.place.hasTokens && asked.tokens.length === 0,
  'callers without a certificate': ({ isDecided, isNameless }) => isDecided && isNameless,
  '`verifyPeer: observe`, planes that are observed only, candidate sets': ({ isDecided, settings }) =>
    isDecided &&
    (settings.verifyPeer === 'observe' ||
      settings.hasCandidate ||
      Object.values(settings.planes ?? {}).includes('observe')),
  'tokens that Envoy accepts, by issuer, subject, audiences and claims': ({ isDecided, twin, asked }) =>
    isDecided && twin.place.hasTokens && asked.tokens.length > 0,
  'tokens that Envoy does not accept, or of which it is not plain that it does': ({ action, twin }) =>
    action === 'ask:token' && twin.place.tokens === 'public',
  'requests that may bring a token': ({ action, twin }) => action === 'ask:token' && twin.place.tokens === 'secret',
  'claims of patterns or names that no tree can test, where a token is verified': ({ isAsked, fields, twin }) =>
    isAsked && twin.place.tokens === 'public' && fields.some((field) => field.startsWith('claim')),
  'headers that only verified tokens may write, sent by the caller': ({ action }) => action === 'ask:forged',
  'headers that verifying tokens changes, where a rule reads them': ({ isAsked, fields }) =>
    isAsked && fields.some((field) => field.endsWith('which verifying tokens changes')),
  '`labels_unknown`, labels that differ among the pods of a service account': ({ everything }) =>
    everything.includes('labels_unknown'),
  'plane `calico`, enforced, whose policies select others': ({ isDecided, settings, twin }) =>
    isDecided && settings.planes?.calico === 'enforce' && twin.letsIn === undefined,
  'planes `l4`, `calico` and `site`, enforced: pods that they let in for certain, by name and address together': ({
    action,
    letIn,
  }) => letIn.some(({ when }) => when.length === 0) && passesPlanes.test(action),
  'rules of plane `calico` by method and path, for these pods': ({ action, letIn }) =>
    letIn.some(({ when }) => when.length > 0) && passesPlanes.test(action),
  'planes `l4`, `calico` and `site`, enforced: whom they refuse, and what hangs on more than both ends and the port': ({
    action,
    asked,
    isNameless,
  }) => action === 'ask:planes' && !isNameless && asked.from === 'own',
  'callers at no address of a pod, behind a hop, or under another name than the pod’s (`place_mismatch`), where these planes are enforced':
    ({ action, asked, isNameless }) =>
      action === 'ask:place' || (action === 'ask:planes' && !isNameless && asked.from !== 'own'),
  'callers without a certificate, where these planes are enforced': ({ action, isNameless }) =>
    action === 'ask:planes' && isNameless,
  'staged policies of these planes that select the workload or the caller': ({ isAsked, twin, settings }) =>
    isAsked && settings.planes?.calico === 'enforce' && twin.planeTexts.includes('"Staged'),
  'these planes, where the registry knows no address of the workload, no caller is let in for certain, or callers have more than 4,096 addresses':
    ({ everything }) => /enforced, and (?:the registry|no pod|more than)/.test(everything),
  'these planes, enforced, of a `--gateway`': ({ everything }) => everything.includes('enforced, and behind a gateway'),
  'several URI SANs, no SPIFFE ID, a trust domain that is not ours': ({ action, asked }) =>
    action === 'ask:caller' && !isOddId(asked.caller),
  'an ID with `/ns/` elsewhere than Istio puts it': ({ action, asked }) =>
    action === 'ask:caller' && isOddId(asked.caller),
  '`verifyPeer: enforce`': ({ action }) => action === 'ask:verify-peer',
  '`peerTrustDomains: own`': ({ action, settings }) => action === 'ask:caller' && settings.peerTrustDomains === 'own',
  '`ambiguousRequests: deny`': ({ action }) => ['ask:ambiguous', 'ask:host', 'ask:names'].includes(action),
  'repeated header lines': ({ action }) => action.startsWith('ask:header-'),
  'CONNECT, `OPTIONS *`': ({ action }) => action === 'ask:path',
  '`remoteIpBlocks` (`trustedHops`), where X-Forwarded-For is one IPv4 address or none': ({ isDecided, rule, twin }) =>
    isDecided && twin.place.kind === 'sidecar' && rule.includes('remoteIpBlocks'),
  '`remoteIpBlocks` of a `--gateway`, where X-Forwarded-For is a list of IPv4 addresses': ({
    isDecided,
    rule,
    twin,
    asked,
  }) =>
    isDecided &&
    twin.place.kind === 'gateway' &&
    rule.includes('remoteIpBlocks') &&
    asked.forwarded?.includes(',') === true,
  '`remoteIpBlocks` of a `--gateway` that trusts no proxy, for callers of its own machine': ({
    isAsked,
    fields,
    twin,
    asked,
  }) =>
    isAsked && twin.place.kind === 'gateway' && twin.place.hops === 0 && asked.isOfMachine && fields.includes(REMOTE),
  '`remoteIpBlocks`, where X-Forwarded-For is anything else': ({ isAsked, fields, asked }) =>
    isAsked && fields.includes(REMOTE) && asked.forwarded !== undefined,
  'SNI, where Envoy shows one': ({ isDecided, rule, asked, twin }) =>
    isDecided && rule.includes('connection.sni') && twin.place.kind !== 'gateway' && asked.serverName !== '',
  'SNI, where Envoy shows none; source ports, metadata': ({ isAsked, fields }) =>
    isAsked && fields.some((field) => /SNI|port|metadata/.test(field)),
  'CUSTOM with a provider that nobody asks': ({ action }) => action.startsWith('ask:custom/'),
  'AUDIT and dry run, of connections': ({ action, twin }) =>
    twin.place.kind === 'tcp' && /^ask:(?:audit\/|dry-run)/.test(action),
  'revoked serial numbers and keys': ({ native, action, settings, asked }) =>
    /revoked-(?:serial|keys)/.test(`${native.revocation} ${action}`) ||
    (action === 'ask:revocations' && settings.revoked.some(({ by, caller }) => by !== 'id' && caller === asked.caller)),
  'trees that are deeper than Envoy unpacks, or larger than 32 MiB': ({ everything }) =>
    /messages deep|bytes, more than/.test(everything),
};

/** What stands behind the planes in a tree. */
const passesPlanes = /^n:(?:allow|no-rule-allowed|no-policy-applies)/;

const REMOTE = 'remote address';

const isOddId = (caller: number | undefined): boolean => {
  const { uris = [], commonName = '' } = caller === undefined ? {} : drawnCallers[caller]!;
  return (
    uris.length === 1 &&
    (/\/ns\/[^/]*\/ns|[^.]\/ns\/|\/ns\/ns\//.test(uris[0]!.slice('spiffe://cluster.local'.length)) ||
      commonName.includes('/ns/'))
  );
};

/** The rows that are known here. */
export const rowNames: readonly string[] = Object.keys(rows);

/** The rows; none for what the table is not about. */
export function rowsOf(judged: Judged): readonly string[] {
  const { native, asked, twin, who } = judged;
  const { action } = native;
  const { policy, place } = twin;
  const named = /^(?:n|ask):[a-z-]+\/([^/]*)\/([^#]*)#(\d+)$/.exec(action);
  const seen: Seen = {
    ...judged,
    action,
    isDecided: action.startsWith('n:'),
    isAsked: action.startsWith('ask:'),
    rule:
      named === null
        ? action === 'n:no-rule-allowed'
          ? place.documents.join('\n')
          : ''
        : ruleText(place.documents, named),
    fields: policy.asks.flatMap(({ policy: ref, rule, field }) =>
      named !== null &&
      ref?.name === named[2] &&
      ref?.namespace === named[1] &&
      String(rule) === named[3] &&
      field !== undefined
        ? [field]
        : [],
    ),
    isNameless: asked.caller === undefined,
    letIn: twin.letsIn?.http.filter(({ at, from }) => at.includes(who.to.address) && from.includes(who.from)) ?? [],
    everything: policy.everything ?? policy.everyConnection ?? '',
    documents: place.documents.join('\n'),
  };
  return Object.entries(rows).flatMap(([row, holds]) => (holds(seen) ? [row] : []));
}

function ruleText(documents: readonly string[], [, , name, rule]: RegExpExecArray): string {
  const found = documents.find((each) => each.includes(`"name":"${name}"`));
  const { spec } = JSON.parse(found ?? '{"spec":{}}') as { spec: { rules?: readonly object[] } }; // written by the drawing
  return JSON.stringify(spec.rules?.[Number(rule)] ?? '');
}
