import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { RequestsAnswer } from '../../../../../src/admin-api/seen/requests.ts';
import type { RuleRow, RulesAnswer } from '../../../../../src/admin-api/seen/rules.ts';
import { modelHere } from '../../../../../src/cli/policy/suggest/policies-here.ts';
import { runCommandLine } from '../../../../../src/cli/program.ts';
import { loadConfig } from '../../../../../src/config/read-config.ts';
import type { PolicyModel } from '../../../../../src/policy/model.ts';
import { ruleName } from '../../../../../src/policy/rules/rule-text.ts';
import { rulesInForce } from '../../../../../src/policy/rules/rules-in-force.ts';
import { recordingTerminal } from '../../../../support/recording-terminal.ts';
import { type TempDir, tempDir } from '../../../../support/temp-dir.ts';

const HOUR_MS = 3_600_000;
const hoursAgo = (hours: number): string => new Date(Date.now() - hours * HOUR_MS).toISOString();
const pod = (name: string, ip: number): string => `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${name} } }
spec: { serviceAccountName: ${name} }
status: { phase: Running, podIPs: [{ ip: 10.0.0.${ip} }] }
`;
const registry = `apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n${pod('web', 1)}${pod('api', 2)}${pod('db', 3)}`;
const istio = (name: string, rules: string, more = ''): string =>
  `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: ${name}, namespace: shop }\nspec:\n  action: ALLOW\n  selector: { matchLabels: { app: ${name.split('-')[0]} } }\n${more}  rules:\n${rules}`;
const network = (more: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: net, namespace: shop }\nspec:\n  podSelector: { matchLabels: { app: api } }\n${more}`;
const method = (...names: readonly string[]): string => `  - to: [{ operation: { methods: [${names.join(', ')}] } }]\n`;

/** Counts by `NAME RULE`, or `NAME egress RULE`, and what else is otherwise than usual. */
interface Seen {
  readonly counts: Readonly<Record<string, number>>;
  readonly called?: readonly string[];
  readonly rules?: (answer: RulesAnswer) => RulesAnswer;
  readonly requests?: (answer: RequestsAnswer) => RequestsAnswer;
  readonly words?: readonly string[];
  readonly planes?: object;
}

function rowsOf(model: PolicyModel, counts: Seen['counts']): RuleRow[] {
  return [...rulesInForce(model)].map(({ plane, stage, policy, rule }) => {
    const { text } = ruleName({ plane: plane.id, direction: stage.direction ?? 'ingress', policy, rule });
    const isEgress = stage.direction === 'egress';
    const count = counts[`${policy.ref.name} ${isEgress ? 'egress ' : ''}${rule.index}`] ?? 0;
    return {
      ...{ plane: plane.id, direction: stage.direction ?? 'ingress', ...policy.ref, rule: rule.index, text, count },
      ...{ lastAt: count > 0 ? hoursAgo(1) : null, effect: rule.effect, ...rule.position, since: hoursAgo(200) },
      counts: policy.mode === 'dry-run' ? 'dry-run' : plane.mode === 'observe' ? 'observe' : 'enforce',
      standing: count > 0 ? 'hit' : 'unknown',
    };
  });
}

describe('policy suggest --tighten', () => {
  let dir: TempDir;
  beforeEach(async () => {
    dir = await tempDir();
  });
  afterEach(() => dir[Symbol.asyncDispose]());

  async function tightened(files: Readonly<Record<string, string>>, seen: Seen) {
    mkdirSync(dir.at('policies'), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(dir.at(`policies/${name}`), text);
    writeFileSync(dir.at('registry.yaml'), registry);
    const policies = { paths: ['policies'], planes: { l4: 'enforce', ...seen.planes } };
    const config = { trustDomain: 'cluster.local', policies, registry: { paths: ['registry.yaml'] } };
    writeFileSync(dir.at('gatehouse.yaml'), JSON.stringify(config));
    const model = modelHere(loadConfig(dir.at('gatehouse.yaml')));
    assert.ok(typeof model !== 'string');
    const rows = rowsOf(model, seen.counts);
    const own = { decider: null, state: 'here', why: '', since: hoursAgo(200), lastAt: null } as const;
    const rules: RulesAnswer = {
      ...{ generation: 1, rules: rows, ruleCount: rows.length, elsewhere: [], deciders: [{ ...own, overflow: 0 }] },
      standingUnknown: '',
    };
    const none = { allowed: 0, denied: 0 };
    const { called = ['api', 'db', 'web'] } = seen;
    const requests: RequestsAnswer = {
      requests: called.map((name) => ({
        ...{ decider: null, caller: '', destination: `spiffe://cluster.local/ns/shop/sa/${name}`, namespace: 'shop' },
        ...{ port: 80, protocol: 'http', method: 'GET', path: '/', decision: 'deny', count: 1, lastAt: hoursAgo(1) },
      })),
      requestCount: called.length,
      deciders: [{ ...own, overflow: none, unshaped: none, lost: 0 }],
    };
    writeFileSync(dir.at('rules.json'), JSON.stringify(seen.rules?.(rules) ?? rules));
    writeFileSync(dir.at('requests.json'), JSON.stringify(seen.requests?.(requests) ?? requests));
    const terminal = recordingTerminal();
    const answers = ['--seen', dir.at('requests.json'), '--seen-rules', dir.at('rules.json')];
    const words = ['policy', 'suggest', '--tighten', '-c', dir.at('gatehouse.yaml'), ...answers];
    await runCommandLine([...words, ...(seen.words ?? ['--output', 'json'])], terminal);
    return terminal.said;
  }

  /** The answer, and the files as real git leaves them. */
  async function applied(files: Readonly<Record<string, string>>, seen: Seen) {
    const { out, err, code } = await tightened(files, seen);
    assert.equal(code, 0, err);
    const answer = JSON.parse(out) as {
      readonly removed: readonly { readonly name: string; readonly rule: number }[];
      readonly kept: readonly { readonly name: string; readonly rule: number; readonly word: string }[];
      readonly diff: { readonly onlyRemoves: boolean; readonly equal: boolean };
      readonly directory: string;
      readonly patch: string;
    }; // what the command prints
    if (answer.patch !== '') execFileSync('git', ['apply'], { cwd: answer.directory, input: answer.patch });
    const now = Object.fromEntries(
      Object.keys(files).map((name) => [name, readFileSync(dir.at(`policies/${name}`), 'utf8')]),
    );
    const names = (some: typeof answer.removed): readonly string[] => some.map(({ name, rule }) => `${name} ${rule}`);
    return {
      ...answer,
      now,
      removed: names(answer.removed),
      kept: answer.kept.map(({ name, rule, word }) => `${name} ${rule} ${word}`),
    };
  }

  it('takes out what nobody used, with a patch that real git applies, and leaves every other byte', async () => {
    const head = '# of the shop\n';
    const behind = '  # behind é\n---\n# only a comment\n';
    const files = {
      'api one.yaml': `${head}${istio('api', `  # reads\n${method('GET')}  # writes\t\n${method('PUT')}${method('POST')}`)}${behind}`,
      'db.yaml': istio('db', method('GET')),
      'web.yaml': istio('web', method('GET') + method('PUT'))
        .replaceAll('\n', '\r\n')
        .trimEnd(),
    };
    const { now, removed, kept, diff } = await applied(files, { counts: { 'api 0': 7, 'api 2': 1, 'web 0': 1 } });
    assert.deepEqual([removed, kept], [['api 1', 'db 0', 'web 1'], []]);
    assert.ok(diff.onlyRemoves);
    assert.equal(now['api one.yaml'], files['api one.yaml'].replace(method('PUT'), ''));
    assert.equal(
      now['db.yaml'],
      files['db.yaml'].replace(`rules:\n${method('GET')}`, 'rules: []\n'),
      'which allows nobody',
    );
    assert.equal(now['web.yaml'], istio('web', method('GET')).replaceAll('\n', '\r\n'));
  });

  it('tells rules that others make void by their own words, and leaves them', async () => {
    const files = {
      'api.yaml': istio('api', `${method('GET')}${method('GET')}${method('PUT')}${method('HEAD', 'PUT')}`),
      'deny.yaml': istio('api-deny', method('HEAD', 'DELETE')).replace('ALLOW', 'DENY'),
      'db.yaml': istio('db', method('DELETE')),
    };
    const { removed, kept } = await applied(files, { counts: { 'api 0': 7 } });
    assert.deepEqual(removed, ['api 3', 'db 0']);
    assert.deepEqual(kept, ['api 1 redundant', 'api 2 redundant']);
  });

  it('never opens: what governed by having rules goes on governing', async () => {
    const files = {
      'net.yaml': network(
        `  ingress:\n  - from: [{ podSelector: { matchLabels: { app: web } } }]\n    ports: [{ port: 80 }]\n  - from: [{ podSelector: { matchLabels: { app: db } } }]\n    ports: [{ port: 80 }]\n  egress:\n  - to: [{ podSelector: { matchLabels: { app: db } } }]\n    ports: [{ port: 5432 }]\n`,
      ),
      'calico.yaml': `apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: { name: cal, namespace: shop }\nspec:\n  selector: app == 'db'\n  ingress:\n  - action: Allow\n    protocol: TCP\n    source: { selector: "app == 'api'" }\n    destination: { ports: [5432] }\n  egress:\n  - action: Allow\n`,
      'admin.yaml': `apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: { name: admin }\nspec:\n  tier: Admin\n  priority: 5\n  subject: { namespaces: { matchLabels: { kubernetes.io/metadata.name: shop } } }\n  ingress:\n  - action: Accept\n    from: [{ namespaces: { matchLabels: { team: a } } }]\n    protocols: [{ tcp: { destinationPort: { number: 81 } } }]\n`,
    };
    const { now, removed, kept, diff } = await applied(files, { counts: { 'net 0': 2 } });
    assert.deepEqual(removed.toSorted(), ['admin 0', 'cal 0', 'net 1']);
    assert.deepEqual(kept, ['net 0 unseen', 'cal 0 unseen'], 'of egress');
    assert.ok(diff.onlyRemoves);
    assert.match(
      now['calico.yaml']!,
      /ingress: \[\]\n {2}egress:\n {2}- action: Allow\n {2}types: \[Ingress, Egress\]\n$/,
    );
    assert.match(now['admin.yaml']!, /ingress: \[\]\n$/);
    const all = await applied(files, { counts: {}, words: ['--accept-gaps', '--output', 'json'] });
    assert.match(all.now['net.yaml']!, /ingress: \[\]\n {2}egress: \[\]\n {2}policyTypes: \[Ingress, Egress\]\n$/);
    assert.ok(all.diff.onlyRemoves);
  });

  it('is silent of what does not decide, and counts a rule of two planes once', async () => {
    const files = {
      'dry.yaml': istio('api', method('GET'), '').replace(
        'namespace: shop }',
        'namespace: shop, annotations: { istio.io/dry-run: "true" } }',
      ),
      'net.yaml': network(
        '  ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 80 }] }]\n',
      ),
    };
    const { removed, kept } = await applied(files, { counts: {}, planes: { l4: 'observe' } });
    assert.deepEqual([removed, kept], [[], []]);
  });

  const young = (name: string) => (answer: RulesAnswer) => ({
    ...answer,
    rules: answer.rules.map((row) => (row.name === name ? { ...row, since: hoursAgo(3) } : row)),
  });
  const files = { 'api.yaml': istio('api', method('GET') + method('PUT')) };

  it('leaves what is young, and workloads that nobody was seen to call', async () => {
    const both = { ...files, 'db.yaml': istio('db', method('PUT')) };
    const { removed, kept } = await applied(both, { counts: { 'api 0': 1 }, called: ['api'], rules: young('api') });
    assert.deepEqual([removed, kept], [[], ['api 1 young', 'db 0 unseen']]);
    const words = ['shop/db', '--accept-gaps', '--output', 'json'];
    const accepted = await applied(both, { counts: { 'api 0': 1 }, called: ['api'], rules: young('api'), words });
    assert.deepEqual([accepted.removed, accepted.kept], [['db 0'], []], 'of the policy that was asked for');
  });

  it('cuts nothing out of what it cannot write, and says so', async () => {
    const text = `apiVersion: v1\nkind: List\nitems:\n- ${istio('api', `  - to: &puts [{ operation: { methods: [PUT] } }]\n  - to: *puts\n    from: [{ source: { namespaces: [shop] } }]\n`).trimEnd().replaceAll('\n', '\n  ')}\n`;
    const { removed, kept } = await applied({ 'list.yaml': text }, { counts: {} });
    assert.deepEqual([removed, kept], [[], ['api 1 redundant', 'api 0 unwritable']]);
  });

  const refusals: readonly {
    readonly name: string;
    readonly seen: Partial<Seen>;
    readonly code: number;
    readonly why: RegExp;
  }[] = [
    {
      name: 'a window that is too short',
      seen: { words: ['--min-window', '10d', '--output', 'json'] },
      code: 1,
      why: /reaches back 200 hours, and --min-window wants 240 hours/,
    },
    {
      name: 'decisions without a row',
      seen: { rules: (answer) => ({ ...answer, deciders: [{ ...answer.deciders[0]!, overflow: 9 }] }) },
      code: 1,
      why: /9 decisions of this server have no row/,
    },
    {
      name: 'a silent decider',
      seen: {
        rules: (answer) => ({
          ...answer,
          deciders: [{ ...answer.deciders[0]!, decider: 'node-1', state: 'silent', why: 'it is off' }],
        }),
      },
      code: 1,
      why: /node-1 is silent: it is off/,
    },
    {
      name: 'a decider that died',
      seen: { requests: (answer) => ({ ...answer, deciders: [{ ...answer.deciders[0]!, lost: 1 }] }) },
      code: 1,
      why: /ended without a last word/,
    },
    {
      name: 'a decider that decides by other policies',
      seen: {
        rules: (answer) => {
          const {
            effect: _,
            counts: _c,
            file: _f,
            line: _l,
            column: _k,
            since: _s,
            standing: _t,
            ...named
          } = answer.rules[0]!;
          return { ...answer, elsewhere: [{ ...named, decider: 'node-1', count: 4, lastAt: hoursAgo(1) }] };
        },
      },
      code: 1,
      why: /node-1 decides by rule 0 of AuthorizationPolicy shop\/api, which is not in force here/,
    },
    {
      name: 'rules of another version of the files',
      seen: {
        rules: (answer) => ({ ...answer, rules: [...answer.rules, { ...answer.rules[0]!, text: 'x' }], ruleCount: 3 }),
      },
      code: 2,
      why: /the rules here are not those that were counted/,
    },
    {
      name: 'a policy that is not there',
      seen: { words: ['shop/gone'] },
      code: 2,
      why: /no policy in force is called shop\/gone/,
    },
  ];
  for (const { name, seen, code, why } of refusals)
    it(`refuses for ${name}`, async () => {
      const said = await tightened(files, { counts: { 'api 0': 1 }, ...seen });
      assert.equal(said.code, code);
      // Refused for gaps is an answer, and what could not be asked is an error.
      if (code === 1) assert.equal((JSON.parse(said.out) as { suggested: boolean }).suggested, false);
      else assert.equal(said.out, '');
      assert.match(said.err, why);
    });

  it('prints what changes and a patch for people, and writes the patch where it is asked to', async () => {
    const words = ['--write-patch', dir.at('tighter.patch')];
    const { out, err } = await tightened(files, { counts: { 'api 0': 1 }, words });
    assert.match(out, /^ +GRANT .*\nunused +AuthorizationPolicy shop\/api rule 1 /);
    assert.match(out, /\nremoved .* PUT .*shop\/api rule 1/);
    assert.doesNotMatch(out, /diff --git/);
    assert.match(err, /tighter\.patch is for `git apply` in /);
    execFileSync('git', ['apply', dir.at('tighter.patch')], { cwd: dir.at('.') });
    assert.equal(readFileSync(dir.at('policies/api.yaml'), 'utf8'), istio('api', method('GET')));
    writeFileSync(dir.at('policies/api.yaml'), files['api.yaml']);
    const piped = await tightened(files, { counts: { 'api 0': 1 }, words: [] });
    execFileSync('git', ['apply'], { cwd: dir.at('.'), input: piped.out });
    assert.equal(readFileSync(dir.at('policies/api.yaml'), 'utf8'), istio('api', method('GET')));
  });

  it('takes no answer of another version for one', async () => {
    const said = await tightened(files, { counts: {}, rules: () => ({ rules: 'none' }) as unknown as RulesAnswer });
    assert.equal(said.code, 2);
    assert.match(said.err, /rules\.json is no answer of GET \/v1\/rules: wrong at /);
  });
});
