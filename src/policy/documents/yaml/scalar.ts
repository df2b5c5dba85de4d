/**
 * Plain scalars as Kubernetes' own YAML reader takes them: YAML 1.1, without numbers of base 60.
 * @module
 */

/** What a plain scalar stands for. `text` of a number is how Kubernetes would write it in JSON. */
export type Scalar =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'number'; readonly text: string; readonly integer: boolean }
  | { readonly is: 'boolean'; readonly value: boolean }
  | { readonly is: 'null' };

const words = new Map<string, Scalar>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
    (word) => [word, { is: 'boolean', value: true }] as const,
  ),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (word) => [word, { is: 'boolean', value: false }] as const,
  ),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, { is: 'null' }] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, { is: 'number', text: '.nan', integer: false }] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map(
    (word) => [word, { is: 'number', text: '.inf', integer: false }] as const,
  ),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, { is: 'number', text: '-.inf', integer: false }] as const),
]);

const timestamp =
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})?)?$/;
const integers: readonly (readonly [RegExp, string])[] = [
  [/^[-+]?0[xX][0-9a-fA-F]+$/, ''],
  [/^[-+]?0[bB][01]+$/, ''],
  [/^[-+]?0[oO][0-7]+$/, ''],
  [/^[-+]?0[0-7]+$/, '0o'],
  [/^[-+]?(0|[1-9][0-9]*)$/, ''],
];
const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const dotFloat = /^\.[0-9]+([eE][-+]?[0-9]+)?$/;

/** Resolves a plain (unquoted, untagged) scalar. */
export function resolvePlain(written: string): Scalar {
  const word = words.get(written);
  if (word !== undefined) return word;
  const first = written.charCodeAt(0);
  const numeric = first === 0x2b || first === 0x2d || (first >= 0x30 && first <= 0x39);
  if (first === 0x2e) return dotFloat.test(written) ? floatOf(written) : { is: 'text', text: written };
  if (!numeric || timestamp.test(written)) return { is: 'text', text: written };
  const plain = written.replaceAll('_', '');
  return integerOf(plain) ?? (float.test(plain) ? floatOf(plain) : { is: 'text', text: written });
}

function integerOf(plain: string): Scalar | undefined {
  const negative = plain.startsWith('-');
  const digits = plain.replace(/^[-+]/, '');
  for (const [form, prefix] of integers) {
    if (!form.test(plain)) continue;
    const magnitude = BigInt(prefix === '' ? digits.toLowerCase() : `${prefix}${digits.slice(1)}`);
    if (magnitude > 0xffff_ffff_ffff_ffffn || (negative && magnitude > 0x8000_0000_0000_0000n)) return undefined;
    return { is: 'number', text: String(negative ? -magnitude : magnitude), integer: true };
  }
  return undefined;
}

function floatOf(written: string): Scalar {
  const value = Number(written);
  if (!Number.isFinite(value)) return { is: 'text', text: written };
  return { is: 'number', text: String(value), integer: Number.isInteger(value) };
}
