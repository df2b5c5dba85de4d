/**
 * What only all Istio documents together show.
 * @module
 */
import type { Finding } from '../../documents/finding.ts';
import type { Expr, Plane, Policy, Position, Subject, TokenPolicy, TransportPolicy } from '../../model.ts';

interface Together {
  readonly tokens: readonly TokenPolicy[];
  readonly transport: readonly TransportPolicy[];
}

/** Warns about policies that lean on something which no other document makes sure of. */
export function lintTogether(plane: Plane): readonly Finding[] {
  const rules: { readonly policy: Policy; readonly stage: string }[] = [];
  const together = { tokens: [] as TokenPolicy[], transport: [] as TransportPolicy[] };
  for (const stage of plane.stages) {
    if (stage.kind === 'token') together.tokens.push(...stage.policies);
    else if (stage.kind === 'transport') together.transport.push(...stage.policies);
    else for (const policy of stage.policies) rules.push({ policy, stage: stage.kind });
  }
  const answers = new Map<string, { readonly tokens: boolean; readonly mtls: boolean }>();
  return rules.flatMap(({ policy, stage }) => {
    const key = JSON.stringify(policy.subject);
    const given = answers.get(key) ?? answer(policy.subject, together);
    answers.set(key, given);
    return findingsOf(policy, stage, given);
  });
}

function answer(
  subject: Subject,
  { tokens, transport }: Together,
): { readonly tokens: boolean; readonly mtls: boolean } {
  return {
    tokens: tokens.some((policy) => policy.rules.length > 0 && mayMeet(policy.subject, subject)),
    mtls: isStrict(subject, transport),
  };
}

/** Whether some workload may be selected by both. */
function mayMeet(a: Subject, b: Subject): boolean {
  if (a.namespace !== undefined && b.namespace !== undefined && a.namespace !== b.namespace) return false;
  const labels = new Map(a.labels);
  return b.labels.every(([key, value]) => !labels.has(key) || labels.get(key) === value);
}

/** Whether mTLS is demanded of every caller of every workload of a subject. */
function isStrict(subject: Subject, transport: readonly TransportPolicy[]): boolean {
  const covering = (scope: TransportPolicy['scope']): TransportPolicy | undefined =>
    transport.find(
      (policy) =>
        policy.scope === scope &&
        (scope === 'mesh' || policy.subject.namespace === subject.namespace) &&
        policy.mode !== 'unset',
    );
  const narrower = transport.filter((policy) => policy.scope !== 'mesh' && mayMeet(policy.subject, subject));
  const weakened = narrower.some(
    (policy) =>
      (policy.mode !== 'strict' && policy.mode !== 'unset' && policy !== covering('mesh')) ||
      policy.ports.some(([, mode]) => mode === 'permissive' || mode === 'disable'),
  );
  const broad = (subject.namespace === undefined ? undefined : covering('namespace')) ?? covering('mesh');
  const own = transport.some(
    (policy) =>
      policy.scope === 'workload' &&
      policy.mode === 'strict' &&
      policy.subject.namespace === subject.namespace &&
      policy.subject.labels.every(([key, value]) =>
        subject.labels.some((label) => label[0] === key && label[1] === value),
      ),
  );
  return !weakened && (own || broad?.mode === 'strict');
}

function findingsOf(
  policy: Policy,
  stage: string,
  known: { readonly tokens: boolean; readonly mtls: boolean },
): readonly Finding[] {
  const out: Finding[] = [];
  for (const { http, index, position } of policy.rules) {
    const uses = usesOfRule(http);
    const path = `spec.rules[${index}]`;
    if (uses.claim && !known.tokens) {
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
    const misses = (stage === 'any-deny' && uses.peer) || (stage === 'any-allow' && uses.notPeer);
    if (misses && !known.mtls) {
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

const warning = (position: Position, code: string, path: string, message: string, fix: string): Finding => ({
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
