/**
 * `/v1/revocations` and `/v1/crl`.
 * @module
 */
import type { RevocationsAnswer, RevokedAnswer } from '../../../admin-api/revocations.ts';
import type { ReadQuestion } from '../../../admin-api/routes.ts';
import { type Holder, ofRevocations } from '../../../authz/native/holders.ts';
import { asGatehouseError, GatehouseError } from '../../../errors.ts';
import type { Authority } from '../../../identity/authority/authority.ts';
import type { RevocationTarget } from '../../../identity/authority/revoke/revocation-target.ts';
import type { RevocationRow } from '../../../identity/authority/store/store.ts';
import { certificatesToPem, crlsToPem } from '../../../identity/pki/pem.ts';
import type { Entry } from '../../../identity/registration/entry.ts';
import { authorityIdOf, deciderIdOf } from '../../../spiffe/own-ids.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { AdminDeps } from '../admin-deps.ts';
import type { AuthorityHandler } from '../authority-operations.ts';
import { timeText } from '../time-text.ts';

/** How long a decider may take to say that it refuses. */
const IN_FORCE_WITHIN_MS = 1_000;
/** How long other replicas may: they look every half second, and so does what they say. */
const REPLICAS_WITHIN_MS = 2_000;

const cannotCut = [
  'requests and streams that were let through before: max_stream_duration of the route ends them',
  'TCP connections that were let through before: idle_timeout or max_downstream_connection_duration of the tcp_proxy ends them',
  'calls between workloads that no Envoy of ours guards: the CRL is for those',
];

/** `POST /v1/revocations`: in force on every decider when it answers. */
export const revoke: AuthorityHandler<'POST /v1/revocations'> = async (
  { who, asked },
  { authority, entries, deciders, native, log },
) => {
  const { override, ...order } = asked;
  const { row, target, warnings } = await refusalsKept('svid revoke', who, order, authority, async () => {
    const mayBe =
      order.kind === 'id'
        ? namesOf(entries.value, authority.trustDomain)
        : order.kind === 'decider'
          ? followersOf(deciders)
          : [];
    const target = await authority.revocationTarget(order, mayBe);
    return {
      target,
      warnings: [
        ...knownOnly(target, override),
        ...(order.kind === 'id' || order.kind === 'decider'
          ? []
          : await certificatesSeen({ deciders, authority, native }, override)),
      ],
      row: await authority.revokeSvid({ ...order, who, reason: override ? `override: ${order.reason}` : order.reason }),
    };
  });
  const { sequence } = authority.revocations.value;
  const [ownReached, others, behind] = await Promise.all([
    deciders?.revokedBy(sequence, IN_FORCE_WITHIN_MS) ?? true,
    authority.replicas.revokedBy(sequence, REPLICAS_WITHIN_MS),
    native.behindRevocations(sequence, IN_FORCE_WITHIN_MS),
  ]);
  const replicas = others.map(({ name, revocationSequence, deciders: count }) => ({
    name,
    deciders: count,
    inForce: revocationSequence >= sequence,
  }));
  const envoys = envoysWith(native, behind);
  const reached = ownReached && [...replicas, ...envoys].every(({ inForce }) => inForce);
  log.warn({ who, kind: row.kind, value: row.value, reason: row.reason, reached }, 'an identity was revoked');
  return {
    done: true,
    ...revocationRow(row),
    liveSvids: target.liveSvids,
    liveTokens: target.liveTokens,
    sequence,
    deciders:
      deciders?.statuses().map(({ pid, decider, revocationSequence }) => ({
        ...(decider === undefined ? { pid } : { decider }),
        inForce: revocationSequence >= sequence,
      })) ?? [],
    replicas,
    envoys,
    inForce: reached,
    warnings: [...warnings, ...outOfReach(deciders)],
    cannotCut,
  };
};

/** Each Envoy that has a filter of revocations, the laggards first. */
function envoysWith(native: AdminDeps['native'], behind: readonly Holder[]): RevokedAnswer['envoys'] {
  const late = new Set(behind.map(({ connection }) => connection));
  const all = native.all().filter(({ configs }) => configs.some((each) => ofRevocations.includes(each.resource)));
  return all
    .map(({ connection, node, spiffeId }) => ({ node, spiffeId, inForce: !late.has(connection) }))
    .sort((a, b) => Number(a.inForce) - Number(b.inForce));
}

/** Deciders over a unix socket follow without a certificate. */
function followersOf(deciders: Deciders): string[] {
  return deciders?.statuses().flatMap(({ decider }) => decider ?? []) ?? [];
}

/** Whom an ID may name before anything was issued to it. */
function namesOf(entries: readonly Entry[], trustDomain: TrustDomain): string[] {
  return [...entries.map(({ spiffeId }) => spiffeId), authorityIdOf(trustDomain), deciderIdOf(trustDomain)];
}

/**
 * A name that nobody has is a slip of the pen: it would be revoked, and the one that was meant would go on.
 * @throws GatehouseError `not_found`, naming the nearest
 */
function knownOnly({ kind, value, isKnown, nearest }: RevocationTarget, override: boolean): string[] {
  if (isKnown) return [];
  if (override && kind !== 'serial') return [`nothing was ever issued to ${kind} ${value}, and no entry gives it`];
  const source = {
    id: 'no entry gives it, and the ledger has no SVID of it',
    serial: 'the ledger has no SVID of it',
    spki: 'the ledger has no SVID of it',
    decider: 'it does not follow, and the ledger has no living SVID of it',
  }[kind];
  const meant =
    nearest === undefined ? 'gatehouse ca ledger and entry list show the names.' : `did you mean ${nearest}?`;
  const force = kind === 'serial' ? '' : ' To revoke it before anything is issued to it: --override --reason TEXT';
  throw new GatehouseError(
    'not_found',
    `nothing is revoked: ${kind} ${value} is not known: ${source}; ${meant}${force}`,
    {
      kind,
      value,
      nearest,
    },
  );
}

/** Deciders that could not be asked whether they refuse. */
function outOfReach(deciders: Deciders): string[] {
  return (deciders?.missing() ?? []).map(
    ({ decider, leftAt }) =>
      `decider ${decider} has not followed this server since ${timeText(leftAt)}: if it follows no other, it refuses only when it is back`,
  );
}

/** What is done leaves its audit row in the same write; what is refused leaves one here. */
async function refusalsKept<T>(
  verb: string,
  who: string,
  { kind, value, reason }: Pick<ReadQuestion<'POST /v1/revocations'>, 'kind' | 'value' | 'reason'>,
  authority: Authority,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const { code } = asGatehouseError(thrown);
    const what = {
      who,
      verb,
      use: 'x509',
      authorityId: '',
      reason: `${kind} ${value}: ${reason}`,
      result: code,
    } as const;
    await authority.note(what);
    throw thrown;
  }
}

type Deciders = AdminDeps['deciders'];

/** A serial and a key are known only from a certificate; a decider that never saw one would let them pass. */
async function certificatesSeen(
  { deciders, authority, native }: Pick<AdminDeps, 'deciders' | 'native'> & { readonly authority: Authority },
  override: boolean,
): Promise<string[]> {
  await deciders?.report(IN_FORCE_WITHIN_MS);
  const statuses = deciders?.statuses() ?? [];
  const others = await authority.replicas.others();
  const sum = (counts: readonly number[]): number => counts.reduce((total, each) => total + each, 0);
  const all = statuses.length + sum(others.map((each) => each.deciders));
  const blind =
    statuses.filter(({ peersWithCertificate }) => peersWithCertificate === 0).length +
    sum(others.map((each) => each.blindDeciders));
  const bare = sum([...statuses, ...others].map(({ peersWithout }) => peersWithout));
  if (blind > 0 && !override) {
    throw new GatehouseError(
      'certificates_not_seen',
      `${blind} of ${all} deciders have seen no certificate of a peer since they were started, so they could not tell this one: set include_peer_certificate: true in Envoy's ext_authz filter (gatehouse doctor finds where it is missing), or revoke by --id${unasked(native)}`,
      { deciders: statuses, replicas: others },
    );
  }
  return [
    ...(blind > 0 ? [`${blind} of ${all} deciders have seen no certificate yet and may let this one pass`] : []),
    ...(bare > 0
      ? [
          `${bare} Checks named a peer without its certificate: the Envoys that sent them have no include_peer_certificate, and cannot be told this one`,
        ]
      : []),
  ];
}

/** Where Envoys decide themselves, deciders that were never asked are no sign of anything. */
function unasked(native: AdminDeps['native']): string {
  const envoys = new Map(
    native.all().map(({ spiffeId, node }) => [`${spiffeId} ${node}`, native.linesOf(spiffeId, node)]),
  );
  if (envoys.size === 0) return '';
  const told = [...envoys.values()].reduce((sum, lines) => sum + lines, 0);
  const who = envoys.size === 1 ? '1 Envoy decides itself and has' : `${envoys.size} Envoys decide themselves and have`;
  return `. ${who} told of ${told} requests about which nobody was asked; such a line has no certificate, so it does not show whether one is sent with a question. Those of gatehouse envoy bootstrap --native send it, and ask about whoever shows this one: --override --reason TEXT`;
}

/** `POST /v1/revocations/undo`: of an ID or a key, once nothing lives that it kept out. */
export const undoRevocation: AuthorityHandler<'POST /v1/revocations/undo'> = async (
  { who, asked },
  { authority, log },
) => {
  const { override: _, ...order } = asked;
  await refusalsKept('svid revoke --undo', who, order, authority, () => authority.undoRevocation({ ...order, who }));
  log.warn({ who, kind: order.kind, value: order.value, reason: order.reason }, 'a revocation was undone');
  return { done: true, sequence: authority.revocations.value.sequence };
};

function revocationRow({ revokedAt, notAfterAt, ...rest }: RevocationRow): RevocationsAnswer['rows'][number] {
  return { ...rest, revokedAt: timeText(revokedAt), keptUntil: timeText(notAfterAt) };
}

/** What is revoked and has not expired, newest first. */
export const revocations: AuthorityHandler<'GET /v1/revocations'> = (_, { authority }) => {
  const { sequence, rows } = authority.revocations.value;
  return { sequence, rows: [...rows].sort((a, b) => b.revokedAt - a.revokedAt).map(revocationRow) };
};

/** The CRLs, one an X.509 authority that has revoked something, and the certificates that they verify with; PEM. */
export const crl: AuthorityHandler<'GET /v1/crl'> = (_, { authority }) => ({
  crls: authority.crls.value.map((der) => crlsToPem([der])),
  bundle: certificatesToPem(authority.bundles.value.own.x509Authorities),
});
