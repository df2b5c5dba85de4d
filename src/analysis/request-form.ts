/**
 * A request as people write it (JSON) → the CheckRequest that an Envoy would send.
 * @module
 */
import type * as z from 'zod';
import { requestForm } from '../admin-api/request-form.ts';
import { bytesField, varintField } from '../authz/wire/writer.ts';
import { GatehouseError } from '../errors.ts';
import { readForm } from './read-form.ts';

/** Every member filled in. */
type ReadForm = z.output<typeof requestForm>;

/** Reads a request form that somebody sent. @throws GatehouseError `message_invalid`, naming every member that is wrong */
export function readRequestForm(value: unknown): ReadForm {
  return readForm({ schema: requestForm, name: 'request', refusal: 'the request is not one' }, value);
}

/**
 * Encodes a request form.
 *
 * @param value  parsed JSON: `{ source: { principal, address, port }, destination: {…}, http: { method, path, host, headers } }`
 * @throws GatehouseError `message_invalid`, naming every member that is wrong
 */
export function encodeRequestForm(value: unknown): Buffer {
  const { protocol = 'TCP', source, destination, http, tls, contextExtensions } = readRequestForm(value);
  if (http !== undefined && protocol !== 'TCP')
    throw new GatehouseError('message_invalid', `request.protocol: HTTP comes over TCP, and not over ${protocol}`);
  return bytesField(
    1,
    bytesField(1, encodePeer(source)),
    bytesField(2, encodePeer(destination, protocol)),
    ...(http === undefined ? [] : [bytesField(4, bytesField(2, encodeHttp(http)))]),
    ...mapEntries(10, contextExtensions),
    ...(tls === undefined ? [] : [bytesField(12, bytesField(1, tls.sni))]),
  );
}

/** `SocketAddress.protocol`; for SCTP, which Envoy does not know, its IP protocol number. */
const protocolNumbers = { TCP: 0, UDP: 1, SCTP: 132 } as const;

function encodePeer(
  { principal, address, port: number, labels, certificate }: ReadForm['source'],
  protocol: keyof typeof protocolNumbers = 'TCP',
): Buffer {
  const ofProtocol = protocol === 'TCP' ? [] : [varintField(1, protocolNumbers[protocol])];
  const socket = bytesField(1, ...ofProtocol, bytesField(2, address), varintField(3, number));
  const encoded = certificate.includes('\n') ? encodeURIComponent(certificate) : certificate;
  return Buffer.concat([
    ...(address === '' && number === 0 && protocol === 'TCP' ? [] : [bytesField(1, socket)]),
    ...mapEntries(3, labels),
    bytesField(4, principal),
    ...(encoded === '' ? [] : [bytesField(5, encoded)]),
  ]);
}

type Http = NonNullable<ReadForm['http']>;

function encodeHttp({ method, path, host, scheme, headers }: Http): Buffer {
  const lines: [string, string][] = [];
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  for (const [name, value] of Object.entries({
    ':method': method,
    ':path': path,
    ':authority': host,
    ':scheme': scheme,
  })) {
    if (value !== '' && !given.has(name)) lines.push([name, value]);
  }
  for (const [name, value] of Object.entries(headers)) {
    for (const each of Array.isArray(value) ? value : [value]) lines.push([name.toLowerCase(), each]);
  }
  return Buffer.concat([
    bytesField(2, method),
    bytesField(4, path),
    bytesField(5, host),
    bytesField(6, scheme),
    bytesField(13, ...lines.map(([name, value]) => bytesField(1, bytesField(1, name), bytesField(3, value)))),
  ]);
}

function mapEntries(field: number, entries: Readonly<Record<string, string>>): Buffer[] {
  return Object.entries(entries).map(([key, value]) => bytesField(field, bytesField(1, key), bytesField(2, value)));
}
