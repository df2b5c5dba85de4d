/**
 * What the objects of an installation call themselves and each other.
 * @module
 */
import { release, type Text, type TreeMap, text, value } from '../chart/tree.ts';

/** Who runs: what signs, and what is on each node. */
export type Part = 'authority' | 'node';

/** `gatehouse-authority`. */
export const nameOf = (what: string): Text => text(value('name'), '-', what);

/** Where each listens. */
export const ports = { extAuthz: 9191, feed: 9444, istioCa: 15012, health: 9909, admission: 8443 } as const;

/** By which a part is found. */
export const labelsOf = (part: Part): TreeMap => ({
  'app.kubernetes.io/name': value('name'),
  'app.kubernetes.io/component': part,
});

/** What every object says of itself. */
export const commonLabels: TreeMap = {
  'app.kubernetes.io/name': value('name'),
  'app.kubernetes.io/part-of': 'gatehouse',
  'app.kubernetes.io/version': release('version'),
};

/** Of an object in our namespace. */
export const metadata = (what: string): TreeMap => ({
  name: nameOf(what),
  namespace: release('namespace'),
  labels: commonLabels,
});

/** Of an object of the whole cluster. */
export const clusterMetadata = (what: string): TreeMap => ({ name: nameOf(what), labels: commonLabels });
