/**
 * Choosing among the SVIDs of one caller, by SPIFFE ID or by hint.
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import { GatehouseError } from '../../errors.ts';
import { parseSpiffeId } from '../../spiffe/spiffe-id.ts';

/** What the options of `choiceOptions` say; both must hold. */
export interface ChoiceFlags {
  readonly id?: string;
  readonly hint?: string;
}

/** Which SVID is meant. */
export function choiceOptions(): Option[] {
  return [
    new Option('--id <spiffe-id>', 'only the SVID of that SPIFFE ID').argParser((text) => {
      try {
        return parseSpiffeId(text);
      } catch (thrown) {
        throw new InvalidArgumentError((thrown as Error).message); // parsing throws nothing else
      }
    }),
    new Option('--hint <hint>', 'only the SVID with that hint, as its entry says'),
  ];
}

interface Some {
  readonly svids: readonly { readonly spiffeId: string; readonly hint: string }[];
}

/**
 * The chosen ones of those that somebody has.
 *
 * @throws GatehouseError `not_entitled` where none is chosen, naming those that he has
 */
export function chooseSvids<S extends Some>(all: S, { id, hint }: ChoiceFlags): S {
  const svids = all.svids.filter(
    (each) => (id === undefined || each.spiffeId === id) && (hint === undefined || each.hint === hint),
  );
  if (svids.length > 0 || all.svids.length === 0) return { ...all, svids };
  const wanted = [
    ...(id === undefined ? [] : [`the ID ${id}`]),
    ...(hint === undefined ? [] : [`the hint ${JSON.stringify(hint)}`]),
  ];
  const has = all.svids.map((each) => (each.hint === '' ? each.spiffeId : `${each.spiffeId} (hint ${each.hint})`));
  throw new GatehouseError('not_entitled', `none of your SVIDs has ${wanted.join(' and ')}; yours: ${has.join(', ')}`, {
    id,
    hint,
    has: all.svids.map((each) => ({ spiffeId: each.spiffeId, hint: each.hint })),
  });
}
