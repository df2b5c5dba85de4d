/**
 * `policy check --native` for people.
 * @module
 */
import type { NativeRow, PlacedReason } from '../../../policy/compile-envoy/native-report.ts';
import { placeText } from '../../../policy/documents/position.ts';

/** As Envoy unpacks them. */
const MOST_DEEP = 100;

/** All rows; what asks of all of them alike stands there once. */
export function nativeText(rows: readonly NativeRow[]): string {
  const deciding = rows.filter(({ everything }) => everything === undefined);
  const [first, ...others] = deciding;
  const common = new Set(others.length === 0 ? [] : (first?.asks ?? []).map(askText));
  for (const { asks } of others) {
    const own = new Set(asks.map(askText));
    for (const each of common) if (!own.has(each)) common.delete(each);
  }
  const all = common.size === 0 ? '' : `each that decides by itself:\n${[...common].map(lineOf).join('')}`;
  return `${rows.map((row) => rowText(row, common)).join('')}${all}`;
}

const lineOf = (text: string): string => `  ${text}\n`;

function rowText(row: NativeRow, common: ReadonlySet<string>): string {
  const { everything, everyConnection, bytes, depth, rules, letsIn, asks } = row;
  const whom = whomText(row);
  if (everything !== undefined) return `${whom}: everything asks: ${everything}${placeOf(asks[0])}\n`;
  const all = rules.decided + rules.asking;
  const decides = all === 0 ? 'Envoy decides' : `Envoy decides ${rules.decided} of ${counted(all, 'rule')}`;
  const lines = [
    ...(letsIn === undefined
      ? []
      : [`${letsIn.planes.join(', ')}: ${counted(letsIn.addresses, 'address', 'es')} let in for certain`]),
    ...(everyConnection === undefined ? [] : [`every connection asks: ${everyConnection}`]),
    ...asks.map(askText).filter((each) => !common.has(each)),
  ];
  const size = `by ${bytes} bytes, ${depth} of ${MOST_DEEP} messages deep`;
  return `${whom}: ${decides}, ${size}\n${lines.map(lineOf).join('')}`;
}

function whomText({ namespace, serviceAccount, labels, pods }: NativeRow): string {
  const name = serviceAccount === undefined ? namespace : `${namespace}/${serviceAccount}`;
  const said = labels?.map(([key, value]) => `${key}=${value}`) ?? ['(labels unknown)'];
  return [name, ...said, ...(pods === 0 ? [] : [`(${counted(pods, 'pod')})`])].join(' ');
}

function askText(ask: PlacedReason): string {
  const { reason, policy, rule } = ask;
  return policy === undefined
    ? `asks: ${reason}`
    : `asks: ${policy.namespace}/${policy.name} rule ${rule}: ${reason}${placeOf(ask)}`;
}

const placeOf = ({ file, line }: Partial<PlacedReason> = {}): string =>
  file === undefined || line === undefined ? '' : ` (${placeText({ file, line })})`;

const counted = (count: number, name: string, plural = 's'): string => `${count} ${name}${count === 1 ? '' : plural}`;
