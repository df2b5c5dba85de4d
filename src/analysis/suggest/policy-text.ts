/**
 * Policies as they are written, each line with how often it was seen.
 * @module
 */
import type { MatchLabels } from './pod-labels.ts';
import type { SeenEdge } from './seen-edges.ts';

/** One workload, and what was seen of it. */
export interface Callee {
  readonly namespace: string;
  readonly name: string;
  readonly labels: MatchLabels;
  readonly edges: readonly SeenEdge[];
}

const quoted = (text: string | number): string => JSON.stringify(String(text));
const sum = (edges: readonly SeenEdge[]): number => edges.reduce((all, { count }) => all + count, 0);
const times = (edges: readonly SeenEdge[]): string => `# ${sum(edges)}`;
const byText = (a: string, b: string): number => (a < b ? -1 : 1);
const groups = <K>(edges: readonly SeenEdge[], keyOf: (edge: SeenEdge) => K) => [...Map.groupBy(edges, keyOf)];
const labelLines = (labels: MatchLabels, indent: string): readonly string[] =>
  Object.entries(labels).map(([key, value]) => `${indent}${quoted(key)}: ${quoted(value)}`);

function head(apiVersion: string, kind: string, { namespace, name }: Callee): readonly string[] {
  return [
    ...[`apiVersion: ${apiVersion}`, `kind: ${kind}`, 'metadata:'],
    ...[`  name: ${quoted(name)}`, `  namespace: ${quoted(namespace)}`, 'spec:'],
  ];
}

/** An AuthorizationPolicy that allows just that: a rule for callers who ask alike. */
export function authorizationPolicy(callee: Callee): string {
  const callers = groups(callee.edges, ({ caller }) => caller).toSorted(([a], [b]) => byText(a, b));
  const alike = Map.groupBy(callers, ([, edges]) =>
    operationsOf(edges)
      .map(({ key }) => key)
      .join('\n'),
  );
  const rules = [...alike.values()].flatMap((some) => {
    const principals = some.map(
      ([caller, edges]) => `        - ${quoted(caller.slice('spiffe://'.length))} ${times(edges)}`,
    );
    const operations = operationsOf(some.flatMap(([, edges]) => edges)).flatMap(({ lines }) => lines);
    return ['  - from:', '    - source:', '        principals:', ...principals, '    to:', ...operations];
  });
  return `${[
    ...head('security.istio.io/v1', 'AuthorizationPolicy', callee),
    ...['  action: ALLOW', '  selector:', '    matchLabels:', ...labelLines(callee.labels, '      '), '  rules:'],
    ...rules,
  ].join('\n')}\n`;
}

/** One of `to` a port and a set of paths, with all methods that were seen on just those. */
function operationsOf(
  edges: readonly SeenEdge[],
): readonly { readonly key: string; readonly lines: readonly string[] }[] {
  return groups(edges, ({ port }) => port)
    .toSorted(([a], [b]) => a - b)
    .flatMap(([port, some]) => {
      const portLines = ['    - operation:', '        ports:', `        - ${quoted(port)} ${times(some)}`];
      if (some.some(({ http }) => http === undefined)) return [{ key: `${port}`, lines: portLines }];
      const methods = groups(some, ({ http }) => http?.method ?? '').toSorted(([a], [b]) => byText(a, b));
      const pathsOf = (each: readonly SeenEdge[]): string =>
        [...new Set(each.map(({ http }) => http?.path ?? ''))].toSorted(byText).join('\n');
      return [...Map.groupBy(methods, ([, each]) => pathsOf(each))].map(([paths, same]) => {
        const all = same.flatMap(([, each]) => each);
        return {
          key: JSON.stringify([port, same.map(([method]) => method), paths]),
          lines: [
            ...['    - operation:', '        ports:', `        - ${quoted(port)} ${times(all)}`, '        methods:'],
            ...same.map(([method, each]) => `        - ${quoted(method)} ${times(each)}`),
            '        paths:',
            ...paths
              .split('\n')
              .map((path) => `        - ${quoted(path)} ${times(all.filter(({ http }) => http?.path === path))}`),
          ],
        };
      });
    });
}

/** The same, a rule an edge: nothing is put together, so that what is can be held against it. */
export function literalPolicy(callee: Callee): string {
  const rules = callee.edges.map(({ caller, port, http }) => ({
    from: [{ source: { principals: [caller.slice('spiffe://'.length)] } }],
    to: [{ operation: { ports: [String(port)], ...(http && { methods: [http.method], paths: [http.path] }) } }],
  }));
  return `${[
    ...head('security.istio.io/v1', 'AuthorizationPolicy', callee),
    ...['  action: ALLOW', '  selector:', '    matchLabels:', ...labelLines(callee.labels, '      ')],
    `  rules: ${JSON.stringify(rules)}`,
  ].join('\n')}\n`;
}

/** A NetworkPolicy that lets those callers in, at those ports. */
export function networkPolicy(
  callee: Callee,
  callerOf: (edge: SeenEdge) => { readonly namespace: string; readonly labels: MatchLabels },
): string {
  const callers = groups(callee.edges, ({ caller }) => caller).toSorted(([a], [b]) => byText(a, b));
  const rules = callers.flatMap(([, edges]) => {
    const { namespace, labels } = callerOf(edges[0]!); // groups have members
    const ports = groups(edges, ({ port }) => port).toSorted(([a], [b]) => a - b);
    return [
      `  - from: ${times(edges)}`,
      ...[
        '    - namespaceSelector:',
        '        matchLabels:',
        `          kubernetes.io/metadata.name: ${quoted(namespace)}`,
      ],
      ...['      podSelector:', '        matchLabels:', ...labelLines(labels, '          '), '    ports:'],
      ...ports.map(([port, some]) => `    - { port: ${port}, protocol: TCP } ${times(some)}`),
    ];
  });
  return `${[
    ...head('networking.k8s.io/v1', 'NetworkPolicy', callee),
    ...['  podSelector:', '    matchLabels:', ...labelLines(callee.labels, '      ')],
    ...['  policyTypes: [Ingress]', '  ingress:', ...rules],
  ].join('\n')}\n`;
}
