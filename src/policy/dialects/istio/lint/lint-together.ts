/**
 * What only all Istio documents together show.
 * @module
 */
import type { FindingCode } from '../../../documents/codes/finding-codes.ts';
import type { Finding } from '../../../documents/finding.ts';
import { otherRule, withOthers } from '../../../documents/other-rule.ts';
import type { Position } from '../../../documents/position.ts';
import type { Expr, Plane, Policy, Subject, TokenPolicy, TransportPolicy } from '../../../model.ts';
import { shadowedPolicies } from './shadowed-policies.ts';
import { demandsToken, notDemanded, unreadIssuers } from './tokens-together.ts';

/** By namespace; those of the root namespace, and so of all, under undefined. */
type ByNamespace<T> = ReadonlyMap<string | undefined, readonly T[]>;

interface Together {
  readonly tokens: ByNamespace<TokenPolicy>;
  readonly transport: ByNamespace<TransportPolicy>;
}

/** What the documents make sure of for the workloads of one subject. */
interface Given {
  readonly tokens: boolean;
  readonly mtls: boolean;
}

/** Warns about policies that lean on something which no other document makes sure of. */
export function lintTogether(plane: Plane): readonly Finding[] {
  const rules: Staged[] = [];
  const tokens: TokenPolicy[] = [];
  const transport: TransportPolicy[] = [];
  for (const stage of plane.stages) {
    if (stage.kind === 'token') tokens.push(...stage.policies);
    else if (stage.kind === 'transport') transport.push(...stage.policies);
    else for (const policy of stage.policies) rules.push({ policy, stage: stage.kind });
  }
  const together = { tokens: byNamespace(tokens), transport: byNamespace(transport) };
  return [
    ...unsupported(rules, together),
    ...(tokens.length === 0 ? [] : misreadTokens(tokens, rules, together)),
    ...shadowedPolicies(rules),
    ...rivals(rules.filter(({ stage }) => stage === 'delegate').map(({ policy }) => policy)),
  ];
}

/** Rules that lean on tokens or certificates which nothing asks for. Most lean on none, which is known of a policy as long as it lives. */
function unsupported(rules: readonly Staged[], together: Together): readonly Finding[] {
  const answers = new Map<string, Given>();
  const out: Finding[] = [];
  for (const { policy, stage } of rules) {
    if (!leansOn(policy, stage)) continue;
    const key = JSON.stringify(policy.subject);
    const given = answers.get(key) ?? givenTo(policy.subject, together);
    answers.set(key, given);
    for (const finding of findingsOf(policy, stage, given)) out.push(finding);
  }
  return out;
}

/** Tokens that rules and RequestAuthentications do not mean alike. */
function misreadTokens(tokens: readonly TokenPolicy[], rules: readonly Staged[], together: Together) {
  return [
    ...rules.flatMap(({ policy }) => unreadIssuers(policy, meeting(policy.subject, together.tokens))),
    ...undemanded(tokens, rules),
  ];
}

interface Staged {
  readonly policy: Policy;
  readonly stage: string;
}

/** Those that may select a workload of the subject, too. */
const meeting = <T extends { readonly subject: Subject }>(subject: Subject, all: ByNamespace<T>): readonly T[] =>
  near(all, subject).filter((policy) => mayMeet(policy.subject, subject));

/** Token policies of which no rule for their workloads wants a token. */
function undemanded(tokens: readonly TokenPolicy[], rules: readonly Staged[]): readonly Finding[] {
  const demanding = byNamespace(
    rules.filter(({ policy, stage }) => demandsToken(policy, stage)).map(({ policy }) => policy),
  );
  const allowing = byNamespace(rules.filter(({ stage }) => stage === 'any-allow').map(({ policy }) => policy));
  const isShut = (subject: Subject): boolean => {
    const all = meeting(subject, allowing);
    return all.length > 0 && all.every((policy) => policy.rules.length === 0);
  };
  return tokens
    .filter(({ subject, rules: own }) => own.length > 0 && meeting(subject, demanding).length === 0 && !isShut(subject))
    .map(notDemanded);
}

function byNamespace<T extends { readonly subject: Subject }>(policies: readonly T[]): ByNamespace<T> {
  return Map.groupBy(policies, ({ subject }) => subject.namespace);
}

/** Those that may speak of workloads of a subject. */
function near<T>(all: ByNamespace<T>, { namespace }: Subject): readonly T[] {
  return namespace === undefined
    ? [...all.values()].flat()
    : [...(all.get(undefined) ?? []), ...(all.get(namespace) ?? [])];
}

function rivals(delegating: readonly Policy[]): readonly Finding[] {
  if (new Set(delegating.map(({ provider }) => provider)).size < 2) return [];
  return delegating.flatMap((policy, i) => rivalFindings(policy, delegating.slice(0, i)));
}

/** Istio denies all that CUSTOM policies of one workload match if they name several providers. */
function rivalFindings(policy: Policy, others: readonly Policy[]): readonly Finding[] {
  const rival = others.find((other) => other.provider !== policy.provider && mayMeet(other.subject, policy.subject));
  if (rival === undefined) return [];
  const message = `provider ${policy.provider} and provider ${rival.provider} of ${rival.ref.namespace}/${rival.ref.name} may meet at one workload; Istio denies what either matches there`;
  const fix = 'use one provider for a workload';
  return [
    {
      ...warning(policy.position, 'several-providers', 'spec.provider.name', message, fix),
      ...withOthers([otherRule(rival.ref, rival.position)]),
    },
  ];
}

function givenTo(subject: Subject, { tokens, transport }: Together): Given {
  return {
    tokens: near(tokens, subject).some((policy) => policy.rules.length > 0 && mayMeet(policy.subject, subject)),
    mtls: isStrict(subject, near(transport, subject)),
  };
}

/** Whether some workload may be selected by both. */
function mayMeet(a: Subject, b: Subject): boolean {
  if (a.namespace !== undefined && b.namespace !== undefined && a.namespace !== b.namespace) return false;
  const labels = new Map(a.labels);
  return b.labels.every(([key, value]) => !labels.has(key) || labels.get(key) === value);
}

/** Whether mTLS is demanded of every caller of every workload of a subject: narrower policies override broader ones. */
function isStrict(subject: Subject, transport: readonly TransportPolicy[]): boolean {
  const ofScope = (scope: TransportPolicy['scope']): readonly TransportPolicy[] =>
    transport.filter((policy) => policy.scope === scope && mayMeet(policy.subject, subject));
  const workload = ofScope('workload');
  if (workload.some(weakens)) return false;
  const covers = ({ subject: { labels } }: TransportPolicy): boolean =>
    labels.every(([key, value]) => subject.labels.some((label) => label[0] === key && label[1] === value));
  if (subject.namespace !== undefined && workload.some((policy) => policy.mode === 'strict' && covers(policy)))
    return true;
  const namespace = ofScope('namespace');
  if (namespace.some(weakens)) return false;
  if (subject.namespace !== undefined && namespace.some(({ mode }) => mode === 'strict')) return true;
  const mesh = ofScope('mesh');
  return !mesh.some(weakens) && mesh.some(({ mode }) => mode === 'strict');
}

function weakens({ mode, ports }: TransportPolicy): boolean {
  return [mode, ...ports.map(([, ofPort]) => ofPort)].some((one) => one === 'permissive' || one === 'disable');
}

function findingsOf(policy: Policy, stage: string, given: Given): readonly Finding[] {
  const out: Finding[] = [];
  for (const { http, index, position } of policy.rules) {
    const uses = usesOfRule(http);
    const path = `spec.rules[${index}]`;
    if (uses.claim && !given.tokens) {
      const message = 'the rule asks for a token, and no RequestAuthentication reads tokens for its workloads';
      out.push(
        warning(
          position,
          'token-without-authentication',
          path,
          message,
          'add a RequestAuthentication that selects them',
        ),
      );
    }
    if (missesIdentity(uses, stage) && !given.mtls) {
      const message =
        stage === 'any-deny'
          ? 'a caller without a certificate has no identity and slips past this DENY'
          : 'a caller without a certificate has no identity and is let in by this negation';
      out.push(
        warning(
          position,
          'identity-without-mtls',
          path,
          message,
          'demand certificates: PeerAuthentication with mtls.mode STRICT',
        ),
      );
    }
  }
  return out;
}

const missesIdentity = (uses: Uses, stage: string): boolean =>
  (stage === 'any-deny' && uses.peer) || (stage === 'any-allow' && uses.notPeer);

const leaning = new WeakMap<Policy, boolean>();

/** Whether a rule of a policy, which stands in one stage alone, leans on what another document has to make sure of. */
function leansOn(policy: Policy, stage: string): boolean {
  let leans = leaning.get(policy);
  if (leans === undefined) {
    leans = policy.rules.some(({ http }) => {
      const uses = usesOfRule(http);
      return uses.claim || missesIdentity(uses, stage);
    });
    leaning.set(policy, leans);
  }
  return leans;
}

const warning = (position: Position, code: FindingCode, path: string, message: string, fix: string): Finding => ({
  ...position,
  severity: 'warning',
  code,
  path,
  message,
  fix,
});

interface Uses {
  /** The peer's identity, positively. */
  readonly peer: boolean;
  /** The peer's identity, negated. */
  readonly notPeer: boolean;
  readonly claim: boolean;
}

const known = new WeakMap<Expr, Uses>();

/** What a rule asks about; rules are joined again and again, and looked at once. */
function usesOfRule(expr: Expr): Uses {
  let uses = known.get(expr);
  if (uses === undefined) {
    uses = usesOf(expr);
    known.set(expr, uses);
  }
  return uses;
}

function usesOf(expr: Expr, negated = false): Uses {
  if (expr.op === 'not') return usesOf(expr.of, !negated);
  if (expr.op === 'all' || expr.op === 'any') {
    const parts = expr.of.map((part) => usesOf(part, negated));
    return {
      peer: parts.some(({ peer }) => peer),
      notPeer: parts.some(({ notPeer }) => notPeer),
      claim: parts.some(({ claim }) => claim),
    };
  }
  const of = expr.op === 'text' ? expr.fact.of : '';
  return { peer: of === 'peerName' && !negated, notPeer: of === 'peerName' && negated, claim: of === 'claim' };
}
