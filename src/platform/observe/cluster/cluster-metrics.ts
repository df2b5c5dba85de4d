/**
 * Metrics of the cluster that policies and registry come from.
 * @module
 */
import { Gauge, type Registry } from 'prom-client';

/** Sets how long the watch that is behind longest is behind, 0 if none is, and how many objects there are, by kind. */
export type SetCluster = (behindSeconds: number, objects: readonly (readonly [kind: string, count: number])[]) => void;

/** Registers them; without a cluster they are not there. */
export function createClusterMetrics(registry: Registry): SetCluster {
  const registers = [registry];
  const behind = new Gauge({
    name: 'gatehouse_cluster_behind_seconds',
    help: 'How long the cluster is not followed: the longest of its watches; 0: all are.',
    registers,
  });
  const objects = new Gauge({
    name: 'gatehouse_cluster_objects',
    help: 'Objects of the cluster that are held.',
    labelNames: ['kind'],
    registers,
  });
  behind.remove();
  return (behindSeconds, counts) => {
    behind.set(behindSeconds);
    for (const [kind, count] of counts) objects.set({ kind }, count);
  };
}
