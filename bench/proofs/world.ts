/**
 * Worlds of pods, their classes and policies over both planes; the same seed, the same world.
 * @module
 */

/** How large a world is. */
export interface WorldSize {
  readonly pods: number;
  /** Pods that policies tell apart, about. */
  readonly classes: number;
  readonly policies: number;
  readonly seed: number;
  /** Each namespace is closed to those of other teams on layer 4. */
  readonly isAlone?: boolean;
}

/** Labels of namespaces: `team: t0` and so on. */
const TEAMS = 7;

/** The teams of a world, each a tenant. */
export const teamTenants = (): Readonly<Record<string, object>> =>
  Object.fromEntries(
    Array.from({ length: TEAMS }, (_, t) => [`team-${t}`, { namespaces: { matchLabels: { team: `t${t}` } } }]),
  );

/** A world as documents, a JSON each. */
export interface WorldDocuments {
  readonly registry: readonly object[];
  readonly policies: readonly object[];
}

/** Makes a world: half of its policies are on layer 4, half on layer 7. */
export function proofWorld({ pods, classes, policies, seed, isAlone = false }: WorldSize): WorldDocuments {
  let state = seed;
  const below = (end: number): number => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
  const namespaces = Math.max(5, Math.round(classes / 10));
  const apps = Math.ceil(classes / namespaces);
  const size = { namespaces, apps, isAlone };
  return {
    registry: [
      ...Array.from({ length: namespaces }, (_, n) => namespace(n)),
      ...Array.from({ length: pods }, (_, i) => pod(i, size)),
    ],
    policies: [
      ...Array.from({ length: policies }, (_, i) =>
        i % 2 === 0 ? networkPolicy(i, size, below) : authorizationPolicy(i, size, below),
      ),
      ...Array.from({ length: isAlone ? namespaces : 0 }, (_, n) => closed(n)),
    ],
  };
}

interface Sizes {
  readonly namespaces: number;
  readonly apps: number;
  readonly isAlone: boolean;
}

type Below = (end: number) => number;

const namespace = (n: number): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: `ns-${n}`, labels: { team: `t${n % TEAMS}` } },
});

function pod(i: number, { namespaces, apps }: Sizes): object {
  const app = Math.floor(i / namespaces) % apps;
  const ip = `10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `p-${i}`, namespace: `ns-${i % namespaces}`, labels: { app: `a${app}` } },
    spec: {
      serviceAccountName: `sa-${app}`,
      containers: [{ name: 'main', image: 'x', ports: [{ name: 'http', containerPort: 8080 }] }],
    },
    status: { podIP: ip, podIPs: [{ ip }] },
  };
}

const closed = (n: number): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'closed', namespace: `ns-${n}` },
  spec: { podSelector: {}, policyTypes: ['Ingress'] },
});

function networkPolicy(i: number, { namespaces, apps, isAlone }: Sizes, below: Below): object {
  const team = () => {
    const any = below(TEAMS);
    return { matchLabels: { team: `t${isAlone ? (i % namespaces) % TEAMS : any}` } };
  };
  const app = () => ({ matchLabels: { app: `a${below(apps)}` } });
  const both = i % 8 === 0;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `n-${i}`, namespace: `ns-${i % namespaces}` },
    spec: {
      podSelector: app(),
      policyTypes: both ? ['Ingress', 'Egress'] : ['Ingress'],
      ingress: [
        {
          from: [{ namespaceSelector: team(), podSelector: app() }, { podSelector: {} }],
          ports: [{ port: [80, 8080, 9090, 'http'][below(4)] }],
        },
      ],
      ...(both && { egress: [{ to: [{ namespaceSelector: team() }] }] }),
    },
  };
}

function authorizationPolicy(i: number, { namespaces, apps }: Sizes, below: Below): object {
  const app = `a${below(apps)}`;
  const principal = `cluster.local/ns/ns-${below(namespaces)}/sa/sa-${below(apps)}`;
  const methods = [['GET', 'POST', 'PUT'][below(3)]];
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: `i-${i}`, namespace: `ns-${i % namespaces}` },
    spec: {
      action: i % 10 === 1 ? 'DENY' : 'ALLOW',
      selector: { matchLabels: { app } },
      rules: [
        {
          from: [{ source: { principals: [principal] } }, { source: { namespaces: [`ns-${i % namespaces}`] } }],
          to: [{ operation: { methods, paths: [`/v${below(3)}/*`, `/${app}/x*`], notPaths: ['/v1/admin*'] } }],
        },
      ],
    },
  };
}
