/**
 * What an HTTP caller asks, as the CheckRequest that Envoy would send: so it is decided, logged, counted and explained as any other.
 * @module
 */
import { HTTP_CALLER_FIELD } from '../wire/check-request.ts';
import { type AskedWorkload, askedWorkload } from './asked-workload.ts';
import { type CertificateReading, createCertificateReader } from './certificate-forms.ts';
import type { Dialect } from './dialect.ts';
import { MessageWriter } from './message-writer.ts';
import { createPlaceReader, optional, type Place, placeOf, readTold, type Told } from './told.ts';

/** The head of a request, as `node:http` reads it. */
export interface HttpHead {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly rawHeaders: readonly string[];
}

/** Which workloads have IDs that do not follow their service accounts. */
export interface HttpQuestionOptions {
  readonly workloads: readonly {
    readonly namespace: string;
    readonly serviceAccount: string;
    readonly spiffeId: string;
  }[];
  /** `spiffe://<trust domain>/` of our own trust domain, then of its aliases. */
  readonly ownPrefixes: readonly string[];
}

/** Writes the question; the bytes hold until the next one. Whatever is wrong stands in them, and is denied as malformed. */
export type WriteQuestion = (head: HttpHead) => Uint8Array;

/** Creates the function that reads heads; it serves one at a time. */
export function createHttpQuestions({ workloads, ownPrefixes }: HttpQuestionOptions): WriteQuestion {
  const reading: Reading = {
    certificate: createCertificateReader(),
    source: createPlaceReader(),
    destination: createPlaceReader(),
  };
  const writer = new MessageWriter();
  const ids = Map.groupBy(workloads, ({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`);
  /** Of a service account whose workloads have several IDs nobody knows which is meant. */
  const idOf = ({ namespace, serviceAccount }: AskedWorkload): string => {
    if (ids.size === 0) return `${ownPrefixes[0] ?? ''}ns/${namespace}/sa/${serviceAccount}`;
    const named = new Set(ids.get(`${namespace}/${serviceAccount}`)?.map(({ spiffeId }) => spiffeId));
    if (named.size > 1) return '';
    const [only] = named;
    return only ?? `${ownPrefixes[0] ?? ''}ns/${namespace}/sa/${serviceAccount}`;
  };
  const readUrl = (url: string): AskedUrl => {
    const asked = askedWorkload(url);
    return { url, asked, id: typeof asked === 'string' ? '' : idOf(asked) };
  };
  let last = readUrl('');
  return (head) => {
    const { url = '' } = head;
    if (last.url !== url) last = readUrl(url);
    const { asked, id } = last;
    if (typeof asked === 'string') return writeMalformed(writer, asked);
    const { dialect } = asked;
    const told = readTold(head.rawHeaders, dialect);
    if (typeof told === 'string') return writeMalformed(writer, told, asked, id);
    const question = toQuestion(head, asked, told, id, reading);
    return typeof question === 'string' ? writeMalformed(writer, question, asked, id) : writeQuestion(writer, question);
  };
}

/** Whom a path asks about; on a kept connection it is mostly the same. */
interface AskedUrl {
  readonly url: string;
  /** A text says what is wrong. */
  readonly asked: AskedWorkload | string;
  readonly id: string;
}

interface Question {
  readonly caller: string;
  readonly destinationId: string;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly scheme: string;
  /** Empty: none was shown. */
  readonly principal: string;
  readonly certificate: string;
  /** Undefined: not said. */
  readonly sni: string | undefined;
  readonly source: Place | undefined;
  readonly destination: Place | undefined;
  readonly headers: readonly string[];
  /** Header names that the proxy passes on; undefined: all. */
  readonly headersSaid: string | undefined;
}

/** What is read out of texts, each with a memory of its own. */
interface Reading {
  readonly certificate: (text: string) => CertificateReading;
  readonly source: (text: string | undefined) => Place | undefined;
  readonly destination: (text: string | undefined) => Place | undefined;
}

/** A certificate that is shown and that nobody has verified: no Check takes it for one. */
const UNREADABLE = '?';

function toQuestion(
  head: HttpHead,
  asked: AskedWorkload,
  { said, clientHeaders }: Told,
  destinationId: string,
  reading: Reading,
): Question | string {
  const { dialect, rest } = asked;
  const isEnvoy = dialect.name === 'envoy';
  const { workload } = said;
  if (workload !== undefined && workload !== `${asked.namespace}/${asked.serviceAccount}`)
    return 'x-gatehouse-workload names another workload than the path';
  if (isEnvoy && rest !== '' && !/^[/*?]/.test(rest)) return 'the path behind the workload does not begin with /';
  const peer = peerOf(dialect, said, reading.certificate);
  if (typeof peer === 'string') return peer;
  const source = dialect.name === 'traefik' ? lastForwarded(said.forwardedFor) : reading.source(said.source);
  // with the direct peer behind what the client wrote, as an Envoy at the edge has it
  if (dialect.appendsSource && source !== undefined) clientHeaders.push('x-forwarded-for', source.address);
  return {
    caller: dialect.name,
    destinationId,
    method: (isEnvoy ? head.method : said.method) ?? '',
    path: isEnvoy ? rest : (said.uri ?? ''),
    host: said.host ?? '',
    scheme: said.scheme ?? '',
    principal: peer.principal,
    certificate: peer.certificate,
    sni: optional(said, 'sni', dialect),
    source,
    destination: reading.destination(said.destination),
    headers: clientHeaders,
    headersSaid: said.headers,
  };
}

type Peer = Pick<Question, 'principal' | 'certificate'>;
const nobody: Peer = { principal: '', certificate: '' };

/** What the proxy says of the client's certificate; a text says what is wrong. */
function peerOf(
  dialect: Dialect,
  said: Told['said'],
  readCertificate: (text: string) => CertificateReading,
): Peer | string {
  if (dialect.name === 'traefik') {
    if (said.verified !== 'pem') return 'X-Gatehouse-Verified is not pem';
    return said.certificate === undefined ? nobody : shown(firstOf(said.certificate), readCertificate);
  }
  const text = optional(said, 'certificate', dialect);
  if (text === undefined)
    return 'the certificate is not said by a line of ours, which begins with = and leaves no placeholder';
  if (dialect.name === 'nginx') {
    const verified = optional(said, 'verified', dialect);
    if (verified?.startsWith('FAILED')) return { principal: '', certificate: UNREADABLE };
    const isNone = verified === '' || verified === 'NONE';
    if (isNone ? text !== '' : verified !== 'SUCCESS' || text === '')
      return 'X-Gatehouse-Verified does not fit to the certificate';
  }
  return text === '' ? nobody : shown(text, readCertificate);
}

function shown(text: string, readCertificate: (text: string) => CertificateReading): Peer | string {
  const reading = readCertificate(text);
  return 'wrong' in reading ? reading.wrong : { principal: reading.uri, certificate: reading.escapedPem };
}

/** The leaf stands first; what else the client sent nobody has verified. */
const firstOf = (list: string): string => list.split(',', 1)[0]!;

/** Traefik puts the direct peer last. */
function lastForwarded(list: string | undefined): Place | undefined {
  const address = list?.slice(list.lastIndexOf(',') + 1).trim();
  return address === undefined ? undefined : placeOf(`${address}:`);
}

function writeMalformed(writer: MessageWriter, wrong: string, asked?: AskedWorkload, destinationId = ''): Uint8Array {
  writer.begin();
  const attributes = writer.open(1);
  if (destinationId !== '') {
    const destination = writer.open(2);
    writer.text(4, destinationId);
    writer.close(destination);
  }
  const caller = writer.open(HTTP_CALLER_FIELD);
  writer.text(1, asked?.dialect.name ?? '');
  writer.text(2, wrong);
  writer.close(caller);
  writer.close(attributes);
  return writer.end();
}

/** Field numbers are those of CheckRequest, AttributeContext and what they hold. */
function writeQuestion(writer: MessageWriter, question: Question): Uint8Array {
  const { caller, source, destination, principal, certificate, destinationId, sni, headersSaid } = question;
  writer.begin();
  const attributes = writer.open(1);
  const from = writer.open(1);
  writePlace(writer, source);
  if (principal !== '') writer.text(4, principal);
  writer.text(5, certificate);
  writer.close(from);
  const to = writer.open(2);
  writePlace(writer, destination);
  if (destinationId !== '') writer.text(4, destinationId);
  writer.close(to);
  const request = writer.open(4);
  writeHttp(writer, question);
  writer.close(request);
  if (sni !== undefined) {
    const tls = writer.open(12);
    writer.text(1, sni);
    writer.close(tls);
  }
  const asker = writer.open(HTTP_CALLER_FIELD);
  writer.text(1, caller);
  if (headersSaid !== undefined) writer.text(3, headersSaid);
  writer.close(asker);
  writer.close(attributes);
  return writer.end();
}

function writePlace(writer: MessageWriter, place: Place | undefined): void {
  if (place === undefined) return;
  const address = writer.open(1);
  const socket = writer.open(1);
  writer.text(2, place.address);
  if (place.port > 0) writer.number(3, place.port);
  writer.close(socket);
  writer.close(address);
}

function writeHttp(writer: MessageWriter, { method, path, host, scheme, headers }: Question): void {
  const http = writer.open(2);
  writer.text(2, method);
  writer.text(4, path);
  if (host !== '') writer.text(5, host);
  if (scheme !== '') writer.text(6, scheme);
  const map = writer.open(13);
  for (let i = 0; i < headers.length; i += 2) {
    const line = writer.open(1);
    writer.text(1, headers[i]!);
    writer.text(2, headers[i + 1]!);
    writer.close(line);
  }
  writer.close(map);
  writer.close(http);
}
