/**
 * `/v1/bundles`: our own bundle and those of other trust domains.
 * @module
 */
import type { BundleRow } from '../../../admin-api/bundles.ts';
import { GatehouseError } from '../../../errors.ts';
import { bundleIn } from '../../../identity/authority/store/federated-view.ts';
import { judgeBundle, judgePemBundle } from '../../../identity/federation/judge-bundle.ts';
import type { Bundle } from '../../../spiffe/bundle.ts';
import { bundleToJwks } from '../../../spiffe/bundle-jwks.ts';
import { parseTrustDomain, type TrustDomain } from '../../../spiffe/trust-domain.ts';
import { type Endpoint, isStale } from '../../federation/endpoint.ts';
import type { AdminDeps, AuthorityOperations } from '../admin-deps.ts';
import type { AuthorityHandler } from '../authority-operations.ts';
import { timeText } from '../time-text.ts';

type Deps = AdminDeps & AuthorityOperations;

/** One trust domain with what is held of it. */
interface Known {
  readonly row: BundleRow;
  readonly bundle: Bundle | undefined;
}

/** Every trust domain of which there is a bundle or an endpoint, our own first. */
function allKnown(deps: Deps): readonly Known[] {
  const { own } = deps.authority.bundles.value;
  const held = new Map(deps.authority.federation.held().map((each) => [each.trustDomain, each]));
  const endpoints = deps.endpoints.all();
  const names = [...new Set([...held.keys(), ...endpoints.keys()])].sort();
  const ownRow = { ...rowOf(own, deps), from: 'own', isInForce: true } as const;
  const others = names.map((name): Known => {
    const stored = held.get(name);
    const bundle = stored && bundleIn(stored);
    const endpoint = endpoints.get(name);
    const row: BundleRow = {
      ...(bundle ? rowOf(bundle, deps) : emptyRow(name, deps)),
      from: stored === undefined ? 'none' : stored.isSet ? 'operator' : 'endpoint',
      isInForce: deps.authority.bundles.value.federated.has(name),
      changedAt: stored === undefined ? null : timeText(stored.changedAt),
      endpoint: endpoint === undefined ? null : endpointRow(endpoint, bundle),
    };
    return { row, bundle };
  });
  return [{ row: ownRow, bundle: own }, ...others];
}

const entriesWith = ({ entries }: AdminDeps, name: TrustDomain): number =>
  entries.value.filter(({ federatesWith }) => federatesWith.includes(name)).length;

const emptyRow = (trustDomain: TrustDomain, deps: Deps): Omit<BundleRow, 'from' | 'isInForce'> => ({
  ...{ trustDomain, sequence: null, refreshHintSeconds: null, x509Authorities: 0, jwtAuthorities: 0 },
  ...{ changedAt: null, entries: entriesWith(deps, trustDomain), endpoint: null },
});

const rowOf = (bundle: Bundle, deps: Deps): Omit<BundleRow, 'from' | 'isInForce'> => ({
  ...emptyRow(bundle.trustDomain, deps),
  sequence: String(bundle.sequence),
  refreshHintSeconds: bundle.refreshHintSeconds,
  x509Authorities: bundle.x509Authorities.length,
  jwtAuthorities: bundle.jwtAuthorities.length,
});

function endpointRow(endpoint: Endpoint, held: Bundle | undefined): NonNullable<BundleRow['endpoint']> {
  const { config, fetchedAt, nextAt, failure, keptOut } = endpoint;
  return {
    url: config.url,
    profile: config.profile.kind,
    endpointSpiffeId: config.profile.kind === 'https_spiffe' ? config.profile.endpointSpiffeId : null,
    fetchedAt: fetchedAt === undefined ? null : timeText(fetchedAt),
    nextAt: timeText(nextAt),
    failure: failure ?? null,
    keptOut: keptOut === undefined ? null : String(keptOut.sequence),
    isStale: isStale(endpoint, held, Date.now()),
  };
}

/** All of them. */
export const bundles: AuthorityHandler<'GET /v1/bundles'> = (_, deps) => ({
  bundles: allKnown(deps).map(({ row }) => row),
});

/** One, with its document. */
export const oneBundle: AuthorityHandler<'GET /v1/bundles/{trustDomain}'> = ({ asked }, deps) => {
  const all = allKnown(deps);
  const found = all.find(({ row }) => row.trustDomain === asked.trustDomain);
  if (found === undefined) {
    const known = all.map(({ row }) => row.trustDomain).join(', ');
    throw new GatehouseError('not_found', `there is no bundle of ${asked.trustDomain}; there are those of ${known}`);
  }
  return { ...found.row, jwks: found.bundle === undefined ? null : bundleToJwks(found.bundle) };
};

/** Sets one. */
export const setBundle: AuthorityHandler<'POST /v1/bundles'> = async ({ who, asked }, deps) => {
  const { reason, acceptLower } = asked;
  const trustDomain = parseTrustDomain(asked.trustDomain);
  if (acceptLower && reason === '')
    throw new GatehouseError(
      'message_invalid',
      'an older bundle may trust keys that were revoked since: give --reason',
    );
  const bundle = bundleOf(asked, trustDomain, deps);
  const offered = await deps.authority.federation.set(bundle, { who, reason, acceptLower });
  deps.endpoints.refresh(trustDomain);
  deps.log.info({ who, trustDomain }, `the bundle of ${trustDomain} was set: ${offered.difference}`);
  return {
    trustDomain,
    outcome: offered.outcome === 'same' ? 'same' : 'taken',
    sequence: String(bundle.sequence),
    difference: offered.difference,
    entries: entriesWith(deps, trustDomain),
  };
};

interface Asked {
  readonly bundle?: string | undefined;
  readonly format: 'spiffe' | 'pem';
  readonly acceptLower: boolean;
}

/** What is to be set: the document, or what the endpoint answers and is kept out. */
function bundleOf({ bundle, format, acceptLower }: Asked, trustDomain: TrustDomain, deps: Deps): Bundle {
  if (bundle === undefined) {
    const keptOut = deps.endpoints.all().get(trustDomain)?.keptOut;
    if (acceptLower && keptOut !== undefined) return keptOut;
    throw new GatehouseError(
      'message_invalid',
      `give the bundle of ${trustDomain}: none of its endpoint is kept out here`,
    );
  }
  if (format === 'spiffe') return judgeBundle(trustDomain, bundle, Date.now());
  const held = deps.authority.federation.held().find((each) => each.trustDomain === trustDomain);
  return judgePemBundle(trustDomain, bundle, BigInt(held?.sequence ?? 0), Date.now()); // what its endpoint has next is not lower
}

/** Forgets one. */
export const deleteBundle: AuthorityHandler<'POST /v1/bundles/delete'> = async ({ who, asked }, deps) => {
  const trustDomain = parseTrustDomain(asked.trustDomain);
  await deps.authority.federation.remove(trustDomain, { who, reason: asked.reason });
  deps.log.warn({ who, trustDomain }, `the bundle of ${trustDomain} was deleted`);
  return {
    trustDomain,
    entries: entriesWith(deps, trustDomain),
    comesBack: deps.endpoints.all().has(trustDomain),
  };
};
