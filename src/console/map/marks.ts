/**
 * What tells kinds of edges apart for who does not see their colours: a mark in a cell, a dash and an end of a line.
 * @module
 */
import type { EdgeKind } from '../model/graph.ts';

/** Of a cell: 15 pixels square. */
interface CellMark {
  /** The cell has the colour, and the mark that of the ground; else it is the other way round. */
  readonly isFilled: boolean;
  /** As SVG and `Path2D` have it. */
  readonly path: string;
}

export const cellMarks: Readonly<Record<EdgeKind, CellMark>> = {
  allowed: { isFilled: true, path: '' },
  denied: { isFilled: true, path: 'M4 4 11 11M11 4 4 11' },
  both: { isFilled: true, path: 'M4 11 11 4' },
  unseen: { isFilled: false, path: 'M1.5 1.5h12v12h-12z' },
  conflict: { isFilled: true, path: 'M4 5.5h7M4 9.5h7' },
};

/** Ends of lines: 8 units square, the line comes from the left and ends in the middle of the right. */
export const lineEnds: Readonly<Record<EdgeKind, string>> = {
  allowed: 'M0 0 8 4 0 8z',
  denied: 'M5 0h3v8h-3z',
  both: 'M0 0 5 4 0 8zM6 0h2v8h-2z',
  unseen: 'M0 0 8 4 0 8z',
  conflict: 'M0 4 4 0 8 4 4 8z',
};

/** What they are called. */
export const kindNames: Readonly<Record<EdgeKind, string>> = {
  allowed: 'seen, allowed',
  denied: 'seen, denied',
  both: 'allowed and denied',
  unseen: 'allowed, never seen',
  conflict: 'planes disagree',
};

export const edgeKinds: readonly EdgeKind[] = ['allowed', 'denied', 'both', 'unseen', 'conflict'];
