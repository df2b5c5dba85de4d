import assert from 'node:assert/strict';
import fc from 'fast-check';
import { authorization, type RuleSpec } from '../../differential/corners/corner.ts';
import { type Asked, asker } from '../../support/asked.ts';

/** Values of every field and key, few enough that rules and requests meet. */
const pools = {
  principals: ['*', 'cluster.local/ns/foo/sa/sleep', 'cluster.local/ns/bar/*', '*/sa/sleep'],
  namespaces: ['*', 'foo', 'b*'],
  trustDomains: ['*', 'cluster.local', 'old*'],
  ipBlocks: ['10.1.5.0/24', '10.0.0.0/8', '203.0.113.9'],
  remoteIpBlocks: ['10.1.5.6', '203.0.113.0/24'],
  hosts: ['*', 'example.com', '*.EXAMPLE.com', 'example.com:*'],
  ports: ['8080', '9090'],
  methods: ['GET', 'P*', '*'],
  paths: ['/', '/admin', '/admin/*', '*/x', '/{*}/x', '/{**}'],
} as const;
type Field = keyof typeof pools;
const sourceFields: readonly Field[] = ['principals', 'namespaces', 'trustDomains', 'ipBlocks', 'remoteIpBlocks'];
const operationFields: readonly Field[] = ['hosts', 'ports', 'methods', 'paths'];
const keyPools: Readonly<Record<string, readonly string[]>> = {
  'request.headers[x-a]': ['a', '*', 'b*'],
  'request.headers[:path]': ['/admin*', '*x'],
  'source.ip': ['10.1.0.0/16'],
  'remote.ip': ['203.0.113.9'],
  'source.principal': ['cluster.local/ns/foo/sa/sleep', '*'],
  'destination.port': ['8080'],
  'connection.sni': ['a.example', '*'],
};

const notName = (field: string): string => `not${field[0]!.toUpperCase()}${field.slice(1)}`;
const valuesOf = (pool: readonly string[]) => fc.uniqueArray(fc.constantFrom(...pool), { minLength: 1, maxLength: 2 });

const clause = (fields: readonly Field[]): fc.Arbitrary<object> =>
  fc
    .uniqueArray(
      fc.constantFrom(...fields).chain((field) => fc.tuple(fc.constant(field), fc.boolean(), valuesOf(pools[field]))),
      { minLength: 1, maxLength: 2, selector: ([field]) => field },
    )
    .map((chosen) =>
      Object.fromEntries(chosen.map(([field, negated, values]) => [negated ? notName(field) : field, values])),
    );

const condition = fc
  .constantFrom(...Object.keys(keyPools))
  .chain((key) => fc.record({ key: fc.constant(key), [`values`]: valuesOf(keyPools[key]!) }));

const rule: fc.Arbitrary<RuleSpec> = fc.record(
  {
    from: fc.array(
      clause(sourceFields).map((source) => ({ source })),
      { minLength: 1, maxLength: 2 },
    ),
    to: fc.array(
      clause(operationFields).map((operation) => ({ operation })),
      { minLength: 1, maxLength: 2 },
    ),
    when: fc.array(condition, { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: [] },
);

type Action = 'ALLOW' | 'DENY' | 'AUDIT';
const rules = fc.array(rule, { minLength: 1, maxLength: 3 });
const policy = (action: Action) => rules.map((some) => ({ action, rules: some }));
const policies = fc.array(fc.constantFrom<Action>('ALLOW', 'DENY').chain(policy), { maxLength: 4 });
const write = (specs: readonly object[], meta: object = {}): string[] =>
  specs.map((spec, i) => authorization(spec, { name: `p${i}`, ...meta }));

const request: fc.Arbitrary<Asked> = fc.record(
  {
    tcp: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
    principal: fc.constantFrom(
      'spiffe://cluster.local/ns/foo/sa/sleep',
      'spiffe://old.local/ns/bar/sa/admin',
      'sleep.foo',
    ),
    method: fc.constantFrom('GET', 'POST', 'get'),
    path: fc.constantFrom('/', '/admin', '/admin/x', '/a/x?y', '/x'),
    host: fc.constantFrom('example.com', 'a.example.com', 'EXAMPLE.com:8080'),
    lines: fc.array(
      fc
        .constantFrom(['x-a', 'a'], ['x-a', 'b'], ['x-a', ''], ['x-forwarded-for', '203.0.113.9'] as const)
        .map(([name, value]) => [name!, value!] as const),
      { maxLength: 3 },
    ),
    source: fc.constantFrom('10.1.5.6', '10.2.0.9', '203.0.113.9', 'fd00::1'),
    port: fc.constantFrom(8080, 9090),
    sni: fc.constantFrom('a.example', 'B.example'),
  },
  { requiredKeys: [] },
);
const requests = fc.array(request, { minLength: 6, maxLength: 6 });
const runs = { numRuns: 150 };

/** Asks both sets of documents the same; counts what the first said, so that a law that never bites is noticed. */
function compare(
  before: readonly string[],
  after: readonly string[],
  asked: readonly Asked[],
  holds: (was: boolean, is: boolean) => boolean,
): void {
  const [one, other] = [asker(before), asker(after)];
  for (const each of asked) {
    const [was, is] = [one.ask(each).allowed, other.ask(each).allowed];
    seen.add(`${was} ${is}`);
    assert.ok(holds(was, is), `${was} became ${is} for ${JSON.stringify(each)}`);
  }
}
const seen = new Set<string>();

describe('laws of Istio policies', () => {
  beforeEach(() => seen.clear());

  it('one more DENY never allows more', () => {
    fc.assert(
      fc.property(policies, policy('DENY'), requests, (some, more, asked) =>
        compare(write(some), write([...some, more]), asked, (was, is) => was || !is),
      ),
      runs,
    );
    assert.deepEqual([...seen].sort(), ['false false', 'true false', 'true true']);
  });

  it('one more ALLOW never denies more, where there was one', () => {
    fc.assert(
      fc.property(policies, policy('ALLOW'), policy('ALLOW'), requests, (some, first, more, asked) =>
        compare(write([...some, first]), write([...some, first, more]), asked, (was, is) => !was || is),
      ),
      runs,
    );
    assert.deepEqual([...seen].sort(), ['false false', 'false true', 'true true']);
  });

  it('order never matters, neither of policies nor of rules nor of values', () => {
    const turned = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(turned).reverse();
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .map(([name, each]) => [name, turned(each)])
          .reverse(),
      );
    };
    fc.assert(
      fc.property(policies, requests, (some, asked) =>
        compare(
          write(some),
          write(some.map((each) => turned(each) as object).reverse()),
          asked,
          (was, is) => was === is,
        ),
      ),
      runs,
    );
    assert.deepEqual([...seen].sort(), ['false false', 'true true']);
  });

  it('AUDIT and dry-run change nothing', () => {
    const dry = { annotations: { 'istio.io/dry-run': 'true' }, namespace: 'istio-system' };
    fc.assert(
      fc.property(policies, policy('AUDIT'), policies, requests, (some, audit, rehearsed, asked) =>
        compare(
          write(some),
          [...write(some), ...write([audit], { namespace: 'istio-system', name: 'audit' }), ...write(rehearsed, dry)],
          asked,
          (was, is) => was === is,
        ),
      ),
      runs,
    );
    assert.deepEqual([...seen].sort(), ['false false', 'true true']);
  });

  it('what a DENY of a rule refuses is what an ALLOW of it lets through', () => {
    const http = fc.array(
      request.map((each) => ({ ...each, tcp: false })),
      { minLength: 6, maxLength: 6 },
    );
    fc.assert(
      fc.property(rules, http, (some, asked) =>
        compare(
          write([{ action: 'ALLOW', rules: some }]),
          write([{ action: 'DENY', rules: some }]),
          asked,
          (was, is) => was !== is,
        ),
      ),
      runs,
    );
    assert.deepEqual([...seen].sort(), ['false true', 'true false']);
  });

  for (const [part, fields] of [
    ['source', sourceFields],
    ['operation', operationFields],
  ] as const) {
    for (const field of fields) {
      it(`${field} and ${notName(field)} part all requests between them`, () => {
        const http = fc.array(
          request.map((each) => ({ ...each, tcp: false })),
          { minLength: 6, maxLength: 6 },
        );
        const only = (name: string, values: readonly string[]): string[] =>
          write([
            { action: 'ALLOW', rules: [{ [part === 'source' ? 'from' : 'to']: [{ [part]: { [name]: values } }] }] },
          ]);
        fc.assert(
          fc.property(valuesOf(pools[field]), http, (values, asked) =>
            compare(only(field, values), only(notName(field), values), asked, (was, is) => was !== is),
          ),
          { numRuns: 60 },
        );
        assert.deepEqual([...seen].sort(), ['false true', 'true false']);
      });
    }
  }
});
