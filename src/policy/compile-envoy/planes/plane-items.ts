/**
 * What the planes beside Istio's come to in a tree: who is not let in for certain asks, and so does who is not who lives at his address.
 * @module
 */
import { toByteString } from '../../../lib/byte-string.ts';
import { noUses, type SayContext, type Uses, valuesHold } from '../conditions.ts';
import type { AskReason } from '../native-settings.ts';
import { allOf, anyOf, isPresent, notOf, type Said, testOf } from '../tree/predicates.ts';
import type { Action, Input, Item, Node, Part } from '../tree/tree.ts';
import type { LetIn, LetsIn } from './lets-in.ts';
import { sayTexts } from './say-texts.ts';

const asks: Action = { is: 'action', name: 'ask:planes', effect: 'allow' };
const asksOfPlace: Action = { is: 'action', name: 'ask:place', effect: 'allow' };

/** The parts of a tree, what they read, and what asks in them. */
interface PlaneParts {
  readonly parts: readonly Part[];
  readonly uses: Uses;
  readonly asks: readonly AskReason[];
}

/** Makes them. Callers who showed no certificate ask: an address alone may be another pod's by now. */
export function planeParts(lets: LetsIn | undefined, context: SayContext): PlaneParts {
  const uses = noUses();
  if (lets === undefined) return { parts: [], uses, asks: [] };
  const reasons = reasonsOf(lets);
  if (!context.isNamed) return { parts: [asks], uses, asks: reasons };
  // the guards before see to it that there is one SPIFFE ID, of our trust domains, and a path
  uses.inputs.add('uri');
  if (context.protocol === 'http') uses.inputs.add('path');
  const certain = anyOf(lets[context.protocol].map((each) => sayLetIn(each, context, uses)));
  if (certain === 'never' || certain === 'always') return { parts: [asks], uses, asks: reasons };
  return {
    parts: [
      { is: 'list', items: [{ when: { op: 'not', of: certain }, leadsTo: asks }] },
      { is: 'exact', input: 'sourceIp', entries: entriesOf(lets, context.trustDomains) },
    ],
    uses,
    asks: reasons,
  };
}

function sayLetIn({ at, ports, isOtherPorts, from, when }: LetIn, context: SayContext, uses: Uses): Said {
  const named = valuesHold({ ...portValues, exact: ports.map(String) });
  return allOf([
    addressIn('destinationIp', at),
    isOtherPorts ? allOf([isPresent('port'), notOf(named)]) : named,
    addressIn('sourceIp', from),
    when.length === 0 ? 'always' : anyOf(when.map((each) => sayTexts(each, context, uses))),
  ]);
}

const portValues = { input: 'port', prefixes: [], tests: [], present: 'never', readsNamespaces: false } as const;

/** IPv6 addresses as the texts that they are looked up by below: whatever is written otherwise asks. */
function addressIn(input: Input, addresses: readonly string[]): Said {
  const short = addresses.filter((text) => !text.includes(':')).map((text) => `${text}/32`);
  const long = addresses.filter((text) => text.includes(':'));
  return anyOf([
    short.length === 0 ? 'never' : testOf(input, { is: 'ranges', cidrs: short }),
    long.length === 0 ? 'never' : valuesHold({ ...portValues, input, exact: long }),
  ]);
}

/** Under each address a caller asks unless he shows the name of the pod there; nothing found there is nothing found at all. */
function entriesOf({ accounts }: LetsIn, trustDomains: readonly string[]): ReadonlyMap<string, Node> {
  const entries = new Map<string, Node>();
  for (const address of [...accounts.keys()].sort()) {
    const names = trustDomains.map((td) => toByteString(`spiffe://${td}${accounts.get(address) ?? ''}`));
    const isOther = notOf(anyOf(names.map((value) => testOf('uri', { is: 'exact', value }))));
    if (isOther === 'never') continue;
    const item: Item | undefined = isOther === 'always' ? undefined : { when: isOther, leadsTo: asksOfPlace };
    entries.set(address, item === undefined ? asksOfPlace : { is: 'list', items: [item], otherwise: undefined });
  }
  return entries;
}

function reasonsOf({ planes }: LetsIn): readonly AskReason[] {
  const reason = `callers that are not certainly let in by ${planes.join(' and ')}: pods of the registry are, with their own names at their own addresses`;
  return [{ reason, policy: undefined, rule: undefined, field: undefined }];
}
