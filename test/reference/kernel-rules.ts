/**
 * Kubernetes network policy as nftables rules of the router between pods: addresses and ports, as a network plugin would write them.
 * Written from the documentation of NetworkPolicy; shares nothing with the product.
 * @module
 */

// biome-ignore lint/suspicious/noExplicitAny: documents of any shape come in; a wrong one is a fault of the test's own data
type Doc = any;

const list = (value: Doc): readonly Doc[] => value ?? [];

interface Pod {
  readonly namespace: string;
  readonly labels: Record<string, string>;
  readonly address: string;
  readonly ports: readonly { readonly name: string; readonly containerPort: number; readonly protocol: string }[];
}

/** A ruleset for `nft -f`. Whatever no rule lets pass is rejected at once. */
export function kernelRules(policies: readonly Doc[], registry: readonly Doc[]): string {
  const namespaces = new Map<string, Record<string, string>>(
    registry.filter(({ kind }) => kind === 'Namespace').map((d) => [d.metadata.name, d.metadata.labels ?? {}]),
  );
  const pods = registry
    .filter(({ kind }) => kind === 'Pod')
    .map(
      (d): Pod => ({
        namespace: d.metadata.namespace,
        labels: d.metadata.labels ?? {},
        address: d.status.podIPs[0].ip,
        ports: list(d.spec.containers).flatMap((container) => list(container.ports)),
      }),
    );
  const chains: string[] = [];
  const jumps: string[] = [];
  for (const [i, pod] of pods.entries()) {
    for (const direction of ['egress', 'ingress'] as const) {
      const isolating = policies.filter((policy) => isolates(policy, pod, direction));
      if (isolating.length === 0) continue;
      const name = `${direction}${i}`;
      const allowed = isolating.flatMap((policy) =>
        list(policy.spec[direction]).flatMap((rule) => matchesOf(rule, policy, direction, pod, pods, namespaces)),
      );
      chains.push(
        `chain ${name} {\n${allowed.map((match) => `${match} return\n`).join('')}meta l4proto tcp reject with tcp reset\n}`,
      );
      jumps.push(`ip ${direction === 'egress' ? 'saddr' : 'daddr'} ${pod.address} jump ${name}`);
    }
  }
  const forward = `chain between {\ntype filter hook forward priority 0; policy accept;\nct state established,related accept\n${jumps.join('\n')}\n}`;
  return `table inet pods {\n${[...chains, forward].join('\n')}\n}\n`;
}

function isolates({ metadata, spec }: Doc, pod: Pod, direction: 'ingress' | 'egress'): boolean {
  const written: readonly string[] = list(spec.policyTypes);
  const types = written.length > 0 ? written : ['Ingress', ...(list(spec.egress).length > 0 ? ['Egress'] : [])];
  return (
    types.includes(direction === 'ingress' ? 'Ingress' : 'Egress') &&
    metadata.namespace === pod.namespace &&
    selects(spec.podSelector, pod.labels)
  );
}

function selects(selector: Doc, labels: Record<string, string>): boolean {
  return (
    Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
    list(selector?.matchExpressions).every(({ key, operator, values }) => {
      const has = key in labels;
      if (operator === 'Exists') return has;
      if (operator === 'DoesNotExist') return !has;
      const among = has && values.includes(labels[key]);
      return operator === 'In' ? among : !among;
    })
  );
}

/** One nftables match for each peer and port that a rule names; an empty one matches everything. */
function matchesOf(
  rule: Doc,
  policy: Doc,
  direction: 'ingress' | 'egress',
  self: Pod,
  pods: readonly Pod[],
  namespaces: ReadonlyMap<string, Record<string, string>>,
): string[] {
  const peers = list(direction === 'ingress' ? rule.from : rule.to);
  const field = direction === 'ingress' ? 'saddr' : 'daddr';
  const whom =
    peers.length === 0
      ? ['']
      : peers.flatMap((peer): string[] => {
          if (peer.ipBlock) {
            const except = list(peer.ipBlock.except).join(', ');
            return [`ip ${field} ${peer.ipBlock.cidr}${except === '' ? '' : ` ip ${field} != { ${except} }`}`];
          }
          const chosen = pods.filter(
            (pod) =>
              (peer.namespaceSelector
                ? selects(peer.namespaceSelector, namespaces.get(pod.namespace) ?? {})
                : pod.namespace === policy.metadata.namespace) && selects(peer.podSelector, pod.labels),
          );
          return chosen.length === 0 ? [] : [`ip ${field} { ${chosen.map(({ address }) => address).join(', ')} }`];
        });
  const ports = list(rule.ports);
  const where =
    ports.length === 0 ? [''] : ports.flatMap((port) => portMatches(port, direction === 'ingress' ? [self] : pods));
  return whom.flatMap((who) => where.map((port) => `${who} ${port}`));
}

function portMatches({ protocol = 'TCP', port, endPort }: Doc, destinations: readonly Pod[]): string[] {
  const name = protocol.toLowerCase();
  if (port === undefined) return [`meta l4proto ${name}`];
  if (typeof port === 'number') return [`${name} dport ${port}-${endPort ?? port}`];
  return destinations.flatMap((pod) =>
    pod.ports
      .filter((own) => own.name === port && own.protocol === protocol)
      .map((own) => `ip daddr ${pod.address} ${name} dport ${own.containerPort}`),
  );
}
