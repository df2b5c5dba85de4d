/**
 * The facts of one request, read from the bytes of its CheckRequest when a policy asks.
 *
 * One object serves request after request: `begin` forgets everything about the last one.
 * @module
 */
import { fromBinary } from '@bufbuild/protobuf';
import { type Metadata, MetadataSchema } from '../../gen/envoy/config/core/v3/base_pb.ts';
import { lowerAscii } from '../../lib/byte-string.ts';
import type { Destination, Facts, IpAddress, TokenVerdict } from '../../policy/facts.ts';
import type { TokenRule } from '../../policy/model.ts';
import { metadataStrings } from '../answer/dynamic-metadata.ts';
import { claimStrings } from '../jwt/claims.ts';
import { areSameRules } from '../jwt/same-rules.ts';
import type { TokenEffects, TokenOutcome, VerifyTokens } from '../jwt/token-outcome.ts';
import type { KeySets } from '../state.ts';
import type { CheckRequest } from '../wire/check-request.ts';
import { part } from '../wire/check-request.ts';
import { readMap } from '../wire/entries.ts';
import { readMethod } from '../wire/method.ts';
import { SpanCache } from '../wire/span-cache.ts';
import { forwardedClient, toAddress } from './client-address.ts';
import { HeaderLines } from './header-lines.ts';
import type { PeerCertificate } from './peer-certificate.ts';

/** What is known of a request before a policy asks. */
export interface RequestContext {
  readonly destination: Destination;
  /** Addresses in front of us that X-Forwarded-For is trusted for. */
  readonly trustedHops: number;
  readonly peer: PeerCertificate | undefined;
  readonly keySets: KeySets;
  readonly nowMs: number;
}

/** Buckets of principals that came without a certificate. */
const KEPT_PRINCIPALS = 256;
const noNames: readonly string[] = [];
const notRead = Symbol('not read');
type Lazy<T> = T | typeof notRead;

/** The facts of a CheckRequest, read from its bytes when asked for. One object serves one request after the other. */
export class RequestFacts implements Facts {
  readonly #verify: VerifyTokens;
  readonly #lines: HeaderLines;
  readonly #request: CheckRequest;
  #context!: RequestContext;
  #peerNames: readonly string[] = noNames;
  readonly #principals = new SpanCache<readonly string[]>(KEPT_PRINCIPALS);
  #method: Lazy<string> = notRead;
  #wholePath: Lazy<string> = notRead;
  #path: Lazy<string | undefined> = notRead;
  #host: Lazy<string | undefined> = notRead;
  #sni: Lazy<string | undefined> = notRead;
  #source: Lazy<IpAddress | undefined> = notRead;
  #destinationAddress: Lazy<IpAddress | undefined> = notRead;
  #remote: Lazy<IpAddress | undefined> = notRead;
  #metadata: Lazy<Metadata | undefined> = notRead;
  /** What token verification answered; undefined if it was not asked. */
  tokens: TokenOutcome | undefined;
  /** The last outcome of this request, and the rules that it came from. */
  #outcome: { readonly rules: readonly TokenRule[]; readonly tokens: TokenOutcome } | undefined;
  /** Asked instead of `:authority`, to see what a cleaner request would get. */
  hostInstead: string | undefined;

  constructor(request: CheckRequest, verify: VerifyTokens) {
    this.#request = request;
    this.#verify = verify;
    this.#lines = new HeaderLines(request);
  }

  /** Turns to the request that the view now shows. */
  begin(context: RequestContext): void {
    this.#context = context;
    this.#lines.begin();
    this.#method = notRead;
    this.#wholePath = notRead;
    this.#path = notRead;
    this.#host = notRead;
    this.#sni = notRead;
    this.#source = notRead;
    this.#destinationAddress = notRead;
    this.#remote = notRead;
    this.#metadata = notRead;
    this.tokens = undefined;
    this.#outcome = undefined;
    this.hostInstead = undefined;
    const { peer } = context;
    if (peer !== undefined) this.#peerNames = peer.names;
    else this.#peerNames = this.#principalAlone();
  }

  /** Without a certificate Envoy's own choice among the peer's names is all that we know. */
  #principalAlone(): readonly string[] {
    const { bytes, spans } = this.#request;
    const begin = spans[part.sourcePrincipal * 2]!;
    const end = spans[part.sourcePrincipal * 2 + 1]!;
    if (begin < 0 || begin === end) return noNames;
    let names = this.#principals.get(bytes, begin, end);
    if (names === undefined) {
      names = [this.#request.text(part.sourcePrincipal)];
      this.#principals.set(bytes, begin, end, names);
    }
    return names;
  }

  get protocol(): 'http' | 'tcp' {
    return this.#request.hasHttp ? 'http' : 'tcp';
  }

  get destination(): Destination {
    return this.#context.destination;
  }

  get destinationPort(): number {
    return this.#request.destinationPort;
  }

  get sourcePort(): number {
    return this.#request.sourcePort;
  }

  get ipProtocol(): number {
    return this.#request.ipProtocol;
  }

  get sourcePrincipal(): string {
    return this.#request.text(part.sourcePrincipal);
  }

  get destinationPrincipal(): string {
    return this.#request.text(part.destinationPrincipal);
  }

  get sourceLabels(): ReadonlyMap<string, string> {
    return readMap(this.#request.bytes, this.#request.sourceLabels);
  }

  get peerNames(): readonly string[] {
    return this.#peerNames;
  }

  get destinationAddress(): IpAddress | undefined {
    if (this.#destinationAddress === notRead)
      this.#destinationAddress = toAddress(this.#request.text(part.destinationAddress));
    return this.#destinationAddress;
  }

  get sourceAddress(): IpAddress | undefined {
    if (this.#source === notRead) this.#source = toAddress(this.#request.text(part.sourceAddress));
    return this.#source;
  }

  get remoteAddress(): IpAddress | undefined {
    if (this.#remote === notRead) this.#remote = this.#forwarded() ?? this.sourceAddress;
    return this.#remote;
  }

  #forwarded(): IpAddress | undefined {
    const lines = this.#request.hasHttp ? this.header('x-forwarded-for') : noNames;
    return lines.length === 0 ? undefined : forwardedClient(lines.join(','), this.#context.trustedHops);
  }

  get method(): string {
    if (this.#method === notRead) this.#method = readMethod(this.#request);
    return this.#method;
  }

  get path(): string | undefined {
    if (this.#path === notRead) this.#path = this.#cutPath();
    return this.#path;
  }

  /** `:path` with its query, as it was sent; `''` if there is none. */
  get wholePath(): string {
    if (this.#wholePath === notRead) this.#wholePath = this.#request.text(part.path);
    return this.#wholePath;
  }

  #cutPath(): string | undefined {
    const whole = this.#effects()?.pathAfter ?? this.wholePath;
    if (whole === '') return undefined;
    for (let i = 0; i < whole.length; i++) {
      const code = whole.charCodeAt(i);
      if (code === 63 || code === 35) return whole.slice(0, i);
    }
    return whole;
  }

  get host(): string | undefined {
    if (this.hostInstead !== undefined) return this.hostInstead;
    if (this.#host === notRead) this.#host = this.#request.text(part.host) || this.#lines.of(':authority')[0];
    return this.#host;
  }

  get sni(): string | undefined {
    if (this.#sni === notRead) this.#sni = lowerAscii(this.#request.text(part.sni)) || undefined;
    return this.#sni;
  }

  header(name: string): readonly string[] {
    if (this.hostInstead !== undefined && (name === ':authority' || name === 'host')) return [this.hostInstead];
    const effects = this.#effects();
    if (effects !== undefined) {
      const written = effects.headersToSet.filter(([each]) => each === name);
      if (written.length > 0) return written.map(([, value]) => value);
      if (effects.headersToRemove.includes(name)) return noNames;
      if (name === ':path' && effects.pathAfter !== undefined) return [effects.pathAfter];
    }
    return this.#lines.of(name);
  }

  claim(path: readonly string[]): readonly string[] {
    return this.tokens?.outcome === 'accepted' ? claimStrings(this.tokens.claims, path) : noNames;
  }

  metadata(filter: string, path: readonly string[], list: boolean): readonly string[] {
    if (this.#metadata === notRead) this.#metadata = this.#readMetadata();
    return this.#metadata === undefined ? noNames : metadataStrings(this.#metadata, filter, path, list);
  }

  #readMetadata(): Metadata | undefined {
    const { bytes, metadata } = this.#request;
    const parts: Buffer[] = [];
    for (let i = 0; i < metadata.count; i++) {
      if (metadata.end(i) > metadata.begin(i)) parts.push(bytes.subarray(metadata.begin(i), metadata.end(i)));
    }
    return parts.length === 0 ? undefined : fromBinary(MetadataSchema, Buffer.concat(parts));
  }

  /** Whether the metadata may hold something of a filter, without reading it. */
  mayHoldMetadataOf(filter: string): boolean {
    const { bytes, metadata } = this.#request;
    for (let i = 0; i < metadata.count; i++) {
      const begin = metadata.begin(i);
      const end = metadata.end(i);
      if (end - begin < filter.length) continue;
      const at = bytes.indexOf(filter, begin, 'latin1');
      if (at >= 0 && at < end) return true;
    }
    return false;
  }

  /**
   * Forgets what policies have found out about the request, so that others may be asked about it as it came.
   *
   * @param tokens  what its tokens came to before others were asked, to return to that
   */
  askAnew(tokens?: TokenOutcome): void {
    this.hostInstead = undefined;
    if (this.tokens === tokens) return;
    this.tokens = tokens;
    this.#path = notRead;
  }

  verifyTokens(rules: readonly TokenRule[]): TokenVerdict {
    this.tokens ??= this.#verified(rules);
    const { tokens } = this;
    if (tokens.outcome !== 'rejected') {
      if (tokens.effects.pathAfter !== undefined) this.#path = notRead;
      return accepted;
    }
    return { accepted: false, reason: tokens.status === 403 ? 'audience_denied' : 'token_invalid', text: tokens.body };
  }

  /** Policies that are asked anew by the same rules get the same outcome: what has been verified is not verified again. */
  #verified(rules: readonly TokenRule[]): TokenOutcome {
    const before = this.#outcome;
    if (before !== undefined && areSameRules(before.rules, rules)) return before.tokens;
    const tokens = this.#verify(this, rules, this.#context.keySets, this.#context.nowMs);
    this.#outcome = { rules, tokens };
    return tokens;
  }

  #effects(): TokenEffects | undefined {
    const { tokens } = this;
    return tokens === undefined || tokens.outcome === 'rejected' ? undefined : tokens.effects;
  }
}

const accepted: TokenVerdict = { accepted: true };
