/**
 * What the configuration of other trust domains must keep to.
 * @module
 */
import type { Config } from '../config.ts';
import type { Problem } from '../finding.ts';

/** Everything of `federation` and `federatesWith` that does not fit together. */
export function* federationProblems(config: Config): Iterable<Problem> {
  const own = new Set([config.trustDomain, ...config.trustDomainAliases]);
  for (const { trustDomain } of config.federation.trustDomains) {
    const path = ['federation', 'trustDomains', trustDomain];
    if (own.has(trustDomain)) {
      const message = `${trustDomain} is our own: nobody else vouches for it`;
      yield { code: 'contradiction', path, message, fix: 'drop it' };
    }
  }
  if (config.federation.trustDomains.length > 0 && !config.roles.includes('authority')) {
    const message = 'bundles of other trust domains are fetched by the authority, which tells its deciders';
    yield {
      code: 'contradiction',
      path: ['federation', 'trustDomains'],
      message,
      fix: 'name them there, and drop them',
    };
  }
  yield* ownAmong(own, config);
}

/** A trust domain needs no federation with itself. */
function* ownAmong(own: ReadonlySet<string>, { entries, workloads, attestation }: Config): Iterable<Problem> {
  const lists: readonly (readonly [path: readonly (string | number)[], names: readonly string[]])[] = [
    ...entries.map(({ federatesWith }, i) => [['entries', i, 'federatesWith'], federatesWith] as const),
    ...workloads.map(({ federatesWith }, i) => [['workloads', i, 'federatesWith'], federatesWith] as const),
    [['attestation', 'kubernetes', 'implicit', 'federatesWith'], attestation.kubernetes?.implicit.federatesWith ?? []],
  ];
  for (const [path, names] of lists)
    for (const name of names.filter((each) => own.has(each)))
      yield {
        ...{ code: 'contradiction', path: [...path] },
        message: `${name} is our own trust domain, whose bundle everybody gets`,
        fix: 'drop it',
      };
}
