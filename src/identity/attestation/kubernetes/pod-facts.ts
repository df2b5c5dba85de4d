/**
 * What we take from a Pod of the API server.
 * @module
 */
import * as z from 'zod';

const status = z.object({ name: z.string(), containerID: z.string().optional() });
const statuses = z.array(status).nullish();

const pod = z.object({
  metadata: z.object({
    name: z.string().min(1),
    namespace: z.string().min(1),
    uid: z.string().min(1),
    labels: z.record(z.string(), z.string()).nullish(),
    deletionTimestamp: z.string().nullish(),
  }),
  spec: z.object({ serviceAccountName: z.string().nullish(), nodeName: z.string().nullish() }),
  status: z
    .object({
      phase: z.string().nullish(),
      containerStatuses: statuses,
      initContainerStatuses: statuses,
      ephemeralContainerStatuses: statuses,
    })
    .nullish(),
});

/** One pod, as far as identity needs it. */
export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly serviceAccount: string;
  /** `''`: not scheduled. */
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Somebody has deleted it, and its time to stop runs. */
  readonly isTerminating: boolean;
  /** Its containers have ended for good. */
  readonly hasEnded: boolean;
  /** Names of containers by their id: 64 hex digits, without the runtime's scheme. */
  readonly containers: ReadonlyMap<string, string>;
}

/** Reads a Pod; undefined when the answer is none. A pod without a service account's name has `default`, as the API server fills in. */
export function readPod(value: unknown): PodFacts | undefined {
  const read = pod.safeParse(value);
  if (!read.success) return undefined;
  const { metadata, spec, status: state } = read.data;
  const all = [
    ...(state?.containerStatuses ?? []),
    ...(state?.initContainerStatuses ?? []),
    ...(state?.ephemeralContainerStatuses ?? []),
  ];
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    serviceAccount: spec.serviceAccountName || 'default',
    node: spec.nodeName ?? '',
    labels: metadata.labels ?? {},
    isTerminating: typeof metadata.deletionTimestamp === 'string',
    hasEnded: state?.phase === 'Succeeded' || state?.phase === 'Failed',
    containers: new Map(all.flatMap(({ name, containerID }) => (containerID ? [[idOf(containerID), name]] : []))),
  };
}

/** `containerd://1f3a…` and the like. */
const idOf = (text: string): string => text.replace(/^[a-z0-9-]+:\/\//, '');
