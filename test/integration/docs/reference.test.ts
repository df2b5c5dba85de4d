import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { decisionRecordShape } from '../../../src/admin-api/decisions.ts';
import { routes } from '../../../src/admin-api/routes.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { listeners } from '../../../src/config/listeners/table.ts';
import { createMetrics } from '../../../src/platform/observe/metrics.ts';
import { allCommands, commandLine } from '../../support/command-line.ts';

const reference = readFileSync('docs/reference.md', 'utf8');
const source = (path: string): string => readFileSync(path, 'utf8');
const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, found = '']) => found);

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** `listen.extAuthz`, `entries[].selectors`: every key that holds no other keys. */
function leaves({ properties, items }: Schema, path = ''): string[] {
  if (items?.properties !== undefined) return leaves(items, `${path}[]`);
  if (properties === undefined) return [path];
  return Object.entries(properties).flatMap(([key, schema]) => leaves(schema, path === '' ? key : `${path}.${key}`));
}

/** The lines of a section. */
const section = (heading: string): readonly string[] =>
  (reference.split(`\n## ${heading}\n`)[1] ?? '').split(/\n## /, 1)[0]!.split('\n');

describe('docs/reference.md', () => {
  const things: readonly { name: string; of: () => readonly string[] | Promise<readonly string[]>; quoted: boolean }[] =
    [
      { name: 'reason', of: () => all(source('src/policy/decision.ts'), /^ {2}\| '(\w+)'/gm), quoted: true },
      { name: 'error code', of: () => all(source('src/errors.ts'), /^ {2}(\w+): row\(/gm), quoted: true },
      { name: 'command', of: async () => (await allCommands()).map((words) => words.join(' ')), quoted: false },
    ];
  for (const { name, of, quoted } of things) {
    it(`has every ${name}`, async () => {
      const wanted = await of();
      assert.ok(wanted.length > 5, `${wanted.length} found`);
      const missing = wanted.filter((each) => !reference.includes(quoted ? `\`${each}\`` : each));
      assert.deepEqual(missing, []);
    });
  }

  it('has every metric with its type, and no other', async () => {
    const metrics = createMetrics({ latencyBounds: [0.001], look: () => Promise.resolve() });
    const made = new Map(
      [...(await metrics.text()).matchAll(/^# TYPE (gatehouse_\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]),
    );
    assert.ok(made.size > 50, `${made.size} found`);
    const told = section('Metrics').flatMap((line) => {
      const [, names = '', type = ''] = line.split(/(?<!\\)\|/);
      return all(names, /`(gatehouse_\w+)/g).map((name): [string, string] => [name, type.trim()]);
    });
    assert.deepEqual(new Map(told), made);
  });

  it('has every field of a decision in the log', () => {
    const fields = section('Logs').join('\n');
    const missing = [...Object.keys(decisionRecordShape.shape), 'schema', 'facts', 'reportedFacts'].filter(
      (field) => !fields.includes(`\`${field}\``),
    );
    assert.deepEqual(missing, []);
  });

  it('has every listener beside the metrics that count what it refuses', () => {
    const row = reference.split('\n').find((line) => line.startsWith('| `gatehouse_lane_hostile_total')) ?? '';
    const missing = Object.values(listeners).flatMap(({ label }) => (row.includes(`\`${label}\``) ? [] : [label]));
    assert.deepEqual(missing, []);
  });

  it('has every flag of every command', async () => {
    const flags = new Set<string>();
    for (const words of await allCommands()) {
      for (const flag of all((await commandLine(...words, '--help')).out, /^ {2}(?:-\w, )?(--[a-z-]+)/gm))
        flags.add(flag);
    }
    assert.ok(flags.size > 40, `${flags.size} found`);
    assert.deepEqual(
      [...flags].filter((flag) => !new RegExp(`${flag}(?![a-z-])`).test(reference)),
      [],
    );
  });

  it('has every key of the configuration', () => {
    const keys = leaves(JSON.parse(configJsonSchema()) as Schema).filter((key) => !key.startsWith('$'));
    assert.ok(keys.length > 50, `${keys.length} found`);
    const missing = keys.filter((key) => {
      const last = key.slice(key.lastIndexOf('.') + 1);
      return !reference.includes(`\`${key}\``) && !reference.includes(`\`.${last}\``);
    });
    assert.deepEqual(missing, []);
  });
});

/** The fields of a schema; of a list those of its rows, of alternatives those of each. */
function fieldsOf({ items, anyOf, oneOf, properties }: Schema): [string, Schema][] {
  if (items !== undefined) return fieldsOf(items);
  const either = anyOf ?? oneOf;
  if (either !== undefined) return either.flatMap(fieldsOf);
  return Object.entries(properties ?? {});
}

const allFieldsOf = (schema: Schema): string[] =>
  fieldsOf(schema).flatMap(([name, inner]) => [name, ...allFieldsOf(inner)]);

describe("docs/reference.md's admin API", () => {
  const ofVerbs = 'POST /v1/authorities/';
  const verbs = Object.keys(routes).flatMap((route) =>
    route.startsWith(ofVerbs) ? [route.slice(ofVerbs.length)] : [],
  );
  const section = reference.slice(reference.indexOf('## Admin API'), reference.indexOf('## Errors'));
  const rows = new Map(
    section
      .split('\n')
      .filter((line) => /^\| `(GET|POST) /.test(line))
      .flatMap((line) => {
        const [, name = '', asks = '', answers = ''] = line.split(/(?<!\\)\|/);
        const route = name.trim().slice(1, -1);
        const names = route.endsWith('/VERB') ? verbs.map((verb) => route.replace('VERB', verb)) : [route];
        return names.map((each) => [each, { asks, answers }] as const);
      }),
  );
  const words = (cell: string): Set<string> =>
    new Set(
      all(cell, /`([^`]*)`/g).flatMap((code) => all(code.replace(/^(GET|POST) .*|^[a-z]+ [a-z]+$/, ''), /(\w+)/g)),
    );
  const shapes = (route: keyof typeof routes): { name: 'asks' | 'answers'; shape: Schema }[] => {
    const { asks, answers } = routes[route];
    const asSchema = (of: z.ZodType): Schema => z.toJSONSchema(of, { io: 'input', unrepresentable: 'any' }) as Schema;
    return [
      { name: 'asks', shape: asSchema(asks) },
      ...(answers === 'bytes' ? [] : [{ name: 'answers' as const, shape: asSchema(answers) }]),
    ];
  };

  it('has the routes of the table, and no others', () => {
    assert.deepEqual([...rows.keys()].sort(), Object.keys(routes).sort());
  });

  for (const route of Object.keys(routes) as (keyof typeof routes)[])
    for (const { name, shape } of shapes(route))
      it(`names every field that ${route} ${name}, and no other`, () => {
        const told = words(rows.get(route)?.[name] ?? '');
        const known = new Set(allFieldsOf(shape));
        assert.deepEqual(
          fieldsOf(shape)
            .map(([field]) => field)
            .filter((field) => !told.has(field)),
          [],
          'missing',
        );
        const beside = new Set([
          ...verbs,
          'x509',
          'jwt',
          'rotation_blocked',
          'blockers',
          'blockerCount',
          'next',
          'etaSeconds',
        ]);
        assert.deepEqual(
          [...told].filter((word) => !known.has(word) && !beside.has(word)),
          [],
          'unknown',
        );
      });

  it('names every field at every depth', () => {
    const told = words(section);
    const known = (Object.keys(routes) as (keyof typeof routes)[]).flatMap((route) =>
      shapes(route).flatMap(({ shape }) => allFieldsOf(shape)),
    );
    assert.deepEqual([...new Set(known)].filter((field) => !told.has(field)).sort(), []);
  });
});

describe('documents', () => {
  const files = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...globSync('docs/*.md')];

  it('are all named in README.md', () => {
    const readme = source('README.md');
    assert.deepEqual(
      globSync('docs/*.md').filter((page) => !readme.includes(`](${page})`)),
      [],
    );
  });

  for (const file of files) {
    it(`${file} leads only to what is there`, () => {
      const dead = all(source(file), /\]\(([^)#:\s]+)(?:#[^)]*)?\)/g).filter(
        (path) => !existsSync(join(dirname(file), path)),
      );
      assert.deepEqual(dead, []);
    });

    it(`${file} leads only to headings that are there`, () => {
      const slug = (heading: string): string =>
        heading
          .toLowerCase()
          .replace(/[^\p{L}\p{N} _-]/gu, '')
          .replaceAll(' ', '-');
      const dead = [...source(file).matchAll(/\]\(([^)#:\s]*)#([^)]+)\)/g)].filter(([, path = '', anchor]) => {
        const target = path === '' ? file : join(dirname(file), path);
        return !all(source(target), /^#+ (.+)$/gm).some((heading) => slug(heading) === anchor);
      });
      assert.deepEqual(
        dead.map(([whole]) => whole),
        [],
      );
    });
  }
});
