/**
 * The claims of service account tokens (KEP-1205, KEP-2799): read, and held against what we demand, in one order, so that the
 * first reason is the one that helps.
 *
 * What is read here is not proved yet: it can only refuse.
 * @module
 */
import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as z from 'zod';
import { refusedToken, type TokenSays } from './token-refusal.ts';

/** A kubelet's projected tokens have some 1,200 bytes. */
const MOST_BYTES = 16 * 1024;
/** How far two clocks may be apart. */
const CLOCK_SKEW_SECONDS = 10;

/** Seconds since 1970 that a date can be made of: who sends a token may write any number. */
const instant = z.number().min(-8.64e12).max(8.64e12);
const object = z.object({ name: z.string().min(1), uid: z.string().min(1) });
const shape = z.object({
  iss: z.string(),
  sub: z.string(),
  aud: z.union([z.string().transform((one) => [one]), z.array(z.string())]),
  exp: instant,
  nbf: instant.optional(),
  iat: instant.optional(),
  'kubernetes.io': z.object({
    namespace: z.string().min(1),
    serviceaccount: object,
    pod: object.optional(),
    node: z.object({ name: z.string().min(1), uid: z.string().optional() }).optional(),
  }),
});

/** Whom a token is of. */
export interface TokenSubject {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly serviceAccountUid: string;
  readonly podName: string;
  readonly podUid: string;
  /** Where its pod runs; undefined: the token does not say (API servers before 1.29). */
  readonly node: string | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface TokenDemands {
  /** One of them must be in the token. */
  readonly audiences: readonly string[];
  /** Of the cluster; undefined: it does not say. */
  readonly issuer: string | undefined;
  readonly nowMs: number;
}

/**
 * Reads a token and holds its claims against what is demanded.
 *
 * @throws GatehouseError `caller_unauthenticated`, `details.reason` is a `TokenReason`
 */
export function readToken(token: string, { audiences, issuer, nowMs }: TokenDemands): TokenSubject {
  const claims = decode(token);
  if (claims['kubernetes.io/serviceaccount/service-account.name'] !== undefined)
    throw refusedToken('legacy', legacySays(claims));
  const read = shape.safeParse(claims);
  if (!read.success) throw refusedToken('malformed', {}, firstProblem(read.error));
  const { iss, aud, exp, nbf, iat, sub, 'kubernetes.io': of } = read.data;
  const { namespace, serviceaccount, pod, node } = of;
  const says = { namespace, serviceAccount: serviceaccount.name, ...(pod && { pod: pod.name }) };
  if (sub !== `system:serviceaccount:${namespace}:${serviceaccount.name}`)
    throw refusedToken('malformed', says, 'sub is of another account');
  if (issuer !== undefined && iss !== issuer) throw refusedToken('other_cluster', says, `its issuer is ${iss}`);
  if (!aud.some((each) => audiences.includes(each)))
    throw refusedToken(
      'other_audience',
      says,
      `it is for ${aud.join(', ') || 'nobody'}; ours is ${audiences.join(', ')}`,
    );
  const nowSeconds = nowMs / 1000;
  if (nowSeconds >= exp) throw refusedToken('expired', says, `at ${new Date(exp * 1000).toISOString()}`);
  if (Math.max(nbf ?? 0, iat ?? 0) > nowSeconds + CLOCK_SKEW_SECONDS) throw refusedToken('not_yet_valid', says);
  if (pod === undefined) throw refusedToken(node === undefined ? 'unbound' : 'node_bound', says);
  return {
    ...{ namespace, serviceAccount: serviceaccount.name, serviceAccountUid: serviceaccount.uid },
    ...{ podName: pod.name, podUid: pod.uid, node: node?.name, expiresAt: exp * 1000 },
  };
}

function decode(token: string): Record<string, unknown> {
  if (token.length > MOST_BYTES) throw refusedToken('malformed', {}, `it is longer than ${MOST_BYTES} bytes`);
  try {
    decodeProtectedHeader(token);
    return decodeJwt(token);
  } catch {
    throw refusedToken('malformed');
  }
}

const firstProblem = ({ issues: [first] }: z.ZodError): string =>
  first === undefined ? '' : `${first.path.join('.') || 'claims'}: ${first.message}`;

function legacySays(claims: Readonly<Record<string, unknown>>): TokenSays {
  const text = (name: string): string | undefined => {
    const value = claims[`kubernetes.io/serviceaccount/${name}`];
    return typeof value === 'string' ? value : undefined;
  };
  return { namespace: text('namespace'), serviceAccount: text('service-account.name') };
}
