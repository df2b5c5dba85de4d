/**
 * Rules about who vouches for callers.
 * @module
 */
import type { Config } from '../config.ts';
import type { Problem } from '../finding.ts';

const OF_KUBERNETES = /^k8s:/;
/** Whatever anybody may give himself in a namespace of his own. */
const OF_ANY_NAMESPACE = /^k8s:(sa|pod-label|container-name):/;
const PINS = /^(k8s:(ns|pod-uid):|socket:)/;

/** What is wrong with `attestation`, and with entries that ask it. */
export function* attestationProblems({ attestation, roles, entries }: Config): Iterable<Problem> {
  if (attestation.kubernetes !== undefined && !roles.includes('authority')) {
    yield {
      code: 'contradiction',
      path: ['attestation', 'kubernetes'],
      message: 'only a server with the authority role gives identities',
      fix: 'add the role, or drop it',
    };
  }
  for (const [i, { spiffeId, selectors }] of entries.entries()) {
    const path = ['entries', i, 'selectors'];
    if (attestation.kubernetes === undefined && selectors.some((each) => OF_KUBERNETES.test(each))) {
      const message = `nobody gets ${spiffeId}: nothing tells of pods`;
      yield { code: 'missing', path, message, fix: 'add attestation: { kubernetes: {} }' };
    } else if (selectors.some((each) => OF_ANY_NAMESPACE.test(each)) && !selectors.some((each) => PINS.test(each))) {
      yield {
        code: 'namespace-missing',
        path,
        message: `${spiffeId} would go to whoever has such a pod in a namespace of his own`,
        fix: 'say which namespace too: k8s:ns:NAME',
      };
    }
  }
}
