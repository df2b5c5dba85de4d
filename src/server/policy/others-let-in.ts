/**
 * Tells of policies that name namespaces without a trust domain while others are let in: until they say which, callers of other trust
 * domains are denied.
 * @module
 */
import type { Config } from '../../config/config.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { ReadinessBoard } from '../../platform/observe/readiness.ts';
import type { PolicyModel } from '../../policy/model.ts';
import { rulesOfAnyDomain } from '../../policy/rules/any-trust-domain.ts';

export interface OthersLetInDeps {
  readonly config: Watchable<Config>;
  readonly policies: Watchable<{ readonly model: PolicyModel }>;
  /** Undefined while none are known. */
  readonly bundles: Watchable<{ readonly federated: { readonly size: number } } | undefined>;
  readonly board: Pick<ReadinessBoard, 'degrade'>;
  readonly log: Pick<Log, 'error'>;
}

/** More places than these are told by their number. */
const MOST_NAMED = 3;

/** Looks now, and whenever policies or bundles change, until it is disposed. */
export function watchOthersLetIn({ config, policies, bundles, board, log }: OthersLetInDeps): Disposable {
  let before = '';
  const look = (): void => {
    const { extAuthz, federation } = config.value;
    const areLetIn =
      (bundles.value?.federated.size ?? 0) > 0 &&
      extAuthz.peerTrustDomains === 'any' &&
      !federation.acceptForeignNamespaces;
    const places = areLetIn ? rulesOfAnyDomain(policies.value.model).map(({ file, line }) => `${file}:${line}`) : [];
    const more = places.length - MOST_NAMED;
    const named = `${places.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
    const what = `federation: callers of other trust domains are denied, because ${named} names namespaces or service accounts of any: add trustDomains there, or set extAuthz.peerTrustDomains: own or federation.acceptForeignNamespaces: true`;
    board.degrade('foreign-namespaces', places.length === 0 ? [] : [what]);
    if (places.length > 0 && what !== before) log.error({ code: 'foreign-namespaces', places }, what);
    before = places.length === 0 ? '' : what;
  };
  const subscriptions = [policies.subscribe(look), bundles.subscribe(look), config.subscribe(look)];
  look();
  return {
    [Symbol.dispose]() {
      for (const unsubscribe of subscriptions) unsubscribe();
    },
  };
}
