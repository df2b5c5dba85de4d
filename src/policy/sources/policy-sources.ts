/**
 * Policy files, watched: the model that is in force now, and what keeps files from coming into force.
 * @module
 */
import { sep } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { createWatchable, type Watchable, type WatchableSource } from '../../lib/watchable.ts';
import type { DialectOptions } from '../dialects/contribution.ts';
import { isObjectPlace } from '../documents/position.ts';
import { applyIgnores } from '../ignores.ts';
import { type JoinOptions, joinPolicies, type PolicySet, withRegistry } from '../load.ts';
import type { Absence } from '../model.ts';
import type { PolicyFile } from '../read-policies.ts';
import type { Endpoint } from '../registry/registry.ts';
import { type Candidate, type Choice, chooseInForce, chooseKeepingPods, withOthers } from './choose-in-force.ts';
import { DirectoryWatch, type WatchTimes } from './directory-watch.ts';
import { ignoreRule } from './ignore-rule.ts';
import type { LastGoodStore } from './last-good-store.ts';
import { LastGoodWriter } from './last-good-writer.ts';
import { emptied, type Look, type Looked, refuseToStart } from './look.ts';
import { type ObjectFile, type ObjectSource, type TakenKeys, takenBy } from './object-source.ts';
import type { PolicyPath } from './policy-path.ts';
import { ReadCache } from './read-cache.ts';
import { type Missing, scan } from './scan.ts';
import { emptyFinding, lookFinding, missingFinding } from './source-findings.ts';

/** Which paths are read, and how. */
export interface PolicySourceOptions extends DialectOptions {
  readonly paths: readonly PolicyPath[];
  readonly absence: Absence;
  readonly planes?: NonNullable<JoinOptions['planes']>;
  readonly hops?: readonly string[];
  readonly owners?: readonly (readonly [path: string, owner: string])[];
  readonly ignoreBy?: readonly string[] | undefined;
  /** Workloads from configuration: endpoints beside those of registry files. */
  readonly endpoints?: readonly Endpoint[];
  readonly watch?: Partial<WatchTimes>;
}

/** What the sources need of their surroundings. */
export interface PolicySourceDeps {
  readonly clock: Clock;
  readonly lastGood: LastGoodStore;
  /** What stands in no file. */
  readonly objects?: ObjectSource | undefined;
  /** Told of failures outside of any call: content that could not be stored for the next start, a failed look. */
  readonly onError?: (thrown: unknown) => void;
}

/** What is in force, and why not all of it is new. */
export interface PolicyLoad extends PolicySet {
  readonly generation: number;
  /** The same without what single files say. */
  readonly set: PolicySet;
  /** `file:line` of what keeps a file from coming into force; a path that is away is named as it is. */
  readonly degraded: readonly string[];
  /** No document of ours is in force. */
  readonly isEmpty: boolean;
  /** What is in force, file by file; the same list as long as it is the same. */
  readonly inForce: readonly PolicyFile[];
}

/** Policy files that are read and watched. */
export interface PolicySources extends AsyncDisposable {
  /** Replaced whole; its `generation` and `model` change only if what is in force changes. */
  readonly current: Watchable<PolicyLoad>;
  /** Looks now, without waiting for a change to be told. @param endpoints  from now on in place of those of the options */
  reload(endpoints?: readonly Endpoint[]): Promise<PolicyLoad>;
}

const defaultTimes: WatchTimes = { quietMs: 100, movedMs: 20, mostMs: 1000, pollMs: 10_000 };

/**
 * Reads the paths and goes on watching them.
 *
 * @throws GatehouseError `policy_invalid` if a path is not there, or a file is broken and was never in force;
 *   `details.findings` say all of it
 */
export async function openPolicySources(options: PolicySourceOptions, deps: PolicySourceDeps): Promise<PolicySources> {
  const sources = new FileSources(options, deps);
  try {
    await sources.start();
  } catch (thrown) {
    await sources[Symbol.asyncDispose]();
    throw thrown;
  }
  return sources;
}

/** What is looked at anew: paths and objects, or objects alone. */
type LookAt = 'paths' | 'objects';

class FileSources implements PolicySources {
  readonly #options: PolicySourceOptions;
  readonly #deps: PolicySourceDeps;
  readonly #cache: ReadCache;
  readonly #watch: DirectoryWatch;
  readonly #lastGood: LastGoodWriter;
  #current: WatchableSource<PolicyLoad> | undefined;
  #inForce: readonly PolicyFile[] = [];
  #running: Promise<unknown> = Promise.resolve();
  /** What was published last after a whole look, and by what. */
  #last: { readonly load: PolicyLoad; readonly choice: Choice; readonly look: Look } | undefined;
  #taken: TakenKeys = new Map();
  /** The paths as they were looked at last. */
  #paths: Look = { files: new Map(), missing: [] };
  readonly #unsubscribe: (() => void) | undefined;
  #closed = false;
  #endpoints: readonly Endpoint[];

  constructor(options: PolicySourceOptions, deps: PolicySourceDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#endpoints = options.endpoints ?? [];
    this.#cache = new ReadCache({ ...options, forClusters: 'warning' }, deps.clock);
    this.#lastGood = new LastGoodWriter(deps.lastGood, (thrown) => deps.onError?.(thrown));
    const times = { ...defaultTimes, ...options.watch };
    const failed = (thrown: unknown): void => deps.onError?.(thrown);
    this.#watch = new DirectoryWatch(times, () => void this.reload().catch(failed));
    this.#unsubscribe = deps.objects?.subscribe(() => void this.#next(this.#endpoints, 'objects').catch(failed));
  }

  get current(): Watchable<PolicyLoad> {
    if (this.#current === undefined) throw new TypeError('the sources have not started');
    return this.#current;
  }

  async start(): Promise<void> {
    const look = await this.#look('paths');
    let choice = chooseInForce(this.#candidates(look));
    if (choice.degraded.length > 0) choice = chooseInForce(await this.#withStored(look));
    refuseToStart(look, choice);
    const set = joinPolicies(choice.inForce, { ...this.#options, generation: 1 });
    this.#accept(choice, look);
    this.#current = createWatchable(withMissing(this.#loadOf(set, choice, look, 1), look.missing));
    this.#lastGood.retain(new Set(look.files.keys()));
  }

  reload(endpoints?: readonly Endpoint[]): Promise<PolicyLoad> {
    return this.#next(endpoints, 'paths');
  }

  #next(endpoints: readonly Endpoint[] | undefined, at: LookAt): Promise<PolicyLoad> {
    const next = this.#running.then(() => this.#reload(endpoints ?? this.#endpoints, at)).catch(this.#lookFailed);
    this.#running = next.catch(() => {});
    return next;
  }

  /** Rejects for the caller and publishes the failure: what was in force stays, and nothing that is new comes into force. */
  readonly #lookFailed = (thrown: unknown): never => {
    const before = this.current.value;
    const path = this.#options.paths[0]?.path ?? '';
    const finding = lookFinding(path, thrown);
    this.#publish({ ...before, degraded: [`policies: ${finding.message}`], findings: [finding] });
    throw thrown;
  };

  /** What the paths hold, looked at anew or as it was, and what stands in no file. */
  async #look(at: LookAt): Promise<Look> {
    if (at === 'paths') this.#paths = await this.#lookAtPaths();
    const { objects } = this.#deps;
    if (objects === undefined) return this.#paths;
    const files = new Map(this.#paths.files);
    this.#taken = takenBy([...files.values()].map(({ policies }) => policies));
    const found = objects.files(this.#taken);
    for (const { file, policies, lastGood, isConfined } of [...found.policies, ...found.registry]) {
      const seen = { namespaces: isConfined ? [] : undefined, kinds: undefined, defaultNamespace: undefined };
      files.set(file, { text: undefined, policies, seen, lastGood });
    }
    return { files, missing: this.#paths.missing, objects: found };
  }

  /** Finds and reads everything. Looks again as long as directories appear that were not watched yet. */
  async #lookAtPaths(): Promise<Look> {
    let seen = scan(this.#options.paths);
    for (let round = 0; !this.#closed && this.#watch.follow(seen.directories) && round < 5; round++) {
      seen = scan(this.#options.paths);
    }
    const files = new Map<string, Looked>();
    for (const [i, file] of seen.files.entries()) {
      if (i % 100 === 99) await new Promise(setImmediate);
      files.set(file.file, { ...this.#cache.read(file), seen: file });
    }
    return { files, missing: seen.missing };
  }

  #candidates({ files, missing }: Look): readonly Candidate[] {
    const lastGood = new Map(this.#inForce.map((policies) => [policies.file, policies]));
    const out: Candidate[] = [];
    for (const [file, { seen, text, policies, lastGood: sound }] of files) {
      const before = lastGood.get(file) ?? sound;
      const isConfined = seen.namespaces !== undefined;
      out.push({ file, now: emptied(policies, text, before) ?? policies, lastGood: before, isConfined });
    }
    for (const [file, policies] of lastGood) {
      const away = files.has(file) ? undefined : missing.find(({ path }) => liesUnder(file, path));
      if (away !== undefined) out.push({ file, now: undefined, lastGood: policies, isConfined: away.isConfined });
    }
    return out;
  }

  /** The candidates of a start, with what was in force before it. */
  #withStored({ files }: Look): Promise<readonly Candidate[]> {
    const candidates = [...files].map(async ([file, { seen, text, policies, lastGood: sound }]): Promise<Candidate> => {
      const isConfined = seen.namespaces !== undefined;
      if (isObjectPlace(file)) return { file, now: policies, lastGood: sound, isConfined };
      const kept = await this.#deps.lastGood.get(file).catch(() => undefined);
      if (kept === undefined) return { file, now: policies, lastGood: undefined, isConfined };
      if (kept === text) return { file, now: policies, lastGood: policies, isConfined };
      const stored = this.#cache.parse(file, kept, seen);
      const lastGood = stored.hasErrors ? undefined : stored;
      return { file, now: emptied(policies, text, lastGood) ?? policies, lastGood, isConfined };
    });
    return Promise.all(candidates);
  }

  async #reload(endpoints: readonly Endpoint[], at: LookAt): Promise<PolicyLoad> {
    const before = this.current.value;
    if (this.#closed) return before;
    const quick = at === 'objects' && endpoints === this.#endpoints ? this.#otherRegistry(before) : undefined;
    if (quick !== undefined) return this.#publish(quick);
    const look = await this.#look(at);
    const choice = chooseKeepingPods(this.#candidates(look), this.#inForce);
    // A cluster says of each object that it is gone; files may only be away.
    if (
      !choice.inForce.some(holdsPolicy) &&
      this.#inForce.some((each) => holdsPolicy(each) && !isObjectPlace(each.file))
    ) {
      const path = this.#options.paths[0]?.path ?? '';
      const { degraded, findings } = withMissing({ ...before, ...choice }, look.missing);
      const places = degraded.length > 0 ? degraded : [path];
      return this.#publish({ ...before, degraded: places, findings: [...findings, emptyFinding(path)] });
    }
    const same =
      sameFiles(choice.inForce, this.#inForce) && JSON.stringify(endpoints) === JSON.stringify(this.#endpoints);
    this.#endpoints = endpoints;
    const generation = same ? before.generation : before.generation + 1;
    const lastRegistry = before.model.registry;
    const set = same
      ? before.set
      : joinPolicies(choice.inForce, { ...this.#options, endpoints, generation, lastRegistry });
    this.#accept(choice, look);
    const load = this.#publish(withMissing(this.#loadOf(set, choice, look, generation), look.missing));
    this.#last = { load, choice, look };
    return load;
  }

  /** Where the objects of the registry alone are others: what follows from that, which is little. Undefined: look at everything. */
  #otherRegistry(before: PolicyLoad): PolicyLoad | undefined {
    const { load, look, choice: last } = this.#last ?? {};
    const now = this.#deps.objects?.files(this.#taken);
    const was = look?.objects;
    if (load !== before || last === undefined || now === undefined || was?.policies !== now.policies) return undefined;
    if (was.registry === now.registry) return before;
    const files = (some: readonly ObjectFile[]): PolicyFile[] => some.map(({ policies }) => policies);
    const choice = withOthers(last, files(was.registry), files(now.registry));
    const generation = before.generation + 1;
    const options = { ...this.#options, endpoints: this.#endpoints, generation, lastRegistry: before.model.registry };
    const set = withRegistry(before.set, choice.inForce, options);
    if (set === undefined) return undefined;
    this.#inForce = choice.inForce;
    const after = withMissing(this.#loadOf(set, choice, look!, generation), look!.missing);
    this.#last = { load: after, choice, look: { ...look!, objects: now } };
    return after;
  }

  /** What there is to say of a choice, without what is ignored. */
  #loadOf(set: PolicySet, choice: Choice, { files }: Look, generation: number): PolicyLoad {
    const ignores = [...files.values()].flatMap(({ policies }) => policies.ignores);
    const rule = ignoreRule(this.#options, set.model.registry);
    const { kept } = applyIgnores([...choice.findings, ...set.findings], ignores, rule);
    const { degraded } = choice;
    return {
      ...set,
      set,
      findings: kept,
      generation,
      degraded,
      isEmpty: set.counts.length === 0,
      inForce: this.#inForce,
    };
  }

  /** Replaces the current value, unless nothing visible has changed. */
  #publish(load: PolicyLoad): PolicyLoad {
    const before = this.current.value;
    const shown = ({ degraded, findings }: PolicyLoad): string => JSON.stringify([degraded, findings]);
    if (load.model === before.model && shown(load) === shown(before)) return before;
    this.#current?.replace(load);
    return load;
  }

  /** Remembers what is in force, and stores its text for the next start. */
  #accept({ inForce }: Choice, { files }: Look): void {
    const before = new Map(this.#inForce.map((policies) => [policies.file, policies]));
    if (!sameFiles(inForce, this.#inForce)) this.#inForce = inForce;
    const kept = new Set(files.keys());
    for (const policies of inForce) {
      const { file } = policies;
      kept.add(file);
      const now = files.get(file);
      if (before.get(file) === policies || now?.policies !== policies || now.text === undefined) continue;
      const { text } = now;
      this.#lastGood.keep(file, text);
    }
    for (const file of before.keys()) if (!kept.has(file) && !isObjectPlace(file)) this.#lastGood.drop(file);
    this.#cache.retain(kept);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#watch[Symbol.dispose]();
    this.#unsubscribe?.();
    await this.#running;
    await this.#lastGood[Symbol.asyncDispose]();
  }
}

const holdsPolicy = ({ documents }: PolicyFile): boolean =>
  documents.some(({ isPolicy, dialect }) => isPolicy && dialect !== 'site');

const liesUnder = (file: string, path: string): boolean =>
  file === path || file.startsWith(path.endsWith(sep) ? path : path + sep);

/** Order does not matter: names are unique. */
function sameFiles(a: readonly PolicyFile[], b: readonly PolicyFile[]): boolean {
  const of = new Set(b);
  return a.length === b.length && a.every((file) => of.has(file));
}

/** Says also what is not there; only a look of its own does. */
function withMissing(load: PolicyLoad, missing: readonly Missing[]): PolicyLoad {
  if (missing.length === 0) return load;
  return {
    ...load,
    degraded: [...load.degraded, ...missing.map(({ path }) => path)],
    findings: [...load.findings, ...missing.map(missingFinding)],
  };
}
