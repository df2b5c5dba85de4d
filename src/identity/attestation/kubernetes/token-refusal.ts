/**
 * Why a service account token proves nobody: one reason each, for the log; its sender learns that it was refused, and no more.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';

const texts = {
  malformed: 'it is no JSON Web Token of a service account',
  legacy: 'it is of a Secret: such a token never ends and belongs to no pod; use a projected token',
  other_cluster: 'another cluster has signed it',
  other_audience: 'it is for somebody else: project a token with our audience',
  expired: 'it has expired',
  not_yet_valid: 'it is not valid yet: look at the clocks',
  node_bound: 'it is bound to a node, so it belongs to no pod',
  unbound: 'it is bound to no pod',
  not_authenticated: 'the API server does not accept it',
  pod_gone: 'its pod is gone',
  pod_terminating: 'its pod is being deleted',
  pod_ended: 'its pod has ended',
  other_account: 'its pod runs as another service account',
  other_node: 'its pod runs on another node',
  account_gone: 'its service account is gone',
  account_recreated: 'its service account was deleted and made again since',
} as const;

/** Why a token was refused. */
export type TokenReason = keyof typeof texts;

/** Who a token says that it is of, for the log. */
export interface TokenSays {
  readonly namespace?: string | undefined;
  readonly serviceAccount?: string | undefined;
  readonly pod?: string | undefined;
}

/** Of the pod and the account, whoever names them: a token, or the ledger for a certificate. */
const OF_ITS_POD = /^(pod|account)_|^other_(account|node)$/;

/** Of what a token says no more than this stands in the log: anybody can send one that is long. */
const MOST_CHARACTERS = 300;

/** Makes the refusal. @param more  what else is known, such as the audiences that it has */
export function refusedToken(reason: TokenReason, told: TokenSays = {}, more = ''): GatehouseError {
  const says: TokenSays = Object.fromEntries(
    Object.entries(told).map(([name, text]: [string, string | undefined]) => [name, text?.slice(0, MOST_CHARACTERS)]),
  );
  const of = says.serviceAccount === undefined ? '' : ` of ${says.namespace ?? '?'}/${says.serviceAccount}`;
  const pod = says.pod === undefined ? '' : ` in pod ${says.pod}`;
  const who = OF_ITS_POD.test(reason) ? 'a caller' : 'a service account token';
  const message = `${who}${of}${pod} is refused: ${texts[reason]}${more && ` (${more.slice(0, MOST_CHARACTERS)})`}`;
  return new GatehouseError('caller_unauthenticated', message, { reason, ...says });
}

/** The reason of a refusal of ours; undefined for any other error. */
export function reasonOf(thrown: unknown): TokenReason | undefined {
  if (!(thrown instanceof GatehouseError) || thrown.code !== 'caller_unauthenticated') return undefined;
  const { reason } = thrown.details;
  return typeof reason === 'string' && Object.hasOwn(texts, reason) ? (reason as TokenReason) : undefined; // one of its keys
}
