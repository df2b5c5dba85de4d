/**
 * One Envoy on one stream: which configurations it is to have, and what it says of those that it was sent.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { GatehouseError } from '../../errors.ts';
import type { Node } from '../../gen/envoy/config/core/v3/base_pb.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { CallContext } from '../../transport/grpc-methods.ts';
import { type EnvoyBuild, envoyBuildOf, saidBy } from './envoy-build.ts';
import type { HolderPage } from './holders.ts';
import { askingConfigs, configNamed, type NativeConfig } from './native-config.ts';
import { type FollowedPolicy, keyOf, type NativeCaller, type NativeDeps, type NativeWorkload } from './native-deps.ts';

export interface Subscriber extends Disposable {
  /** Takes the Envoy's own words of itself: the first message has them. */
  introduce(node: Node | undefined): void;
  /**
   * What it is to have under these names, as of now; nothing for a name that means nothing here.
   * @throws GatehouseError as `NativeCaller.identities`; `not_entitled` when it says that it is of another workload
   */
  wanted(names: Iterable<string>): Promise<readonly NativeConfig[]>;
  sent(configs: readonly NativeConfig[]): void;
  holds(configs: readonly NativeConfig[]): void;
  /** What was refused is not offered to it again. */
  refused(configs: readonly NativeConfig[], words: string): void;
}

/** The nonce of the response after this one. */
export function nextNonce(last: { readonly nonce: string } | undefined): string {
  return `${Number.parseInt(last?.nonce ?? '0', 10) + 1}-${randomBytes(4).toString('hex')}`;
}

/** Opens the page of a stream. */
export function openSubscriber(deps: NativeDeps, caller: NativeCaller, { connection }: CallContext): Subscriber {
  return new OneSubscriber(deps, caller, connection.token);
}

/** Whose policy a stream follows now. */
interface At {
  readonly key: string;
  readonly spiffeId: SpiffeId;
  readonly policy: FollowedPolicy | undefined;
  readonly page: HolderPage;
}

/** There may be thousands: it is one object. */
class OneSubscriber implements Subscriber {
  readonly #deps: NativeDeps;
  readonly #caller: NativeCaller;
  readonly #connection: string;
  readonly #forget: () => void;
  /** Versions, the latest last. */
  readonly #refused = new Set<string>();
  #node: Node | undefined;
  #build: EnvoyBuild = { version: '', isTried: false };
  #at: At | undefined;

  constructor(deps: NativeDeps, caller: NativeCaller, connection: string) {
    this.#deps = deps;
    this.#caller = caller;
    this.#connection = connection;
    this.#forget = deps.revocations.subscribe(caller.wake);
    deps.observer.streamOpened();
  }

  introduce(node: Node | undefined): void {
    this.#node = node;
    this.#build = envoyBuildOf(node);
  }

  async wanted(names: Iterable<string>): Promise<readonly NativeConfig[]> {
    const spiffeId = identityOf(this.#node, await this.#caller.identities());
    const workload = this.#deps.workloadOf(spiffeId, saidBy(this.#node));
    const key = workload === undefined ? spiffeId : keyOf(workload);
    if (this.#at?.key !== key) this.#move(key, spiffeId, workload);
    return [...new Set(names)].flatMap((name) => this.#config(name) ?? []);
  }

  sent(configs: readonly NativeConfig[]): void {
    for (const each of configs) {
      this.#at?.page.sent(each);
      this.#deps.observer.sent(each);
    }
  }

  holds(configs: readonly NativeConfig[]): void {
    for (const each of configs) this.#at?.page.holds(each);
  }

  refused(configs: readonly NativeConfig[], words: string): void {
    for (const config of configs) {
      this.#refused.add(config.version);
      if (this.#refused.size > MOST_REFUSED) this.#refused.delete([...this.#refused][0]!);
      this.#at?.page.refused(config, words);
      if (this.#at) this.#deps.observer.refused(this.#at.spiffeId, this.#node?.id ?? '', config, words);
    }
  }

  #config(name: string): NativeConfig | undefined {
    if (!this.#build.isTried) return configNamed(name, untried, untried);
    const { revocations } = this.#deps;
    const config = configNamed(name, this.#at?.policy?.configs ?? unknown, revocations.value);
    return config !== undefined && this.#refused.has(config.version) ? configNamed(name, refused, refused) : config;
  }

  #move(key: string, spiffeId: SpiffeId, workload: NativeWorkload | undefined): void {
    const { follow, holders } = this.#deps;
    this.#leave();
    this.#at = {
      key,
      spiffeId,
      policy: workload && follow(workload, this.#caller.wake),
      page: holders.open({
        ...{ connection: this.#connection, spiffeId, node: this.#node?.id ?? '', build: this.#build },
      }),
    };
  }

  #leave(): void {
    this.#at?.policy?.[Symbol.dispose]();
    this.#at?.page[Symbol.dispose]();
    this.#at = undefined;
  }

  [Symbol.dispose](): void {
    this.#leave();
    this.#forget();
    this.#deps.observer.streamClosed();
  }
}

/** Of one stream: whoever refuses more is offered an old one again. */
const MOST_REFUSED = 16;

const untried = askingConfigs('trees were not tried on this version of Envoy');
const refused = askingConfigs('the Envoy refused its policy');
const unknown = askingConfigs('its namespace is not known');

/** The identity whose policy is wanted: the one that the Envoy names, of those that are its own. */
function identityOf(node: Node | undefined, identities: readonly SpiffeId[]): SpiffeId {
  const named = node?.id ?? '';
  const own = identities.find((each) => each === named);
  if (own !== undefined) return own;
  if (!named.startsWith('spiffe://')) return identities[0]!; // never empty
  const text = `this Envoy calls itself ${named}, which is not what it was attested to be: ${identities.join(', ')}`;
  throw new GatehouseError('not_entitled', text, { node: named, peerText: text });
}
