/**
 * TokenReview: the API server's own verdict on a token (authentication.k8s.io/v1).
 *
 * Without audiences of ours in the question every pod's default token would be good, and every old Secret's.
 * @module
 */
import * as z from 'zod';
import { GatehouseError } from '../../../errors.ts';
import { type ApiServer, ask } from './api-server.ts';
import type { TokenSubject } from './token-claims.ts';
import { refusedToken } from './token-refusal.ts';

const shape = z.object({
  status: z.object({
    authenticated: z.boolean().optional(),
    error: z.string().optional(),
    audiences: z.array(z.string()).nullish(),
    user: z
      .object({
        username: z.string().optional(),
        uid: z.string().optional(),
        groups: z.array(z.string()).nullish(),
        extra: z.record(z.string(), z.array(z.string())).nullish(),
      })
      .optional(),
  }),
});

const EXTRA = 'authentication.kubernetes.io/';

/** What the API server said of a token, held against what the token says of itself. */
export interface Reviewed {
  /** Where its pod runs, by the API server's word. */
  readonly node: string | undefined;
}

/**
 * Has a token reviewed.
 *
 * @param subject  what its claims say: the verdict must be on just that
 * @throws GatehouseError `caller_unauthenticated`, `details.reason`; `unreachable`
 */
export async function reviewToken(
  server: ApiServer,
  token: string,
  audiences: readonly string[],
  subject: TokenSubject,
): Promise<Reviewed> {
  const answer = shape.safeParse(
    await ask(server, {
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } },
    }),
  );
  if (!answer.success) throw new GatehouseError('unreachable', "the API server's answer to a TokenReview is none");
  const { authenticated, error = '', audiences: good, user } = answer.data.status;
  const says = { namespace: subject.namespace, serviceAccount: subject.serviceAccount, pod: subject.podName };
  if (authenticated !== true || error !== '' || user === undefined)
    throw refusedToken('not_authenticated', says, error || 'not authenticated');
  if (!good?.some((each) => audiences.includes(each))) throw refusedToken('other_audience', says);
  const extra = (name: string): string | undefined => {
    const values = user.extra?.[`${EXTRA}${name}`] ?? [];
    return values.length === 1 ? values[0] : undefined;
  };
  if (extra('pod-uid') === undefined)
    throw refusedToken(extra('node-name') === undefined ? 'unbound' : 'node_bound', says);
  const { namespace, serviceAccount, serviceAccountUid, podName, podUid } = subject;
  const isSame =
    user.username === `system:serviceaccount:${namespace}:${serviceAccount}` &&
    user.groups?.includes('system:serviceaccounts') === true &&
    user.uid === serviceAccountUid &&
    extra('pod-name') === podName &&
    extra('pod-uid') === podUid;
  if (!isSame) throw refusedToken('not_authenticated', says, 'what it says of the token is not what the token says');
  return { node: extra('node-name') };
}
