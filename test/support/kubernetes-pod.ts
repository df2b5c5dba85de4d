/**
 * Pods as an API server writes them.
 * @module
 */

/** What of a pod a test says; the rest is usual. */
export interface PodWords {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly serviceAccount?: string;
  readonly node?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly phase?: string;
  readonly deletedAt?: string;
  /** Container names by id. */
  readonly containers?: Readonly<Record<string, string>>;
}

export const podUid = '0a1b2c3d-1111-4222-8333-0123456789ab';

/** A Pod; running on `node-1` as `details` in `default` unless told otherwise. */
export function podObject(words: PodWords = {}) {
  const {
    name = 'details-1',
    namespace = 'default',
    uid = podUid,
    serviceAccount = 'details',
    node = 'node-1',
  } = words;
  const { labels = {}, phase = 'Running', deletedAt, containers = {} } = words;
  return {
    metadata: { name, namespace, uid, labels, ...(deletedAt !== undefined && { deletionTimestamp: deletedAt }) },
    spec: { serviceAccountName: serviceAccount, nodeName: node },
    status: {
      phase,
      containerStatuses: Object.entries(containers).map(([id, each]) => ({
        name: each,
        containerID: `containerd://${id}`,
      })),
    },
  };
}
