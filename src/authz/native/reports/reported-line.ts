/**
 * Reads a line of an Envoy's access log: a request that the Envoy has decided itself.
 * @module
 */
import { RequestMethodSchema } from '../../../gen/envoy/config/core/v3/base_pb.ts';
import type { Reason } from '../../../policy/decision.ts';
import { DECIDED, REVOKED } from '../names.ts';
import type { LogEntry } from './log-message.ts';

/** What an Envoy says that it has decided, and of which request or connection. */
export interface ReportedLine {
  readonly protocol: 'http' | 'tcp';
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly effect: 'allow' | 'deny';
  readonly reason: Reason;
  /** The policy that decided and the index of its rule; undefined where none did. */
  readonly policy: { readonly namespace: string; readonly name: string; readonly rule: number | undefined } | undefined;
  /** Of the caller's certificate; `''`: none. */
  readonly caller: string;
  /** Of that certificate: every URI, every DNS name, the subject; none without one. */
  readonly names: readonly string[];
  /** `''`: none is said. */
  readonly sni: string;
  /** Of the certificate that the Envoy itself has shown; `''`: none. */
  readonly shown: string;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  /** Of the workload itself; `''`: not said. */
  readonly address: string;
  /** -1: not said. */
  readonly port: number;
  readonly method: string;
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  readonly requestId: string;
}

/** Longer ones are cut. */
const MOST = { requestId: 128, text: 2_048, names: 64 } as const;

/** What an entry tells; undefined for what Gatehouse was asked about, or a policy in Envoy has not looked at. */
export const reportedLine = (entry: LogEntry): ReportedLine | undefined =>
  entry.protocol === 'http' ? ofRequest(entry) : ofConnection(entry);

function ofRequest(entry: LogEntry): ReportedLine | undefined {
  const { revoked, decided, result, method, host, path, requestId } = entry;
  const isRevoked = revoked === REVOKED;
  if (!isRevoked && !decided.startsWith(DECIDED)) return undefined;
  const effect = isRevoked || result !== 'allowed' ? 'deny' : 'allow';
  const { reason, policy } = isRevoked ? byRevocation : meaningOf(decided, effect);
  return {
    ...{ protocol: 'http', effect, reason, policy, ...ends(entry) },
    method: methods.get(method) ?? '',
    host: cut(host, MOST.text),
    path: cut(withoutQuery(path), MOST.text),
    requestId: cut(requestId, MOST.requestId),
  };
}

/** Its effect is said by the name alone. */
function ofConnection(entry: LogEntry): ReportedLine | undefined {
  const { found } = entry;
  if (!found.startsWith(DECIDED)) return undefined;
  const effect = allowing.some((start) => found.startsWith(start)) ? 'allow' : 'deny';
  const { reason, policy } = found === REVOKED ? byRevocation : meaningOf(found, effect);
  return {
    ...{ protocol: 'tcp', effect, reason, policy, ...ends(entry) },
    ...{ method: '', host: '', path: '', requestId: '' },
  };
}

const methods: ReadonlyMap<number, string> = new Map(
  RequestMethodSchema.values.map(({ number, name }) => [number, name]),
);

const byRevocation = { reason: 'revoked', policy: undefined } as const;

/** Actions that allow. */
const allowing = [`${DECIDED}allow/`, `${DECIDED}no-policy-applies`];

/** Who has asked whom, and when. */
function ends({ at, caller, own, sni, peer, remote, local }: LogEntry) {
  const from = peer ?? remote;
  return {
    ...{ at, caller: cut(caller.uris[0] ?? '', MOST.text), shown: cut(own.uris[0] ?? '', MOST.text) },
    ...{ names: namesOf(caller), sni: cut(sni, MOST.text) },
    ...{ sourceAddress: from?.address ?? '', sourcePort: from?.port ?? 0 },
    ...{ address: local?.address ?? '', port: local?.port ?? -1 },
  };
}

/** As a Check knows them, in their order; an Envoy without a certificate to tell of tells of an empty one. */
function namesOf({ uris, dns, subject }: LogEntry['caller']): readonly string[] {
  const names = [...uris, ...dns, ...(subject === '' ? [] : [subject])];
  return names.slice(0, MOST.names).map((name) => cut(name, MOST.text));
}

function withoutQuery(path: string): string {
  const end = path.search(/[?#]/);
  return end < 0 ? path : path.slice(0, end);
}

/** What the name of an action stands for; `n:allow/default/details-viewer#0`, or a word. */
function meaningOf(name: string, effect: 'allow' | 'deny'): Pick<ReportedLine, 'reason' | 'policy'> {
  const [, kind = '', namespace, policy, rule] =
    /^n:([^/]*)(?:\/([^/]*)\/([^#]*)(?:#([0-9]{1,6}))?)?$/.exec(name) ?? [];
  const by = namespace === undefined || policy === undefined || policy === '' ? undefined : { namespace, name: policy };
  return {
    reason: words.get(kind) ?? (effect === 'allow' ? 'rule_allowed' : 'rule_denied'),
    policy: by && { ...by, rule: rule === undefined ? undefined : Number(rule) },
  };
}

const words: ReadonlyMap<string, Reason> = new Map([
  ['no-rule-allowed', 'no_rule_allowed'],
  ['no-policy-applies', 'no_policy_applies'],
  ['no-policies', 'no_policies'],
  ['mtls', 'mtls_required'],
]);

const cut = (text: string, most: number): string => (text.length <= most ? text : text.slice(0, most));
