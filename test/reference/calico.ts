/**
 * A slow, plain evaluator of Calico policy that walks Calico's own data path: policies become tiers of rules, selectors become IP sets,
 * and the checker goes tier by tier, policy by policy, rule by rule. It shares the selector and path readers with the product and nothing else.
 *
 * It works on documents as a YAML reader gives them, and is what the compiled index is compared with.
 */
import { BlockList, isIP } from 'node:net';
import { parseSelector } from '../../src/policy/dialects/calico/selector.ts';
import { type LabelExpr, labelsMatch } from '../../src/policy/meaning/labels.ts';
import { normalisePath } from '../../src/policy/meaning/normal-path.ts';

// biome-ignore lint/suspicious/noExplicitAny: documents of any shape come in; a wrong one is a fault of the test's own data
type Doc = any;

export interface CalicoRequest {
  readonly source: {
    readonly address: string;
    readonly port: number;
    readonly principal: string;
    readonly labels: Record<string, string>;
  };
  readonly destination: {
    readonly address: string;
    readonly port: number;
    readonly principal: string;
    readonly labels: Record<string, string>;
  };
  /** IP protocol number. */
  readonly protocol: number;
  readonly http: { readonly method: string; readonly path: string } | undefined;
}

export type CalicoCode = 0 | 3 | 7;

export interface CalicoVerdict {
  readonly code: CalicoCode;
  /** Like the vectors' `by`: `tier|kind|namespace/name|rule index|action`. */
  readonly by: readonly string[];
}

type Labels = Map<string, string>;

interface Member {
  readonly labels: Labels;
  readonly nets: readonly string[];
}

const PROTOCOLS: Record<string, number> = { ICMP: 1, TCP: 6, UDP: 17, ICMPv6: 58, SCTP: 132, UDPLite: 136 };
const has = (object: unknown, key: string): boolean =>
  (object as Record<string, unknown> | undefined)?.[key] !== undefined;
const list = <T>(value: readonly T[] | undefined | null): readonly T[] => value ?? [];

/** Remembers what a function of one text gave: the documents repeat the same few texts. */
function remembered<T>(make: (text: string) => T): (text: string) => T {
  const made = new Map<string, T>();
  return (text) => {
    if (!made.has(text)) made.set(text, make(text));
    return made.get(text) as T;
  };
}

const read = remembered((text: string) => {
  const parsed = parseSelector(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.message}`);
  return parsed;
});

const selects = (selector: string, labels: Labels): boolean => labelsMatch(read(selector).expr, labels);

/** IPv4-mapped IPv6 is the IPv4 address. */
const plain = (address: string): string =>
  address.toLowerCase().startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;

const blockOf = remembered((net: string) => {
  const [base, bits] = net.split('/') as [string, string | undefined];
  const family: 4 | 6 = isIP(base) === 4 ? 4 : 6;
  const block = new BlockList();
  block.addSubnet(base, bits === undefined ? (family === 4 ? 32 : 128) : Number(bits), `ipv${family}`);
  return { family, block };
});

function inNets(address: string, nets: readonly string[]): boolean {
  const ip = plain(address);
  const family = isIP(ip);
  return nets.some((net) => {
    const wanted = blockOf(net);
    return wanted.family === family && wanted.block.check(ip, `ipv${wanted.family}`);
  });
}

export class CalicoReference {
  readonly #namespaces = new Map<string, Labels>();
  readonly #serviceAccounts = new Map<string, Labels>();
  readonly #pods: { readonly doc: Doc; readonly member: Member }[] = [];
  readonly #members: Member[] = [];
  readonly #policies: Doc[] = [];
  readonly #tiers = new Map<string, { order: number; deny: boolean; missing: boolean }>();

  constructor(documents: readonly Doc[]) {
    for (const d of documents) {
      if (d.kind === 'Namespace') this.#namespaces.set(d.metadata.name, this.#named(d));
      if (d.kind === 'ServiceAccount')
        this.#serviceAccounts.set(`${d.metadata.namespace}/${d.metadata.name}`, this.#named(d));
    }
    this.#tiers.set('default', { order: 1_000_000, deny: true, missing: false });
    for (const d of documents) this.#add(d);
  }

  /** The pods and network sets that hold an address. */
  readonly #holding = remembered((address: string) => this.#members.filter(({ nets }) => inNets(address, nets)));

  #named(d: Doc): Labels {
    return new Map([...Object.entries<string>(d.metadata.labels ?? {}), ['projectcalico.org/name', d.metadata.name]]);
  }

  #add(d: Doc): void {
    const own = Object.entries<string>(d.metadata?.labels ?? {});
    const namespace: string = d.metadata?.namespace ?? 'default';
    if (d.kind === 'Pod') {
      const labels: Labels = new Map(own);
      const sa: string = d.spec.serviceAccountName ?? 'default';
      labels
        .set('projectcalico.org/namespace', namespace)
        .set('projectcalico.org/orchestrator', 'k8s')
        .set('projectcalico.org/serviceaccount', sa);
      const inherited = [
        ...[...(this.#namespaces.get(namespace) ?? [])].map(([k, v]) => [`pcns.${k}`, v] as const),
        ...[...(this.#serviceAccounts.get(`${namespace}/${sa}`) ?? [])].map(([k, v]) => [`pcsa.${k}`, v] as const),
      ];
      for (const [k, v] of inherited) if (!labels.has(k)) labels.set(k, v);
      const member = { labels, nets: list<Doc>(d.status?.podIPs).map(({ ip }) => ip) };
      this.#pods.push({ doc: d, member });
      this.#members.push(member);
    } else if (d.kind === 'NetworkSet' || d.kind === 'GlobalNetworkSet') {
      const labels: Labels = new Map(own);
      if (d.kind === 'NetworkSet') {
        labels.set('projectcalico.org/namespace', namespace);
        for (const [k, v] of this.#namespaces.get(namespace) ?? []) labels.set(`pcns.${k}`, v);
      }
      // Its kernel rules find every address in a range, and so do the documents; its checker, as recorded, none (fixtures without).
      this.#members.push({ labels, nets: list<string>(d.spec.nets) });
    } else if (d.kind === 'NetworkPolicy' || d.kind === 'GlobalNetworkPolicy') {
      this.#policies.push(d);
    } else if (d.kind === 'Tier') {
      this.#tiers.set(d.metadata.name, {
        order: d.spec.order ?? Infinity,
        deny: d.spec.defaultAction !== 'Pass',
        missing: false,
      });
    }
  }

  check(request: CalicoRequest): CalicoVerdict {
    const endpoint = this.#pods.find(({ member }) =>
      member.nets.some((ip) => ip === plain(request.destination.address)),
    );
    if (!endpoint) throw new Error(`no pod has ${request.destination.address}`);
    const by: string[] = [];
    for (const [name, tier, policies] of this.#tiersOf(endpoint.doc.metadata.namespace, endpoint.member.labels)) {
      const verdict = this.#tier(name, policies, request, by);
      if (verdict === 'refused') return { code: 3, by };
      if (verdict === 'pass') continue;
      if (verdict !== undefined) return { code: verdict, by };
      const final = policies[0];
      const last = `${name}|${final.kind}|${final.metadata.namespace ? `${final.metadata.namespace}/` : ''}${final.metadata.name}|-1|${tier.deny ? 'Deny' : 'Pass'}`;
      by.push(last);
      if (tier.missing) return { code: 3, by };
      if (tier.deny) return { code: 7, by };
    }
    by.push('__PROFILE__|Profile|profile|0|Allow');
    return { code: 0, by };
  }

  /** Tiers that act on the endpoint's ingress, in order, with their policies in order. */
  #tiersOf(namespace: string, labels: Labels): [string, { deny: boolean; missing: boolean }, Doc[]][] {
    const byTier = new Map<string, Doc[]>();
    for (const p of this.#policies) {
      if (!this.#applies(p, namespace, labels)) continue;
      const tier: string = p.spec.tier || 'default';
      byTier.set(tier, [...(byTier.get(tier) ?? []), p]);
    }
    const key = (p: Doc): string => `${p.metadata.name}/${p.metadata.namespace ?? ''}/${p.kind}`;
    const text = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
    const out = [...byTier].map(
      ([name, policies]): [string, { order: number; deny: boolean; missing: boolean }, Doc[]] => [
        name,
        this.#tiers.get(name) ?? { order: Infinity, deny: true, missing: true },
        policies.toSorted((a, b) => {
          const [x, y] = [a.spec.order ?? Infinity, b.spec.order ?? Infinity];
          return x === y ? text(key(a), key(b)) : x - y;
        }),
      ],
    );
    return out.sort(([a, x], [b, y]) => {
      if (x.missing !== y.missing) return x.missing ? 1 : -1;
      return x.order === y.order ? text(a, b) : x.order - y.order;
    });
  }

  #applies(p: Doc, namespace: string, labels: Labels): boolean {
    const spec = p.spec ?? {};
    const ingress =
      has(spec, 'types') && spec.types.length > 0
        ? spec.types.includes('Ingress')
        : list(spec.ingress).length > 0 || list(spec.egress).length === 0;
    if (!ingress) return false;
    if (p.kind === 'NetworkPolicy' && p.metadata.namespace !== namespace) return false;
    if (!selects(spec.selector ?? '', labels)) return false;
    const under = (prefix: string): Labels =>
      new Map([...labels].filter(([k]) => k.startsWith(prefix)).map(([k, v]) => [k.slice(prefix.length), v]));
    if (spec.serviceAccountSelector && !selects(spec.serviceAccountSelector, under('pcsa.'))) return false;
    return !spec.namespaceSelector || selects(spec.namespaceSelector, under('pcns.'));
  }

  #tier(
    tier: string,
    policies: readonly Doc[],
    request: CalicoRequest,
    by: string[],
  ): CalicoCode | 'pass' | 'refused' | undefined {
    for (const p of policies) {
      for (const [index, rule] of list<Doc>(p.spec.ingress).entries()) {
        const met = this.#rule(rule, p, request);
        if (met === 'refused') return 'refused';
        if (!met || rule.action === 'Log') continue;
        by.push(
          `${tier}|${p.kind}|${p.metadata.namespace ? `${p.metadata.namespace}/` : ''}${p.metadata.name}|${index}|${rule.action}`,
        );
        return rule.action === 'Allow' ? 0 : rule.action === 'Deny' ? 7 : 'pass';
      }
    }
    return undefined;
  }

  #rule(rule: Doc, policy: Doc, request: CalicoRequest): boolean | 'refused' {
    if (!this.#end(rule.source ?? {}, policy, request.source)) return false;
    if (!this.#end(rule.destination ?? {}, policy, request.destination)) return false;
    const http = this.#http(rule.http, request);
    if (http !== true) return http;
    if (has(rule, 'protocol') && protocolOf(rule.protocol) !== request.protocol) return false;
    return !has(rule, 'notProtocol') || protocolOf(rule.notProtocol) !== request.protocol;
  }

  #end(entity: Doc, policy: Doc, end: CalicoRequest['source']): boolean {
    const own: string | undefined = policy.kind === 'NetworkPolicy' ? policy.metadata.namespace : undefined;
    const written = entity.serviceAccounts;
    const accounts = list(written?.names).length > 0 || written?.selector ? written : undefined;
    const scoped =
      own !== undefined && !entity.namespaceSelector && (entity.selector || entity.notSelector || accounts)
        ? own
        : undefined;
    const namespaces = entity.namespaceSelector ? read(entity.namespaceSelector) : undefined;

    const inSet = (selector: string | undefined, whole: boolean): boolean =>
      this.#holding(end.address).some(({ labels }) => {
        if (selector !== undefined && !selects(selector, labels)) return false;
        if (!whole) return true;
        const namespace = labels.get('projectcalico.org/namespace');
        if (scoped !== undefined && namespace !== scoped) return false;
        if (namespaces) {
          if (namespaces.global && namespace !== undefined) return false;
          // Calico writes all() here as "has a namespace", and asks everything else of labels that the namespaceless lack.
          const asked = new Map([
            ...prefixed(labels, 'pcns.'),
            ...(namespace === undefined ? [] : ([['!', '']] as const)),
          ]);
          if (!namespaces.global && !labelsMatch(withNamespace(namespaces.expr), asked)) return false;
        }
        if (accounts) {
          const name = labels.get('projectcalico.org/serviceaccount');
          if (list(accounts.names).length > 0 && (name === undefined || !accounts.names.includes(name))) return false;
          if (accounts.selector && !selects(accounts.selector, prefixed(labels, 'pcsa.'))) return false;
        }
        return true;
      });
    const positive = entity.selector || entity.namespaceSelector || accounts || scoped !== undefined;
    if (positive && !inSet(entity.selector || undefined, true)) return false;
    if (entity.notSelector && inSet(entity.notSelector, false)) return false;

    if (!this.#principal(end, accounts, namespaces, scoped)) return false;
    if (list(entity.nets).length > 0 && !inNets(end.address, entity.nets)) return false;
    if (list(entity.notNets).length > 0 && inNets(end.address, entity.notNets)) return false;
    if (list(entity.ports).length > 0 && !inPorts(end.port, entity.ports)) return false;
    return !(list(entity.notPorts).length > 0 && inPorts(end.port, entity.notPorts));
  }

  /** Conditions on the principal's namespace and service account; met where the principal is absent or of another form. */
  #principal(
    end: CalicoRequest['source'],
    accounts: Doc,
    namespaces: ReturnType<typeof read> | undefined,
    scoped: string | undefined,
  ): boolean {
    const match = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(end.principal);
    if (!match) return true;
    const [, namespace, name] = match as unknown as [string, string, string];
    if (scoped !== undefined && namespace !== scoped) return false;
    if (namespaces && !namespaces.global && !labelsMatch(namespaces.expr, this.#namespaces.get(namespace) ?? new Map()))
      return false;
    if (!accounts) return true;
    if (list(accounts.names).length > 0 && !accounts.names.includes(name)) return false;
    if (!accounts.selector) return true;
    const labels = new Map([
      ...Object.entries(end.labels),
      ...(this.#serviceAccounts.get(`${namespace}/${name}`) ?? []),
    ]);
    return selects(accounts.selector, labels);
  }

  #http(http: Doc, request: CalicoRequest): boolean | 'refused' {
    if (!http || !request.http) return true;
    const methods = list<string>(http.methods);
    if (methods.length > 0 && !methods.includes('*') && !methods.includes(request.http.method)) return false;
    const paths = list<Doc>(http.paths);
    if (paths.length === 0) return true;
    const path = normalisePath(request.http.path);
    if (path.is === 'relative') return 'refused';
    if (path.is !== 'path') return false;
    const asked = path.path;
    return paths.some(({ exact, prefix }) => {
      const wanted = normalisePath(exact ?? prefix);
      if (wanted.is !== 'path') return false;
      return (
        asked === wanted.path || (prefix !== undefined && (wanted.path === '/' || asked.startsWith(`${wanted.path}/`)))
      );
    });
  }
}

/** Every `all()` in it asks for the mark of what lives in a namespace. */
function withNamespace(expr: LabelExpr): LabelExpr {
  if (expr.op === 'not') return { op: 'not', of: withNamespace(expr.of) };
  if (expr.op !== 'all' && expr.op !== 'any') return expr;
  return expr.of.length === 0 ? { op: 'has', key: '!' } : { op: expr.op, of: expr.of.map(withNamespace) };
}

function prefixed(labels: Labels, prefix: string): Labels {
  return new Map([...labels].filter(([k]) => k.startsWith(prefix)).map(([k, v]) => [k.slice(prefix.length), v]));
}

function protocolOf(protocol: string | number): number {
  return typeof protocol === 'number' ? protocol : (PROTOCOLS[protocol] ?? Number(protocol));
}

/** A named port never matches: Calico's checker looks it up in sets of another shape. */
function inPorts(port: number, ports: readonly (string | number)[]): boolean {
  return ports.some((wanted) => {
    const [from, to] = String(wanted).split(':').map(Number) as [number, number | undefined];
    return port >= from && port <= (to ?? from);
  });
}
