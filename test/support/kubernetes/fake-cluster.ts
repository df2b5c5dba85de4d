/**
 * A fake API server that serves some kinds: discovery, lists by watch, and what happens to objects.
 */
import type { Asked, FakeApiServer } from './fake-api-server.ts';
import { bookmark, fakeApiServer, status } from './fake-api-server.ts';

/** A kind that it serves. */
export interface FakeKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
}

export const coreKinds: readonly FakeKind[] = ['Pod', 'Namespace', 'ServiceAccount', 'Service'].map((kind) => ({
  ...{ group: '', version: 'v1', kind },
  plural: `${kind.toLowerCase()}s`,
}));
export const sliceKind: FakeKind = {
  ...{ group: 'discovery.k8s.io', version: 'v1', kind: 'EndpointSlice', plural: 'endpointslices' },
};
export const istioKind: FakeKind = {
  ...{ group: 'security.istio.io', version: 'v1', kind: 'AuthorizationPolicy', plural: 'authorizationpolicies' },
};

/** Group, version and plural of a path; no group: the core. */
const apiPath = /^\/apis?(?:\/([^/]+\.[^/]+))?\/(v[^/]+)(?:\/(?:namespaces\/[^/]+\/)?([^/]+))?$/;

interface Stored {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

interface Change {
  readonly version: number;
  readonly plural: string;
  readonly event: { readonly type: string; readonly object: object };
}

export interface FakeCluster extends AsyncDisposable {
  readonly server: FakeApiServer;
  readonly kubeconfig: string;
  kinds: FakeKind[];
  /** Answers in place of what is stored; false: nothing was answered. */
  fault: (asked: Asked) => boolean;
  put(plural: string, ...objects: readonly object[]): void;
  remove(plural: string, namespace: string, name: string): void;
  /** Forgets the past: whoever resumes is told that his version is too old. */
  compact(): void;
  /** Cuts every watch. */
  cut(): void;
}

/** Starts one. */
export async function fakeCluster(kinds: readonly FakeKind[]): Promise<FakeCluster> {
  let version = 100;
  let compacted = 0;
  const stored = new Map<string, Map<string, Stored>>();
  const log: Change[] = [];
  const watches = new Set<{ readonly asked: Asked; readonly plural: string }>();
  const keyOf = ({ metadata }: Stored): string => `${metadata.namespace ?? ''}/${metadata.name}`;
  const of = (plural: string): Map<string, Stored> => {
    if (!stored.has(plural)) stored.set(plural, new Map());
    return stored.get(plural)!;
  };
  const happen = (plural: string, type: string, object: Stored): void => {
    const versioned = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    const event = { type, object: versioned };
    log.push({ version, plural, event });
    for (const one of watches) if (one.plural === plural) one.asked.events(event);
  };
  const answer = (asked: Asked): void => {
    if (cluster.fault(asked)) return;
    const { path, query } = asked;
    const [, group = '', ofVersion, plural] = apiPath.exec(path) ?? [];
    const some = cluster.kinds.filter((one) => one.group === group && one.version === ofVersion);
    if (path === '/apis') asked.json(200, { kind: 'APIGroupList', groups: groupsOf(cluster.kinds) });
    else if (plural === undefined && some.length > 0)
      asked.json(200, { kind: 'APIResourceList', resources: some.map(resourceOf) });
    else if (!some.some((one) => one.plural === plural)) asked.json(404, status(404, 'NotFound'));
    else if (query.get('watch') === '1')
      watch(asked, plural!); // it is one of some
    else asked.json(200, { kind: 'List', metadata: { resourceVersion: String(version) }, items: [] });
  };
  const watch = (asked: Asked, plural: string): void => {
    const since = Number(asked.query.get('resourceVersion'));
    if (asked.query.get('sendInitialEvents') === 'true') {
      const all = [...of(plural).values()].map((object) => ({ type: 'ADDED', object }));
      asked.events(...all, bookmark(String(version)));
    } else if (since < compacted) {
      asked.events({ type: 'ERROR', object: status(410, 'Expired', 'too old') });
      asked.end();
      return;
    } else {
      const later = log.filter((one) => one.plural === plural && one.version > since);
      asked.events(...later.map(({ event }) => event));
    }
    watches.add({ asked, plural });
  };
  const server = await fakeApiServer(answer);
  const cluster: FakeCluster = {
    server,
    kubeconfig: server.kubeconfig({ token: 't' }),
    kinds: [...kinds],
    fault: () => false,
    put(plural, ...objects) {
      for (const object of objects as Stored[]) {
        version++;
        const type = of(plural).has(keyOf(object)) ? 'MODIFIED' : 'ADDED';
        of(plural).set(keyOf(object), object);
        happen(plural, type, object);
      }
    },
    remove(plural, namespace, name) {
      version++;
      const object = of(plural).get(`${namespace}/${name}`)!;
      of(plural).delete(`${namespace}/${name}`);
      happen(plural, 'DELETED', object);
    },
    compact() {
      version++;
      compacted = version;
    },
    cut() {
      for (const { asked } of watches) asked.cut();
      watches.clear();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return cluster;
}

const groupsOf = (kinds: readonly FakeKind[]) =>
  [
    ...Map.groupBy(
      kinds.filter(({ group }) => group !== ''),
      ({ group }) => group,
    ),
  ].map(([name, some]) => ({
    name,
    versions: [...new Set(some.map(({ version }) => version))].map((version) => ({
      groupVersion: `${name}/${version}`,
      version,
    })),
  }));

const resourceOf = ({ plural, kind }: FakeKind) => ({
  name: plural,
  kind,
  namespaced: true,
  verbs: ['get', 'list', 'watch'],
});

/** A running pod. */
export const podObject = (namespace: string, name: string, ip: string | undefined, rest: PodRest = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace, name, labels: rest.labels ?? {}, managedFields: [{ manager: 'kubelet' }] },
  spec: {
    serviceAccountName: rest.account ?? name,
    hostNetwork: rest.hostNetwork ?? false,
    containers: [{ name: 'c', image: 'x', ports: [{ name: 'http', containerPort: 8080 }] }],
  },
  status: {
    phase: rest.phase ?? 'Running',
    ...(ip !== undefined && { podIP: ip, podIPs: [{ ip }] }),
    conditions: [{ type: 'Ready', lastProbeTime: rest.probed ?? null }],
  },
});

interface PodRest {
  readonly labels?: Readonly<Record<string, string>>;
  readonly account?: string;
  readonly hostNetwork?: boolean;
  readonly phase?: string;
  readonly probed?: string;
}

/** A Service without selector. */
export const serviceObject = (namespace: string, name: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name },
  spec: { ports: [{ port: 80 }] },
});

/** A slice of a Service, at port 8080. */
export const sliceObject = (namespace: string, service: string, ...addresses: readonly string[]) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace, name: `${service}-1`, labels: { 'kubernetes.io/service-name': service } },
  addressType: 'IPv4',
  endpoints: [{ addresses, conditions: { ready: true } }],
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
});

/** An AuthorizationPolicy that denies a path. */
export const denyObject = (namespace: string, name: string, path: string, rest: object = {}) => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { namespace, name, ...rest },
  spec: { action: 'DENY', rules: [{ to: [{ operation: { paths: [path] } }] }] },
});
