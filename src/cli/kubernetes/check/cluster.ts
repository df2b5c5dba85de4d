/**
 * The cluster itself: whether it answers, which version it has, who we are to it, what time it is there.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { KubernetesClient } from '../../../platform/kubernetes/client.ts';
import { KubernetesError } from '../../../platform/kubernetes/kubernetes-error.ts';
import { bad, good, type Outcome, warning } from '../../check/outcome.ts';

/** What a cluster says of itself and of us. */
export interface Cluster {
  /** Such as `v1.37.2`. */
  readonly version: string;
  /** Our user name there. */
  readonly who: string;
  readonly groups: readonly string[];
  /** Seconds by which its clock is ahead of ours; a round of a second in it. Undefined: it does not say. */
  readonly aheadSeconds: number | undefined;
}

interface Review {
  readonly metadata: { readonly creationTimestamp?: string };
  readonly status: { readonly userInfo: { readonly username: string; readonly groups?: readonly string[] } };
}

/** Asks. @throws GatehouseError `unreachable`, `caller_unauthenticated`: nothing more can be said of that cluster */
export async function askCluster(client: KubernetesClient): Promise<Cluster> {
  try {
    const { gitVersion } = await client.request<{ readonly gitVersion: string }>({ path: '/version' });
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const review = await client.request<Review>({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      body,
    });
    const { username, groups = [] } = review.status.userInfo;
    const createdAt = Date.parse(review.metadata.creationTimestamp ?? '');
    const aheadSeconds = Number.isNaN(createdAt) ? undefined : (createdAt - Date.now()) / 1000;
    return { version: gitVersion, who: username, groups, aheadSeconds };
  } catch (thrown) {
    if (!(thrown instanceof KubernetesError)) throw thrown;
    if (thrown.code === 401 || thrown.code === 403)
      throw new GatehouseError(
        'caller_unauthenticated',
        `the cluster does not know us: ${thrown.message}`,
        {},
        { cause: thrown },
      );
    throw new GatehouseError('unreachable', `the cluster cannot be asked: ${thrown.message}`, {}, { cause: thrown });
  }
}

/** The oldest that has all that the objects need. */
const OLDEST_MINOR = 29;
/** More than a round and a slow answer make. */
const MOST_SKEW_SECONDS = 5;

/** What there is to say of it. */
export function checkClusterItself({ version, who, aheadSeconds }: Cluster): readonly Outcome[] {
  return [versionOf(version), good('who', `we are ${who} there`), clockOf(aheadSeconds)];
}

function versionOf(version: string): Outcome {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined) return warning('version', `its version is ${version}, which we cannot read`, '');
  if (Number(major) > 1 || Number(minor) >= OLDEST_MINOR) return good('version', `it is Kubernetes ${version}`);
  return bad('version', `it is Kubernetes ${version}`, `upgrade it to 1.${OLDEST_MINOR} at least`);
}

function clockOf(aheadSeconds: number | undefined): Outcome {
  if (aheadSeconds === undefined) return warning('clock', 'it does not say what time it is there', '');
  // Its time has no fractions: what was cut off lies between none and a second.
  const skew = aheadSeconds < -1 ? -aheadSeconds - 1 : Math.max(0, aheadSeconds);
  if (skew <= MOST_SKEW_SECONDS) return good('clock', 'its clock and ours agree');
  return bad(
    'clock',
    `its clock is ${Math.round(skew)} s ${aheadSeconds > 0 ? 'ahead of' : 'behind'} ours`,
    'set both by NTP: certificates and tokens of one would not be valid yet, or not any more, by the other',
  );
}
