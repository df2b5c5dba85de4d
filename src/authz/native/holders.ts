/**
 * The book of Envoys that decide themselves: which version each holds, what it refused, and who has not answered.
 * @module
 */
import type { EnvoyBuild } from './envoy-build.ts';
import { resourceNames } from './names.ts';
import type { NativeConfig } from './native-config.ts';

/** Who is at the other end of a stream. */
export interface HolderName {
  /** Of the connection: an Envoy asks for each resource on a stream of its own. */
  readonly connection: string;
  readonly spiffeId: string;
  /** What the Envoy calls itself; never proof. */
  readonly node: string;
  readonly build: EnvoyBuild;
}

/** One resource of one stream. */
export interface HeldConfig {
  readonly resource: string;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  readonly sentVersion: string;
  /** The last that it acknowledged; `''`: none yet. */
  readonly version: string;
  /** Why everything is asked about by what was sent last; `''`: not everything is. */
  readonly asks: string;
  readonly revocationSequence: number;
  /** The last refusal, until a policy is held that does not ask about everything. */
  readonly refused: { readonly version: string; readonly words: string; readonly at: number } | undefined;
}

export interface Holder extends HolderName {
  readonly configs: readonly HeldConfig[];
}

/** One stream's page in the book, until disposed. */
export interface HolderPage extends Disposable {
  sent(config: NativeConfig): void;
  /** It has that version by its own word, of which nothing needs to be sent: it came with it, or it acknowledged it. */
  holds(config: NativeConfig): void;
  refused(config: NativeConfig, words: string): void;
}

export interface Holders {
  open(name: HolderName): HolderPage;
  all(): readonly Holder[];
  /** Resolves, within `timeoutMs`, with the Envoys that do not refuse by the revocations of that sequence. */
  behindRevocations(sequence: number, timeoutMs: number): Promise<readonly Holder[]>;
}

/** Resources by which Envoys refuse who was revoked. */
export const ofRevocations: readonly string[] = [
  resourceNames.request,
  resourceNames.facts,
  resourceNames.revocations,
  resourceNames.networkRevocations,
];

/** What an Envoy says of why it refuses may be long. */
const MOST_WORDS = 512;

/** Creates an empty book. */
export function createHolders(now: () => number): Holders {
  const pages = new Map<object, { readonly name: HolderName; readonly configs: Map<string, HeldConfig> }>();
  const waiting = new Set<() => void>();
  const look = (): void => {
    for (const each of [...waiting]) each();
  };
  const all = (): Holder[] =>
    [...pages.values()].map(({ name, configs }) => ({ ...name, configs: [...configs.values()] }));
  return {
    open(name) {
      const configs = new Map<string, HeldConfig>();
      const page = {};
      pages.set(page, { name, configs });
      const note = (config: NativeConfig, change: Partial<HeldConfig>): void => {
        configs.set(config.name, { ...(configs.get(config.name) ?? nothing(config.name)), ...change });
        look();
      };
      return {
        sent(config) {
          note(config, { sentVersion: config.version, sentAt: now() });
        },
        holds({ name: resource, version, asks, revocationSequence }) {
          const before = configs.get(resource) ?? nothing(resource);
          const isSame = before.version === version && before.revocationSequence === revocationSequence;
          if (isSame && before.sentVersion === version) return;
          const sentAt = before.sentVersion === version ? before.sentAt : now();
          const refused = asks === '' ? undefined : before.refused; // else it is what it asks for
          configs.set(resource, {
            ...before,
            sentVersion: version,
            sentAt,
            version,
            asks,
            revocationSequence,
            refused,
          });
          look();
        },
        refused(config, words) {
          note(config, { refused: { version: config.version, words: words.slice(0, MOST_WORDS), at: now() } });
        },
        [Symbol.dispose]() {
          pages.delete(page);
          look();
        },
      };
    },
    all,
    behindRevocations(sequence, timeoutMs) {
      const isBehind = (configs: ReadonlyMap<string, HeldConfig>): boolean => {
        return ofRevocations.some((name) => (configs.get(name)?.revocationSequence ?? sequence) < sequence);
      };
      // Asked at every acknowledgement, of which there are as many as pages: the first one is enough.
      const isDone = (): boolean => {
        for (const { configs } of pages.values()) if (isBehind(configs)) return false;
        return true;
      };
      const behind = (): Holder[] =>
        [...pages.values()]
          .filter(({ configs }) => isBehind(configs))
          .map(({ name, configs }) => ({ ...name, configs: [...configs.values()] }));
      return until(isDone, waiting, timeoutMs).then(behind);
    },
  };
}

const nothing = (resource: string): HeldConfig => ({
  ...{ resource, sentAt: 0, sentVersion: '', version: '', asks: '', revocationSequence: -1, refused: undefined },
});

/** Resolves when `done`, looked at whenever a page changes, or when the time is over. */
function until(done: () => boolean, waiting: Set<() => void>, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      waiting.delete(look);
      resolve();
    };
    const look = (): void => {
      if (done()) finish();
    };
    const timer = setTimeout(finish, timeoutMs);
    waiting.add(look);
    look();
  });
}
