/**
 * What one filter costs Envoy by itself: several copies of it in one chain, less the chain without, over their number.
 * @module
 */
import { stateFormats } from '../../src/authz/native/names.ts';
import { askUnlessDecided } from '../../src/cli/envoy/native.ts';
import { extAuthzFilter } from '../lib/envoy-config.ts';
import { measureRounds, openEnvoy, type Target, target, warmUp } from '../lib/envoy-targets.ts';
import { type Section, shown, shownSpread, spread } from '../lib/figures.ts';
import { ordinaryRules, treeFilter } from '../lib/native-policies.ts';
import { freePort } from '../lib/processes.ts';
import { rulesOf, sizes } from '../lib/same-rules.ts';
import type { Settings } from '../lib/settings.ts';
import { filterCopies, ordinaryFilter } from './filter-copies.ts';

const COPIES = 8;
/** Fewer, where a single one costs many times what all else does. */
const ORDINARY_COPIES: Readonly<Record<(typeof sizes)[number], number>> = { 10: COPIES, 1000: 4, 10000: 1 };
const LARGEST = Math.max(...sizes);

/** What trees read. */
const facts: object = {
  name: 'facts',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config',
    on_request_headers: Object.entries(stateFormats).map(([object_key, inline_string]) => ({
      ...{ object_key, factory_key: 'envoy.string' },
      format_string: { text_format_source: { inline_string } },
    })),
  },
};

interface Copied {
  readonly kind: 'tree' | 'ordinary' | 'facts';
  readonly rules: number;
  readonly copies: number;
  readonly target: Target;
}

/** Measures it. At most 2 s a measurement. */
export async function filterAlone(settings: Settings): Promise<Section> {
  const bare = { ...target('chain without', 0, [facts], undefined), refuses: false };
  const copied = sizes.flatMap((rules) => [tree(rules), ordinary(rules)]);
  const judged = await Promise.all(sizes.map(gatedTree));
  const all = [bare, factsCopies, ...copied].map((one) => ('target' in one ? one.target : one));
  try {
    for (const one of judged) await opened(one);
    for (const { envoy } of judged.filter(({ rules }) => rules !== LARGEST)) await envoy?.stop();
    for (const one of all) await openEnvoy(one);
    await warmUp([...all, judged.at(-1)!]);
    const seconds = String(Math.min(1, settings.seconds));
    await measureRounds(all, settings, ['--connections', '4', '--warm', '0.2', '--seconds', seconds]);
    return costs(bare, [factsCopies, ...copied]);
  } finally {
    for (const { envoy } of [...judged, ...all]) await envoy?.stop();
  }
}

const factsCopies: Copied = {
  ...({ kind: 'facts', rules: 0, copies: COPIES } as const),
  target: {
    ...target(
      'facts',
      0,
      Array.from({ length: COPIES + 1 }, (_, i) => ({ ...facts, name: `facts-${i}` })),
      undefined,
    ),
    refuses: false,
  },
};

function tree(rules: number): Copied {
  const filters = filterCopies(`tree-${rules}`, treeFilter(rules), COPIES);
  const label = `tree of ${rules} rules, ${COPIES} copies`;
  return { kind: 'tree', rules, copies: COPIES, target: target(label, rules, [facts, ...filters], undefined) };
}

function ordinary(rules: (typeof sizes)[number]): Copied {
  const copies = ORDINARY_COPIES[rules];
  const filters = filterCopies(`ordinary-${rules}`, ordinaryFilter(ordinaryRules(rulesOf(rules))), copies);
  const label = `ordinary RBAC of ${rules} rules, ${copies} copies`;
  return { kind: 'ordinary', rules, copies, target: target(label, rules, [facts, ...filters], undefined) };
}

/** One tree, and behind it a call to nobody: only what the tree decides itself is answered 200. */
async function gatedTree(rules: number): Promise<Target> {
  const filters = [facts, ...filterCopies(`gated-${rules}`, treeFilter(rules), 1), extAuthzFilter(askUnlessDecided)];
  const nobody = { where: `127.0.0.1:${await freePort()}`, pids: [], stop: async () => undefined };
  return {
    ...target(`tree of ${rules} rules, nobody to ask`, rules, filters, undefined),
    inner: { running: nobody, rules },
  };
}

async function opened(one: Target): Promise<void> {
  await openEnvoy(one);
  if (one.why !== undefined) throw new Error(`${one.label}: ${one.why}`);
}

/** Microseconds of one filter, round by round. */
const perFilter = (bare: Target, { copies, target: { rounds } }: Copied): readonly number[] =>
  rounds.flatMap(({ envoyMicros }, i) => {
    const without = bare.rounds[i]?.envoyMicros;
    return without === undefined ? [] : [(envoyMicros - without) / copies];
  });

function costs(bare: Target, copied: readonly Copied[]): Section {
  const names = { tree: 'our tree', ordinary: 'ordinary RBAC', facts: 'set_filter_state, which trees read' };
  const medianOf = (kind: Copied['kind'], rules: number): number => {
    const one = copied.find((each) => each.kind === kind && each.rules === rules);
    const values = one === undefined ? [] : perFilter(bare, one);
    return values.length === 0 ? Number.NaN : spread(values).median;
  };
  const largest = medianOf('tree', LARGEST);
  const [ofTen, ordinaryOfTen] = [medianOf('tree', 10), medianOf('ordinary', 10)];
  const verdict =
    Math.min(largest, ofTen, ordinaryOfTen) > 0
      ? ` The tree of ${shown(LARGEST, 0)} rules costs ${shown(largest / ofTen, 2)} times that of 10, ${shown(largest / ordinaryOfTen, 2)} times ordinary RBAC of 10, and 1/${shown(medianOf('ordinary', LARGEST) / largest, 0)} of ordinary RBAC of ${shown(LARGEST, 0)}.`
      : ' Rounds differ by more than the filters cost: no ratio is told.';
  return {
    name: 'native-filter',
    title: 'The filter by itself',
    note: `Closed loop, 4 mTLS connections (HTTP/1.1), Envoy (one worker) on a core of its own; Envoy's CPU with so many copies of the filter in its chain, less that of the same round without, over their number. The request is allowed by rule N/2; that each tree decides it, and asks nobody, is tried first.${verdict}`,
    head: ['filter', 'rules', 'copies', 'µs, median (min–max) of rounds'],
    rows: copied.map((one) => {
      const values = perFilter(bare, one);
      const result = values.length === 0 ? `not run: ${one.target.why ?? 'ended before'}` : shownSpread(spread(values));
      return [names[one.kind], one.rules === 0 ? '–' : shown(one.rules, 0), shown(one.copies, 0), result];
    }),
    raw: {
      bare: bare.rounds,
      copied: copied.map(({ target: { label, rounds }, copies }) => ({ label, copies, rounds })),
    },
  };
}
