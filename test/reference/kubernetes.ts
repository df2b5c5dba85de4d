/**
 * A slow, plain evaluator of Kubernetes NetworkPolicy v1, written from its documentation: isolation per pod and direction, union of rules,
 * a connection needs both sides. It shares nothing with the product.
 */
import { BlockList, isIP } from 'node:net';

// biome-ignore lint/suspicious/noExplicitAny: documents of any shape come in; a wrong one is a fault of the test's own data
type Doc = any;

export interface Connection {
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

const list = (value: Doc): readonly Doc[] => value ?? [];

function selects(selector: Doc, labels: Record<string, string>): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    equal &&
    list(selector.matchExpressions).every(({ key, operator, values }) => {
      if (operator === 'Exists') return key in labels;
      if (operator === 'DoesNotExist') return !(key in labels);
      const among = key in labels && values.includes(labels[key]);
      return operator === 'In' ? among : !among;
    })
  );
}

function within(address: string, cidr: string): boolean {
  const [base, bits] = cidr.split('/') as [string, string];
  const family = isIP(base) === 4 ? 'ipv4' : 'ipv6';
  if (isIP(address) !== isIP(base)) return false;
  const block = new BlockList();
  block.addSubnet(base, Number(bits), family);
  return block.check(address, family);
}

export class KubernetesReference {
  readonly #policies: readonly Doc[];
  readonly #pods: readonly Doc[];
  readonly #namespaces: ReadonlyMap<string, Record<string, string>>;

  constructor(documents: readonly Doc[]) {
    this.#policies = documents.filter(({ kind }) => kind === 'NetworkPolicy');
    this.#pods = documents.filter(({ kind }) => kind === 'Pod');
    this.#namespaces = new Map(
      documents.filter(({ kind }) => kind === 'Namespace').map((d) => [d.metadata.name, d.metadata.labels ?? {}]),
    );
  }

  allows(connection: Connection): boolean {
    return this.#passes('Egress', connection) && this.#passes('Ingress', connection);
  }

  #podAt(address: string): Doc {
    return this.#pods.find((pod) => list(pod.status.podIPs).some(({ ip }) => ip === address));
  }

  #passes(direction: 'Ingress' | 'Egress', connection: Connection): boolean {
    const pod = this.#podAt(direction === 'Ingress' ? connection.destination : connection.source);
    if (!pod) return true;
    const isolating = this.#policies.filter((policy) => {
      const types =
        list(policy.spec.policyTypes).length > 0
          ? policy.spec.policyTypes
          : ['Ingress', ...(list(policy.spec.egress).length === 0 ? [] : ['Egress'])];
      return (
        types.includes(direction) &&
        policy.metadata.namespace === pod.metadata.namespace &&
        selects(policy.spec.podSelector ?? {}, pod.metadata.labels ?? {})
      );
    });
    if (isolating.length === 0) return true;
    const [field, peers] = direction === 'Ingress' ? ['ingress', 'from'] : ['egress', 'to'];
    return isolating.some((policy) =>
      list(policy.spec[field!]).some(
        (rule) =>
          this.#peer(
            list(rule[peers!]),
            policy.metadata.namespace,
            direction === 'Ingress' ? connection.source : connection.destination,
          ) && this.#port(list(rule.ports), connection),
      ),
    );
  }

  #peer(peers: readonly Doc[], namespace: string, address: string): boolean {
    if (peers.length === 0) return true;
    const pod = this.#podAt(address);
    return peers.some(({ podSelector, namespaceSelector, ipBlock }) => {
      if (ipBlock)
        return within(address, ipBlock.cidr) && !list(ipBlock.except).some((except) => within(address, except));
      if (!pod) return false;
      const inNamespace = namespaceSelector
        ? selects(namespaceSelector, this.#namespaces.get(pod.metadata.namespace) ?? {})
        : pod.metadata.namespace === namespace;
      return inNamespace && (!podSelector || selects(podSelector, pod.metadata.labels ?? {}));
    });
  }

  #port(ports: readonly Doc[], { destination, port, protocol }: Connection): boolean {
    if (ports.length === 0) return true;
    return ports.some((wanted) => {
      if ((wanted.protocol ?? 'TCP') !== protocol) return false;
      if (wanted.port === undefined) return true;
      if (typeof wanted.port === 'number') return port >= wanted.port && port <= (wanted.endPort ?? wanted.port);
      const named = list(this.#podAt(destination)?.spec.containers).flatMap(({ ports: own }) => list(own));
      return named.some(
        (own) => own.name === wanted.port && own.containerPort === port && (own.protocol ?? 'TCP') === protocol,
      );
    });
  }
}
