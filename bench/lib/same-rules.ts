/**
 * One rule set in the language of every peer: this principal may use this method under this path prefix; four rules to a
 * principal. The request that hits matches rule N/2, the one that misses comes from the same principal and matches nothing.
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { PermissionSchema, PolicySchema } from '../../src/gen/envoy/config/rbac/v3/rbac_pb.ts';
import { cache } from './paths.ts';

export const sizes = [10, 1_000, 10_000] as const;
export const destination = 'spiffe://cluster.local/ns/shop/sa/backend';
const methods = ['GET', 'POST', 'PUT', 'DELETE'] as const;

export interface Rule {
  readonly namespace: string;
  readonly account: string;
  readonly method: string;
  readonly prefix: string;
}

const ruleAt = (i: number): Rule => {
  const account = Math.floor(i / 4);
  return {
    namespace: `ns-${account % 23}`,
    account: `sa-${account}`,
    method: methods[i % 4]!,
    prefix: `/api/v1/res-${(i * 7919) % 100_003}/`,
  };
};

export const rulesOf = (count: number): readonly Rule[] => Array.from({ length: count }, (_, i) => ruleAt(i));
export const principalOf = ({ namespace, account }: Rule): string =>
  `spiffe://cluster.local/ns/${namespace}/sa/${account}`;

export interface Asked {
  readonly principal: string;
  readonly method: string;
  readonly path: string;
}

export type Word = 'hit' | 'miss';

export function askedOf(count: number, word: Word): Asked {
  const rule = ruleAt(Math.floor(count / 2));
  const path = word === 'hit' ? `${rule.prefix}items/42?page=3&sort=name` : '/internal/admin/users/42?page=3&sort=name';
  return { principal: principalOf(rule), method: rule.method, path };
}

/** What is ours to serve: one ALLOW policy of N rules, or a document a rule. */
export function istioYaml(rules: readonly Rule[], documents: boolean): string {
  const lines = ({ namespace, account, method, prefix }: Rule): string =>
    `  - from:\n    - source:\n        principals: ["cluster.local/ns/${namespace}/sa/${account}"]\n` +
    `    to:\n    - operation:\n        methods: ["${method}"]\n        paths: ["${prefix}*"]\n`;
  const head = (name: string): string =>
    `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata:\n  name: ${name}\n  namespace: shop\nspec:\n  action: ALLOW\n  rules:\n`;
  if (documents) return rules.map((rule, i) => head(`rule-${i}`) + lines(rule)).join('---\n');
  return head('peers') + rules.map(lines).join('');
}

/** As Istio's own translation has it, which Envoy tries one after the other. */
export function ordinaryRbac(rules: readonly Rule[]): Record<string, MessageInitShape<typeof PolicySchema>> {
  return Object.fromEntries(
    rules.map((rule, i) => {
      const text = (matchPattern: { readonly case: 'exact' | 'prefix'; readonly value: string }) => ({ matchPattern });
      const method = text({ case: 'exact', value: rule.method });
      const path = text({ case: 'prefix', value: rule.prefix });
      const principalName = text({ case: 'exact', value: principalOf(rule) });
      const operation = [
        anyRule({
          case: 'header',
          value: { name: ':method', headerMatchSpecifier: { case: 'stringMatch', value: method } },
        }),
        anyRule({ case: 'urlPath', value: { rule: { case: 'path', value: path } } }),
      ];
      const caller = { identifier: { case: 'authenticated' as const, value: { principalName } } };
      const source = { identifier: { case: 'orIds' as const, value: { ids: [caller] } } };
      return [
        `ns[shop]-policy[rule-${i}]-rule[0]`,
        {
          permissions: [{ rule: { case: 'andRules' as const, value: { rules: operation } } }],
          principals: [{ identifier: { case: 'andIds' as const, value: { ids: [source] } } }],
        },
      ];
    }),
  );
}

const anyRule = (rule: MessageInitShape<typeof PermissionSchema>['rule'] & {}) => ({
  rule: { case: 'orRules' as const, value: { rules: [{ rule }] } },
});

const regoHead = 'package envoy.authz\n\ndefault allow := false\n';

function regoLiteral(rules: readonly Rule[]): string {
  const one = (rule: Rule): string =>
    `\nallow if {\n\tinput.attributes.source.principal == "${principalOf(rule)}"\n` +
    `\tinput.attributes.request.http.method == "${rule.method}"\n` +
    `\tstartswith(input.attributes.request.http.path, "${rule.prefix}")\n}\n`;
  return regoHead + rules.map(one).join('');
}

const regoByPrincipal = `${regoHead}
allow if {
	some rule in data.acl[input.attributes.source.principal]
	rule.method == input.attributes.request.http.method
	startswith(input.attributes.request.http.path, rule.prefix)
}
`;

function accessLists(rules: readonly Rule[]): Record<string, { method: string; prefix: string }[]> {
  const lists: Record<string, { method: string; prefix: string }[]> = {};
  for (const rule of rules) {
    const principal = principalOf(rule);
    lists[principal] ??= [];
    lists[principal].push({ method: rule.method, prefix: rule.prefix });
  }
  return lists;
}

/** One principal policy a principal: Cerbos's own index. */
function cerbosPolicies(rules: readonly Rule[]): readonly unknown[] {
  return Object.entries(accessLists(rules)).map(([principal, grants]) => ({
    apiVersion: 'api.cerbos.dev/v1',
    principalPolicy: {
      principal,
      version: 'default',
      rules: [
        {
          resource: 'http',
          actions: Object.entries(Object.groupBy(grants, ({ method }) => method)).map(([action, some = []]) => ({
            action,
            effect: 'EFFECT_ALLOW',
            condition: {
              match: { expr: some.map(({ prefix }) => `R.attr.path.startsWith("${prefix}")`).join(' || ') },
            },
          })),
        },
      ],
    },
  }));
}

export const folderOf = (count: number): string => join(cache, 'sets', String(count));

/** Writes the set of every size in every language. */
export function writeSets(): void {
  for (const count of sizes) {
    const folder = folderOf(count);
    const rules = rulesOf(count);
    mkdirSync(join(folder, 'cerbos'), { recursive: true });
    mkdirSync(join(folder, 'istio'), { recursive: true });
    const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    write('istio/policy.yaml', istioYaml(rules, false));
    write('literal.rego', regoLiteral(rules));
    write('by-principal.rego', regoByPrincipal);
    write('by-principal.json', JSON.stringify({ acl: accessLists(rules) }));
    const forSync = rules.map(({ namespace, account, method, prefix }) => ({
      Namespace: namespace,
      Account: account,
      Method: method,
      Prefix: prefix,
    }));
    write('rules.json', JSON.stringify(forSync));
    for (const [i, policy] of cerbosPolicies(rules).entries()) {
      write(`cerbos/principal-${String(i).padStart(5, '0')}.json`, JSON.stringify(policy));
    }
  }
}
