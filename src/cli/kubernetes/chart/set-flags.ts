/**
 * `--set` as Helm reads it: `a.b=c,d={x,y},e[0].f=1`, where `\` takes the meaning from the sign after it.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';

type Step = string | number;

/** Longest list that one flag can make; a place further on is a slip of the hand. */
const MOST_ITEMS = 1_000;

/** Lays what one flag says over values, which it changes. @throws GatehouseError `config_invalid` */
export function applySet(values: Record<string, unknown>, flag: string): void {
  for (const part of splitOutside(flag, ',')) {
    const at = indexOutside(part, '=');
    if (at < 0) throw refuse(flag, `${part} has no =`);
    put(values, stepsOf(part.slice(0, at), flag), valueIn(part.slice(at + 1)), flag);
  }
}

function put(values: Record<string, unknown>, steps: readonly Step[], found: unknown, flag: string): void {
  let holder = values as Record<Step, unknown>; // a list has numbers, a map names
  for (const [i, step] of steps.entries()) {
    const next = steps[i + 1];
    if (next === undefined) {
      holder[step] = found;
      return;
    }
    const inside = holder[step];
    const fits = typeof next === 'number' ? Array.isArray(inside) : isMap(inside);
    if (!fits) {
      if (typeof next === 'number' && next > 0) throw refuse(flag, `${step} has no item before ${next}`);
      holder[step] = typeof next === 'number' ? [] : {};
    }
    holder = holder[step] as Record<Step, unknown>; // made or seen above
  }
}

function stepsOf(path: string, flag: string): Step[] {
  return splitOutside(path, '.').flatMap((name) => {
    const [, key = '', places = ''] = /^((?:\\.|[^[\\])*)((?:\[\d+\])*)$/.exec(name) ?? [];
    const plainKey = key.replace(/\\(.)/g, '$1');
    if (plainKey === '') throw refuse(flag, `${path} names no value`);
    if (['__proto__', 'constructor', 'prototype'].includes(plainKey)) throw refuse(flag, `${plainKey} is no value`);
    const numbers = [...places.matchAll(/\d+/g)].map(([digits]) => Number(digits));
    if (numbers.some((each) => each >= MOST_ITEMS)) throw refuse(flag, `a list has at most ${MOST_ITEMS} items here`);
    return [plainKey, ...numbers];
  });
}

function valueIn(text: string): unknown {
  if (text.startsWith('{') && text.endsWith('}')) {
    const inside = text.slice(1, -1);
    return inside === '' ? [] : splitOutside(inside, ',').map(scalarOf);
  }
  return scalarOf(text);
}

const words: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

function scalarOf(text: string): unknown {
  const word = words.get(text);
  if (word !== undefined) return word;
  if (/^(0|-?[1-9]\d{0,14})$/.test(text)) return Number(text);
  return text.replace(/\\(.)/g, '$1');
}

/** Splits at a sign that no `\` stands before and no brace is open around. */
function splitOutside(text: string, sign: string): string[] {
  const parts: string[] = [];
  let rest = text;
  for (let at = indexOutside(rest, sign); at >= 0; at = indexOutside(rest, sign)) {
    parts.push(rest.slice(0, at));
    rest = rest.slice(at + 1);
  }
  return [...parts, rest];
}

function indexOutside(text: string, sign: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i += 1) {
    const each = text[i];
    if (each === '\\') i += 1;
    else if (each === '{') depth += 1;
    else if (each === '}') depth -= 1;
    else if (each === sign && depth === 0) return i;
  }
  return -1;
}

export const isMap = (found: unknown): found is Record<string, unknown> =>
  typeof found === 'object' && found !== null && !Array.isArray(found);

const refuse = (flag: string, why: string): GatehouseError =>
  new GatehouseError('config_invalid', `--set ${flag}: ${why}; write it as authority.replicas=3`);
