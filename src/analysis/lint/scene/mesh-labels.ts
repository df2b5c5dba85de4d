/**
 * Labels by which a mesh knows its pods.
 * @module
 */
import type { LabelExpr } from '../../../policy/meaning/labels.ts';

/** Whether its sidecar is wished for. */
export const INJECT = 'sidecar.istio.io/inject';
/** Labels that an injector puts on a pod, or that ask for one. */
export const onPods: ReadonlySet<string> = new Set(['security.istio.io/tlsMode', 'service.istio.io/canonical-name']);

/** What tells pods in a mesh from others. */
export const meshSelectors: readonly LabelExpr[] = [
  { op: 'in', key: INJECT, values: ['true'] },
  ...[...onPods].map((key): LabelExpr => ({ op: 'has', key })),
];
