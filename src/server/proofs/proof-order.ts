/**
 * What the proving thread is asked, and what it answers. Plain data; loads nothing of the analysis, which is another thread's.
 * @module
 */
import type { ReadDocument } from '../../policy/read-policies.ts';
import type { ProofConfig } from '../policy/proof-side.ts';

/** One question: are the tenants alone under these documents? What the thread holds already comes as a number. */
export interface ProofOrder {
  readonly id: number;
  /** Undefined: as last told. */
  readonly config: ProofConfig | undefined;
  /** Documents that are new to the thread. */
  readonly documents: readonly (readonly [number: number, document: ReadDocument])[];
  /** Of this question, file by file. All others are forgotten. */
  readonly files: readonly { readonly file: string; readonly documents: readonly number[] }[];
}

/** How far a tenant is alone, from nowhere on. */
export const extents = ['none', 'today', 'future', 'namespaces'] as const;
export type Extent = (typeof extents)[number];

/** One end of what passes and should not. */
export interface LeakEnd {
  /** Empty: it is of another trust domain, whatever it calls itself. */
  readonly namespace: string;
  /** The pod; undefined: one to come, as the labels and the account say. */
  readonly pod: string | undefined;
  readonly labels: readonly (readonly [key: string, value: string])[];
  readonly serviceAccount: string;
}

/** What passes and should not, as the real decision lets it pass. */
export interface Leak {
  readonly from: LeakEnd;
  readonly to: LeakEnd;
  /** Such as `GET /x on TCP 8080`. */
  readonly request: string;
  /** The namespace of the policy that lets it pass, empty for one that has none; undefined: no policy keeps it out. */
  readonly by: { readonly namespace: string; readonly name: string; readonly text: string } | undefined;
  /** All of it in one sentence: for whoever may see everything. */
  readonly why: string;
}

/** How alone one tenant is, in one direction. */
export interface TenantVerdict {
  readonly tenant: string;
  readonly direction: 'in' | 'out';
  /** As `policy prove` counts it. */
  readonly proved: boolean;
  readonly extent: Extent;
  /** What breaks the next extent; undefined: nothing, or it was not looked at. */
  readonly leak: Leak | undefined;
}

/** All that can be said; `unknown`: why nothing can. */
export type ProofOutcome =
  | { readonly verdicts: readonly TenantVerdict[]; readonly unknown?: never }
  | { readonly unknown: string };

/** `id` is that of the order. */
export type ProofAnswer = ProofOutcome & { readonly id: number };
