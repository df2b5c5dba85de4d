/**
 * What selectors ask of labels, and labels reduced to it: what no selector asks about is gone.
 * @module
 */
import { type LabelExpr, type Labels, labelsMatch } from '../../policy/meaning/labels.ts';

/** Collects selectors; labels with equal signatures satisfy the same of them. */
export interface LabelInterest {
  add(selector: LabelExpr): void;
  addPairs(pairs: readonly (readonly [key: string, value: string])[]): void;
  /** Of labels, whatever their order. */
  signatureOf(labels: Labels): string;
}

interface Asked {
  readonly values: Set<string>;
  /** Tests of a part of the value, by their text: each once. */
  readonly parts: Map<string, LabelExpr>;
}

/** Starts without any selector: all labels are alike. */
export function createLabelInterest(): LabelInterest {
  const keys = new Map<string, Asked>();
  const at = (key: string): Asked => {
    const asked = keys.get(key) ?? { values: new Set(), parts: new Map() };
    keys.set(key, asked);
    return asked;
  };
  const add = (selector: LabelExpr): void => {
    if (selector.op === 'not') add(selector.of);
    else if ('of' in selector) selector.of.forEach(add);
    else {
      const asked = at(selector.key);
      if (selector.op === 'in') for (const value of selector.values) asked.values.add(value);
      else if ('text' in selector) asked.parts.set(JSON.stringify([selector.op, selector.text]), selector);
    }
  };
  return {
    add,
    addPairs(pairs) {
      for (const [key, value] of pairs) at(key).values.add(value);
    },
    signatureOf(labels) {
      const out: string[] = [];
      for (const [key, value] of labels) {
        const asked = keys.get(key);
        if (asked !== undefined) out.push(JSON.stringify([key, seenOf(asked, key, value)]));
      }
      return out.sort().join();
    },
  };
}

/** A value that is named stands for itself; of another one only the tests of its parts count. */
function seenOf({ values, parts }: Asked, key: string, value: string): string | readonly boolean[] {
  if (values.has(value)) return value;
  const labels = new Map([[key, value]]);
  return [...parts.values()].map((part) => labelsMatch(part, labels));
}
