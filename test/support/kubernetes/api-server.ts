/**
 * A real Kubernetes API server with its etcd: RBAC, node authorizer and NodeRestriction are on; there is no kubelet and no
 * controller. So a test makes pods with a `nodeName`, sets their status itself, and a deleted namespace stays.
 * @module
 */
import { type ApiServerOptions, type ControlPlane, startControlPlane } from './control-plane.ts';
import { type CrdsOf, createObjects, installCrds, type KubernetesObject, objectsOf } from './objects.ts';
import { certificateOf, type User, userOf } from './users.ts';

const MINUTES_OF_FIRST_BUILD = 14;

export interface ApiServer extends Omit<ControlPlane, 'dir'> {
  /** Member of `system:masters`. */
  readonly admin: User;
  /** A user by certificate; a node is `system:node:NAME` in `system:nodes`. */
  user(name: string, ...groups: readonly string[]): User;
  /** A user by a token of its own account, which is made where it is not there. @param boundTo  a pod that runs as it */
  serviceAccount(namespace: string, name: string, boundTo?: BoundTo): Promise<User>;
  /** Makes a namespace and its account `default`. */
  namespace(name: string, labels?: Readonly<Record<string, string>>): Promise<void>;
  /** Creates objects, of YAML texts or values. */
  create(...objects: readonly (string | KubernetesObject)[]): Promise<void>;
  /** Installs the CustomResourceDefinitions of these, and waits until they are served. */
  installCrds(...of: readonly CrdsOf[]): Promise<void>;
}

interface TokenRequest {
  readonly status: { readonly token: string };
}

interface BoundTo {
  readonly name: string;
  readonly uid: string;
}

/**
 * One server for all tests of a `describe`: starts before them, ends after them.
 *
 * @param prepare  what all of them find there
 * @returns asks for it; only inside of hooks and tests
 */
export function useApiServer(
  options: ApiServerOptions = {},
  prepare: (server: ApiServer) => Promise<void> = async () => undefined,
): () => ApiServer {
  let server: ApiServer | undefined;
  before(async function (this: Mocha.Context) {
    this.timeout(MINUTES_OF_FIRST_BUILD * 60_000);
    server = await startApiServer(options);
    await prepare(server);
  });
  after(() => server?.[Symbol.asyncDispose]());
  return () => {
    if (server === undefined) throw new Error('the API server starts before the tests');
    return server;
  };
}

/** Starts one and waits until it is ready: 5 to 10 s. A program that is missing is a failure. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const plane = await startControlPlane(options);
  const { dir, url, ca } = plane;
  const users: User[] = [];
  const keep = (user: User): User => {
    users.push(user);
    return user;
  };
  const user = (name: string, ...groups: readonly string[]): User =>
    keep(userOf(dir, url, ca, name, certificateOf(dir, name, groups)));
  const admin = user('admin', 'system:masters');
  return {
    ...plane,
    admin,
    user,
    async serviceAccount(namespace, name, boundTo) {
      const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
      await admin.api.ask('POST', accounts, { metadata: { name } }); // 409 where it is there
      const boundObjectRef = boundTo && { kind: 'Pod', apiVersion: 'v1', ...boundTo };
      const { status } = await admin.api.must<TokenRequest>('POST', `${accounts}/${name}/token`, {
        spec: { expirationSeconds: 3600, ...(boundObjectRef && { boundObjectRef }) },
      });
      return keep(userOf(dir, url, ca, `${namespace}.${name}`, { token: status.token }));
    },
    async namespace(name, labels = {}) {
      await admin.api.must('POST', '/api/v1/namespaces', { metadata: { name, labels } });
      await admin.api.must('POST', `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
    },
    create: (...objects) =>
      createObjects(
        admin.api,
        objects.flatMap((object) => (typeof object === 'string' ? objectsOf(object) : [object])),
      ),
    installCrds: (...of) => installCrds(admin.api, of),
    async [Symbol.asyncDispose]() {
      for (const { api } of users) api.close();
      await plane[Symbol.asyncDispose]();
    },
  };
}
