/**
 * A cluster in memory that signs service account tokens and answers what attestation asks: for faults that a real API server cannot
 * be made to do. What the real one does is judged by the real one.
 * @module
 */
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { ApiServer } from '../../src/identity/attestation/kubernetes/api-server.ts';
import { type PodWords, podObject, podUid } from './kubernetes-pod.ts';

const accountUid = '5a5a5a5a-1111-4222-8333-0123456789ab';
const ISSUER = 'https://kubernetes.default.svc.cluster.local';

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Makes one; its parts may be changed at any time. */
export async function fakeCluster({ issuer = ISSUER, kid = 'k1' } = {}) {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
  const asked: Asked[] = [];
  const cluster = {
    asked,
    keys: [jwk] as unknown[],
    pods: [podObject()] as ReturnType<typeof podObject>[],
    accounts: new Map([['default/details', accountUid]]),
    /** Thrown at every question. */
    fault: undefined as Error | undefined,
    /** The status of the next TokenReviews. */
    review: undefined as unknown,
    server: { request: () => Promise.reject(new Error('not yet')) } as { request: ApiServer['request'] },
    /** A token of the pod's account as a kubelet projects it. */
    token: (claims: JWTPayload = {}, pod: PodWords = {}): Promise<string> =>
      sign(privateKey, { ...claimsOf(podObject(pod), issuer), ...claims }, kid),
  };
  cluster.server.request = async (of) => {
    asked.push(of);
    if (cluster.fault !== undefined) throw cluster.fault;
    return answer(of);
  };
  const answer = ({ path, query = {} }: Asked): unknown => {
    if (path === '/.well-known/openid-configuration')
      return { issuer, jwks_uri: 'https://10.0.0.1:6443/openid/v1/jwks' };
    if (path === '/openid/v1/jwks') return { keys: cluster.keys };
    if (path === '/apis/authentication.k8s.io/v1/tokenreviews') return { status: cluster.review };
    const [, namespace, kind, name] =
      /^\/api\/v1\/namespaces\/([^/]+)\/(pods|serviceaccounts)(?:\/(.+))?$/.exec(path) ?? [];
    if (kind === 'serviceaccounts') {
      const uid = cluster.accounts.get(`${namespace}/${name}`);
      if (uid !== undefined) return { metadata: { name, namespace, uid } };
    } else if (name !== undefined) {
      const found = cluster.pods.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
      if (found !== undefined) return found;
    } else if (kind === 'pods') {
      const node = query['fieldSelector']?.replace('spec.nodeName=', '');
      return {
        items: cluster.pods.filter((each) => each.metadata.namespace === namespace && each.spec.nodeName === node),
      };
    }
    throw Object.assign(new Error('not found'), { code: 404 });
  };
  return cluster;
}

/** The claims of a token that is bound to a pod. */
function claimsOf({ metadata, spec }: ReturnType<typeof podObject>, issuer: string): JWTPayload {
  const seconds = Math.floor(Date.now() / 1000);
  return {
    ...{ iss: issuer, aud: ['gatehouse'], exp: seconds + 3600, iat: seconds, nbf: seconds, jti: 'j' },
    sub: `system:serviceaccount:${metadata.namespace}:${spec.serviceAccountName}`,
    'kubernetes.io': {
      namespace: metadata.namespace,
      node: { name: spec.nodeName, uid: 'n' },
      pod: { name: metadata.name, uid: metadata.uid },
      serviceaccount: { name: spec.serviceAccountName, uid: accountUid },
    },
  };
}

function sign(key: CryptoKey, claims: JWTPayload, kid: string): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid }).sign(key);
}

/** What a TokenReview says of a good token. */
export const goodReview = {
  authenticated: true,
  audiences: ['gatehouse'],
  user: {
    username: 'system:serviceaccount:default:details',
    uid: accountUid,
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    extra: {
      'authentication.kubernetes.io/credential-id': ['JTI=j'],
      'authentication.kubernetes.io/node-name': ['node-1'],
      'authentication.kubernetes.io/pod-name': ['details-1'],
      'authentication.kubernetes.io/pod-uid': [podUid],
    },
  },
};
