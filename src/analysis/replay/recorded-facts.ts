/**
 * The facts of a logged request, as policies ask for them. What the log does not tell is tried out, or cannot be said.
 * @module
 */
import { toAddress } from '../../authz/facts/client-address.ts';
import { isAmbiguousPath } from '../../authz/guards.ts';
import { createTokenRulesDigest, type ToldValues } from '../../authz/record/logged-facts.ts';
import { toByteString } from '../../lib/byte-string.ts';
import type { Destination, Facts, IpAddress, TokenVerdict } from '../../policy/facts.ts';
import { nameOfFact } from '../../policy/meaning/fact-values.ts';
import type { PolicyModel, TextFact } from '../../policy/model.ts';
import { tokenCarriers } from '../../policy/token-carriers.ts';
import { type Candidates, createCandidates, type Universe } from './candidates.ts';
import { Choices, NotTold } from './choices.ts';
import type { LoggedDecision } from './logged-decision.ts';
import type { DestinationNow, FindAgain } from './recorded-destination.ts';
import { toldText } from './told-text.ts';

const none: readonly string[] = [];
const noLabels: ReadonlyMap<string, string> = new Map();
const accepted: TokenVerdict = { accepted: true };
/** Values of other headers that this one's name stands for. */
const aliases: ReadonlyMap<string, 'method' | 'host'> = new Map([
  [':method', 'method'],
  [':authority', 'host'],
  ['host', 'host'],
]);

/** How a token may have fared that nobody told of. */
type Outcome = 'none' | 'accepted' | 401 | 403;
const outcomes: readonly Outcome[] = ['none', 'accepted', 401, 403];

/** One object serves one logged decision after the other. */
export class RecordedFacts implements Facts {
  readonly choices = new Choices();
  readonly #candidates: Candidates;
  readonly #find: FindAgain;
  readonly #digest: (namespace: string) => string;
  readonly #carriers: ReadonlySet<string>;
  #logged!: LoggedDecision;
  #wasAskedForSourcePort = false;
  #told: NonNullable<LoggedDecision['facts']> = {};
  /** The log line is of a form that has facts. */
  #hasFacts = false;
  #outcome: Outcome | 'not asked' = 'not asked';
  /** What became of the token is what the log tells. */
  #isOutcomeTold = false;
  /** Found at the address that was asked about last. */
  #found: { readonly address: string | undefined; readonly now: DestinationNow } | undefined;
  /** Asked instead of `:authority`, to see what a cleaner request would get. */
  hostInstead: string | undefined;

  constructor(model: PolicyModel, find: FindAgain) {
    this.#candidates = createCandidates(model);
    this.#find = find;
    this.#digest = createTokenRulesDigest(model);
    this.#carriers = tokenCarriers(model).headers;
  }

  /** Turns to another decision. */
  begin(logged: LoggedDecision): void {
    this.#logged = logged;
    this.#hasFacts = logged.facts !== undefined;
    this.#told = logged.facts ?? logged.reportedFacts ?? {};
    this.#found = undefined;
    this.#wasAskedForSourcePort = false;
    this.choices.clear();
    this.again();
  }

  /** Is asked anew for the same decision. */
  again(): void {
    this.#outcome = 'not asked';
    this.#isOutcomeTold = false;
    this.hostInstead = undefined;
  }

  get #request(): NonNullable<LoggedDecision['request']> {
    if (this.#logged.request === undefined) throw new NotTold('the request, which was too large or could not be read');
    return this.#logged.request;
  }

  /** The workload, found again. */
  get found(): DestinationNow {
    const address = this.destinationAddress?.text;
    if (this.#found === undefined || this.#found.address !== address)
      this.#found = { address, now: this.#find(this.#logged, address) };
    return this.#found.now;
  }

  get destination(): Destination {
    const { found } = this;
    if (found.is === 'refused') throw new NotTold('the destination');
    return found.destination;
  }

  /** The line has what the record of a decision lacks; without it labels that are absent are not known to be unknown. */
  get hasFacts(): boolean {
    return this.#hasFacts;
  }

  /** Whether the decision asked for the port that the request came from, which hardly two requests share. */
  get wasAskedForSourcePort(): boolean {
    return this.#wasAskedForSourcePort;
  }

  get protocol(): 'http' | 'tcp' {
    return this.#request.protocol;
  }

  get destinationPort(): number {
    const { port } = this.#told;
    return port ?? (this.#hasFacts ? -1 : this.choices.pick('the port', this.#candidates.ports));
  }

  get destinationAddress(): IpAddress | undefined {
    if (this.#hasFacts) return toAddress(this.#told.address ?? '');
    return this.choices.pick('the address of the destination', this.#candidates.destinationAddresses);
  }

  get #source(): NonNullable<LoggedDecision['source']> {
    return this.#logged.source ?? { principal: '', address: '' };
  }

  get sourceAddress(): IpAddress | undefined {
    const { address } = this.#source;
    if (address === undefined) throw new NotTold('the address of the source');
    return toAddress(address);
  }

  get sourcePort(): number {
    this.#wasAskedForSourcePort = true;
    const { port, address } = this.#source;
    // The record has 0 for a port that is not there.
    return port !== undefined && port > 0
      ? port
      : this.choices.pick('the port of the source', address === '' ? [-1, 0] : [0]);
  }

  get remoteAddress(): IpAddress | undefined {
    const { client } = this.#told;
    if (!this.#hasFacts && this.protocol === 'http')
      return this.#otherClient("the client's address by x-forwarded-for");
    if (client === undefined) return this.sourceAddress;
    const { found } = this;
    if (found.is === 'found' && found.hops !== undefined && found.hops !== client.hops)
      return this.#otherClient(`the client's address by ${found.hops} trusted hops`);
    return toAddress(client.address ?? '');
  }

  /** Without such a header it is the peer. */
  #otherClient(fact: string): IpAddress | undefined {
    const others = this.#candidates.remoteAddresses;
    return this.choices.pick(fact, others.length === 0 ? [] : [this.sourceAddress, ...others]);
  }

  get ipProtocol(): number {
    if (this.#hasFacts || this.#logged.reported === true) return this.#told.ipProtocol ?? 6; // Envoys tell of TCP alone
    return this.protocol === 'http' ? 6 : this.choices.pick('the IP protocol', this.#candidates.ipProtocols);
  }

  get sourcePrincipal(): string {
    return whole('the principal of the source', this.#source.principal);
  }

  get destinationPrincipal(): string {
    const { destination } = this.#logged;
    if (this.#told.principal !== undefined) return whole('the principal of the destination', this.#told.principal);
    if (destination?.foundBy === 'context' && !this.#hasFacts) throw new NotTold('the principal of the destination');
    return destination?.foundBy === 'address' && !this.#hasFacts ? '' : toByteString(destination?.spiffeId ?? '');
  }

  get sourceLabels(): ReadonlyMap<string, string> {
    const { sourceLabels } = this.#told;
    if (!this.#hasFacts) throw new NotTold('labels that the request claims for its source');
    if (sourceLabels === undefined) return noLabels;
    return new Map(Object.entries(sourceLabels).map(([key, value]) => [toByteString(key), toByteString(value)]));
  }

  get peerNames(): readonly string[] {
    const { names } = this.#told;
    if (names !== undefined) return names.map((name) => whole('the names of the peer', name));
    const { sourcePrincipal } = this;
    const own = sourcePrincipal === '' ? none : [sourcePrincipal];
    if (this.#hasFacts) return own;
    const others = this.#candidates.lists('peerName', null, this.#logged.id);
    return [...own, ...this.choices.pick('other names of the peer', others)];
  }

  get method(): string {
    return this.protocol === 'http' ? whole('the method', this.#request.method ?? '') : '';
  }

  get path(): string | undefined {
    const { path = '' } = this.#request;
    return path === '' ? undefined : this.#text('path', path, 'path');
  }

  /** Whether a server may read the path as another one. */
  get isAmbiguousPath(): boolean {
    if (this.protocol === 'tcp') return false;
    if (this.#told.ambiguousPath === true || isAmbiguousPath(this.path ?? '', this.method)) return true;
    // An Envoy that decides itself asks about such a path, where that matters.
    const isKnown = this.#hasFacts || this.#logged.reported === true;
    return !isKnown && this.choices.pick('what stands behind the path', [false, true]);
  }

  get host(): string | undefined {
    if (this.hostInstead !== undefined) return this.hostInstead;
    const { host = '' } = this.#request;
    if (host !== '') return whole('the host', host);
    const [line] =
      this.protocol === 'http' ? this.#list('header :authority', this.#told.read?.['header :authority']) : none;
    return line;
  }

  get sni(): string | undefined {
    if (this.#told.sni !== undefined) return whole('the SNI', this.#told.sni);
    if (this.#hasFacts) return undefined;
    const values = this.#candidates.texts('sni', { text: '', isWhole: false }, 'sni');
    return this.choices.pick('the SNI', values.length === 0 ? [] : [undefined, ...values]) || undefined;
  }

  header(name: string): readonly string[] {
    if (this.protocol === 'tcp') return none;
    const alias = aliases.get(name);
    if (this.hostInstead !== undefined && alias === 'host') return [this.hostInstead];
    const fact = `header ${name}`;
    const isWritten = this.#carriers.has(name) && !this.#isOutcomeTold;
    const told = isWritten ? undefined : this.#told.read?.[fact];
    if (told === undefined && alias !== undefined) {
      const value = this[alias];
      return value === undefined || value === '' ? none : [value];
    }
    return this.#list(fact, told);
  }

  claim(path: readonly string[]): readonly string[] {
    if (this.#outcome !== 'accepted') return none;
    const fact = nameOfFact({ of: 'claim', path });
    return this.#list(fact, this.#isOutcomeTold ? this.#told.read?.[fact] : undefined);
  }

  metadata(filter: string, path: readonly string[], list: boolean): readonly string[] {
    const fact = nameOfFact({ of: 'metadata', filter, path, list });
    return this.#list(fact, this.#told.read?.[fact]);
  }

  verifyTokens(): TokenVerdict {
    if (this.#outcome === 'not asked') this.#outcome = this.#readOutcome();
    const outcome = this.#outcome;
    if (outcome === 'none' || outcome === 'accepted') return accepted;
    return { accepted: false, reason: outcome === 403 ? 'audience_denied' : 'token_invalid', text: 'as the log tells' };
  }

  /** The log's own word counts where the rules are those that were in force. */
  #readOutcome(): Outcome {
    const { tokens } = this.#told;
    this.#isOutcomeTold = tokens?.rules !== undefined && tokens.rules === this.#digest(this.destination.namespace);
    if (tokens === undefined || !this.#isOutcomeTold) return this.choices.pick('what became of a token', outcomes);
    return tokens.outcome === 'rejected' ? (tokens.status ?? 401) : tokens.outcome;
  }

  #text(fact: TextFact['of'] & ('path' | 'sni'), text: string, universe: Universe): string {
    const told = toldText(text);
    if (told.isWhole) return told.text;
    const normal = this.#candidates.isAsked('normalPath') || this.#candidates.isAsked('header :path');
    return this.choices.pick(`the whole ${fact}`, normal ? [] : this.#candidates.texts(fact, told, universe));
  }

  #list(fact: string, told: ToldValues | undefined): readonly string[] {
    if (Array.isArray(told)) return told.map((value: string) => whole(fact, value));
    return this.choices.pick(fact, this.#candidates.lists(fact, told, this.#logged.id));
  }
}

/** A text that the log shows whole. @throws NotTold if it does not */
function whole(fact: string, text: string): string {
  const told = toldText(text);
  if (!told.isWhole) throw new NotTold(`all of ${fact}`);
  return told.text;
}
