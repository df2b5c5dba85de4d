/**
 * What a counterexample to hard isolation hangs on: what looks closed, and is in somebody else's hands.
 * @module
 */
import type { LabelExpr } from '../../../policy/meaning/labels.ts';
import type { Atom, Expr, Plane, Policy, TextPattern } from '../../../policy/model.ts';
import type { Counterexample, Weakness, WeaknessKind } from './proof.ts';

const fixes: Readonly<Record<WeaknessKind, string>> = {
  'egress-of-source': 'close it at the destination: an ingress policy there',
  'trust-domain-blind':
    'name the trust domain, as in principals: [cluster.local/ns/NAME/sa/NAME], or extAuthz.peerTrustDomains: own',
  'no-certificate': 'PeerAuthentication STRICT there, and ALLOW whom is meant by principals',
  'by-address':
    "which pod gets which address is the network's to say: tell pods apart by namespaces or principals, not by addresses alone",
  'label-of-caller':
    'whoever creates a pod chooses its labels: match the namespace, or namespace and service account, too',
  'name-without-namespace': 'an account of that name may be made in every namespace: name the namespace too',
  'label-of-own-pods': 'pods to come need not have that label: select all pods of the namespace',
};

/** Undefined: it is plainly open. */
export function weaknessOf(found: Counterexample, planes: readonly Plane[]): Weakness | undefined {
  const { from, to, witness, decision } = found;
  const { policy } = decision;
  const weak = (kind: WeaknessKind, labels: readonly string[] = []): Weakness => ({ kind, labels, fix: fixes[kind] });
  if (decision.effect === 'deny') return weak('egress-of-source');
  const asked = policiesOf(planes);
  const own = asked.find(({ ref }) => ref.name === policy?.name && ref.namespace === policy.namespace);
  const rule = own?.rules.find(({ index }) => index === decision.rule);
  const isByAddress = decision.plane === 'site' || (rule !== undefined && asksAddressAlone(rule.http));
  if (from.trustDomain !== undefined) return weak(isByAddress ? 'by-address' : 'trust-domain-blind');
  if ((from.elsewhere ?? to.elsewhere) !== undefined) return weak('by-address');
  if (witness.mtls === false) return weak('no-certificate');
  if (policy !== undefined && from.when !== 'today') {
    if (from.endpoint.labels.length > 0)
      return weak(
        'label-of-caller',
        from.endpoint.labels.map(([key]) => key),
      );
    if (rule !== undefined && namesNoNamespace(rule.http)) return weak('name-without-namespace');
  }
  if (to.when === 'today') return undefined;
  const { namespace } = to.endpoint;
  const here = asked.filter(({ subject }) => subject.namespace === undefined || subject.namespace === namespace);
  const keys = new Set(
    here.flatMap(({ subject }) => [...subject.labels.map(([key]) => key), ...keysOf(subject.selector)]),
  );
  return keys.size === 0 ? undefined : weak('label-of-own-pods', [...keys].sort());
}

const policiesOf = (planes: readonly Plane[]): readonly Policy[] =>
  planes.flatMap(({ stages }) =>
    stages.flatMap((stage) => (stage.kind === 'transport' || stage.kind === 'token' ? [] : stage.policies)),
  );

/** Keys of the labels of pods themselves. */
function keysOf(expr: LabelExpr | undefined): readonly string[] {
  if (expr === undefined) return [];
  if ('key' in expr) return /^(?:pcns|pcsa)\.|^projectcalico\.org\//.test(expr.key) ? [] : [expr.key];
  return expr.op === 'not' ? keysOf(expr.of) : expr.of.flatMap(keysOf);
}

/** Whether callers are told by a service account's name in whatever namespace. */
function namesNoNamespace(condition: Expr): boolean {
  switch (condition.op) {
    case 'all':
    case 'any':
      return condition.of.some(namesNoNamespace);
    case 'not':
      return namesNoNamespace(condition.of);
    case 'text':
      return condition.fact.of === 'peerName' && condition.any.some(isBare);
    case 'identity':
      return condition.names !== undefined && condition.namespace === undefined && condition.ownNamespace === undefined;
    default:
      return false;
  }
}

/** Whether callers are told by their addresses, and by nothing else. */
function asksAddressAlone(condition: Expr): boolean {
  const asked = atomsOf(condition);
  const isAbout = (atom: Atom): boolean =>
    atom.op === 'endpoint' || atom.op === 'identity' || (atom.op === 'text' && atom.fact.of === 'peerName');
  return asked.some((atom) => atom.op === 'address' && atom.fact !== 'destination') && !asked.some(isAbout);
}

function atomsOf(condition: Expr): readonly Atom[] {
  if (condition.op === 'not') return atomsOf(condition.of);
  return condition.op === 'all' || condition.op === 'any' ? condition.of.flatMap(atomsOf) : [condition];
}

/** A part of a principal that tells the account, and no namespace. */
function isBare(pattern: TextPattern): boolean {
  const text = pattern.is === 'glob' ? pattern.parts.join('*') : pattern.is === 'suffix' ? pattern.value : '';
  return text.includes('/sa/') && !/\/ns\/[^*]/.test(text);
}
