/**
 * Which pod and container a process is in, by the control groups that the kernel names for it (`man 7 cgroups`, /proc/PID/cgroup).
 *
 * A process names no group itself, yet whoever is given a subtree of groups may make groups of any name inside of it: a user of the
 * machine below his `user.slice`, a privileged container below its own. So the way from the root of the groups to the pod must
 * consist of what kubelet and container runtimes make, and there must be one pod on it.
 * @module
 */

/** Where a process runs. */
export interface PodOfProcess {
  /** As the API server has it: lower-case, with dashes. */
  readonly podUid: string;
  /** 64 hex digits, as in `status.containerStatuses[].containerID` after its scheme. */
  readonly containerId: string;
}

/** What the control groups of a process say. */
export type CgroupVerdict =
  | { readonly in: 'pod'; readonly of: PodOfProcess }
  /** A process of the machine, or of a container that no kubelet made. */
  | { readonly in: 'no-pod' }
  /** Nobody can say which pod it is. */
  | { readonly in: 'doubt'; readonly why: string };

const UID = '[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}';
const STATIC = '[0-9a-f]{32}';
const ID = '[0-9a-f]{64}';

/** `pod1f3a…` of the cgroupfs driver, `kubepods-besteffort-pod1f3a_….slice` of systemd's, which may begin with a kubelet's own name. */
const POD = new RegExp(
  `^(?:pod(${UID}|${STATIC})|(?:[a-z0-9_.]+-)*kubepods(?:-[a-z]+)?-pod(${UID}|${STATIC})\\.slice)$`,
);
/** Of containerd without its systemd driver under a kubelet with it: pod and container in one name. */
const POD_WITH_CONTAINER = new RegExp(`^(.+\\.slice):cri-containerd:(${ID})$`);
/** Looks like a pod to somebody: what is neither known nor this is no pod. */
const LIKE_A_POD = new RegExp(`pod(?:${UID}|${STATIC})`);
const CONTAINER = new RegExp(`^(?:(?:cri-containerd|crio|docker)-(${ID})\\.scope|(${ID}))$`);

/** What may stand above a pod: what kubelets make, and the containers that are machines themselves (`kind`, Docker in Docker). */
const ABOVE_POD = [
  /^\.\.$/,
  /^kubelet(?:\.slice)?$/,
  /^(?:[a-z0-9_.]+-)*kubepods(?:-(?:besteffort|burstable))?(?:\.slice)?$/,
  /^(?:besteffort|burstable)$/,
  /^(?:system|machine)\.slice$/,
  /^(?:containerd|crio|docker)\.service$/,
  /^docker$/,
  new RegExp(`^(?:docker|libpod)-${ID}\\.scope$`),
  new RegExp(`^${ID}$`),
  /^container$/,
];

/**
 * Finds the pod of a process.
 *
 * @param text  of `/proc/PID/cgroup`: one line a hierarchy (version 1), or one alone (version 2)
 * @param own  the same of ourselves: what we share with a process lies above both, and says nothing of its pod
 */
export function podOfCgroups(text: string, own = ''): CgroupVerdict {
  const shared = new Map(linesOf(own));
  const verdicts = linesOf(text).map(([hierarchy, path]) => podOfPath(path, shared.get(hierarchy)));
  const doubt = verdicts.find((each) => each.in === 'doubt');
  if (doubt !== undefined) return doubt;
  const [first, ...others] = verdicts.flatMap((each) => (each.in === 'pod' ? [each] : []));
  if (first === undefined) return { in: 'no-pod' };
  const isSame = ({ of }: { readonly of: PodOfProcess }): boolean =>
    of.podUid === first.of.podUid && of.containerId === first.of.containerId;
  return others.every(isSame) ? first : doubtful('its hierarchies of control groups name different pods or containers');
}

function linesOf(text: string): [hierarchy: string, path: string][] {
  return text.split('\n').flatMap((line): [string, string][] => {
    const match = /^(\d+:[^:]*):(\/.*)$/.exec(line);
    return match ? [[match[1]!, match[2]!]] : []; // both groups take part in every match
  });
}

function podOfPath(path: string, ownPath = ''): CgroupVerdict {
  const parts = withoutShared(partsOf(path), partsOf(ownPath));
  const like = parts.filter((part) => LIKE_A_POD.test(part));
  if (like.length === 0) return { in: 'no-pod' };
  if (like.length > 1) return doubtful('its control group lies in two pods, one of which was made inside of the other');
  const at = parts.indexOf(like[0]!);
  const strange = parts.slice(0, at).find((part) => !ABOVE_POD.some((known) => known.test(part)));
  if (strange !== undefined) return { in: 'no-pod' }; // somebody's own groups, whatever he calls them
  const [podPart, containerPart] = podAndContainer(parts, at);
  const uid = POD.exec(podPart);
  const id = CONTAINER.exec(containerPart);
  if (uid === null || id === null) return { in: 'no-pod' };
  const podUid = (uid[1] ?? uid[2])!.replaceAll('_', '-'); // one of the two takes part
  if (!podUid.includes('-')) return { in: 'no-pod' }; // a static one, which has no service account
  return { in: 'pod', of: { podUid, containerId: (id[1] ?? id[2])! } };
}

function podAndContainer(parts: readonly string[], at: number): [pod: string, container: string] {
  const part = parts[at]!;
  const joined = POD_WITH_CONTAINER.exec(part);
  return joined ? [joined[1]!, joined[2]!] : [part, parts[at + 1] ?? ''];
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '');

function withoutShared(parts: readonly string[], own: readonly string[]): readonly string[] {
  let length = 0;
  while (length < parts.length && parts[length] === own[length]) length += 1;
  return parts.slice(length);
}

const doubtful = (why: string): CgroupVerdict => ({ in: 'doubt', why });
