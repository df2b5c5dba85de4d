/**
 * A CheckRequest as people write requests: what policies could ask of it, without its secrets.
 * @module
 */

import type { RequestForm } from '../admin-api/request-form.ts';
import { createRedactor } from '../authz/record/redacted-decision.ts';
import { CheckRequest, part } from '../authz/wire/check-request.ts';
import { Entries, readMap } from '../authz/wire/entries.ts';
import { malformedMessage } from '../authz/wire/reader.ts';
import { fromByteString } from '../lib/byte-string.ts';
import type { PolicyModel } from '../policy/model.ts';

/** The request; of its headers those that a policy of the model asks about. Null if the bytes are no CheckRequest. */
export function askedRequest(bytes: Uint8Array, model: PolicyModel): RequestForm | null {
  const request = new CheckRequest();
  try {
    request.read(createRedactor(model)(Buffer.from(bytes)));
  } catch (thrown) {
    if (thrown === malformedMessage) return null;
    throw thrown;
  }
  const text = (which: Parameters<CheckRequest['text']>[0]): string => fromByteString(request.text(which));
  const labels = readMap(request.bytes, request.destinationLabels);
  const extensions = readMap(request.bytes, request.contextExtensions);
  const sni = text(part.sni);
  const protocol = protocols.get(request.ipProtocol);
  return {
    ...(protocol && { protocol }),
    source: peer(
      text(part.sourcePrincipal),
      text(part.sourceAddress),
      request.sourcePort,
      text(part.sourceCertificate),
    ),
    destination: {
      ...peer(text(part.destinationPrincipal), text(part.destinationAddress), request.destinationPort, ''),
      ...(labels.size > 0 && { labels: texts(labels) }),
    },
    ...(request.hasHttp && {
      http: {
        method: text(part.method),
        path: text(part.path),
        host: text(part.host),
        ...(text(part.scheme) !== '' && { scheme: text(part.scheme) }),
        ...headers(request, headersAsked(model)),
      },
    }),
    ...(sni !== '' && { tls: { sni } }),
    ...(extensions.size > 0 && { contextExtensions: texts(extensions) }),
  };
}

/** Those that are said; TCP goes without saying. */
const protocols: ReadonlyMap<number, 'UDP' | 'SCTP'> = new Map([
  [17, 'UDP'],
  [132, 'SCTP'],
]);

const texts = (map: ReadonlyMap<string, string>): Record<string, string> =>
  Object.fromEntries([...map].map(([key, value]) => [fromByteString(key), fromByteString(value)]));

function peer(principal: string, address: string, port: number, certificate: string) {
  return {
    ...(principal !== '' && { principal }),
    ...(address !== '' && { address }),
    ...(port > 0 && { port }),
    ...(certificate !== '' && { certificate }),
  };
}

function headers({ bytes, headers: map, headerMaps }: CheckRequest, asked: ReadonlySet<string>) {
  const entries = new Entries();
  for (let i = 0; i < headerMaps.count; i++) entries.addHeaderMap(bytes, headerMaps.begin(i), headerMaps.end(i));
  if (headerMaps.count === 0) for (let i = 0; i < map.count; i++) entries.addMapEntry(bytes, map.begin(i), map.end(i));
  const lines = new Map<string, string[]>();
  for (let i = 0; i < entries.count; i++) {
    const name = entries.key(bytes, i).toLowerCase();
    if (!asked.has(name) || name.startsWith(':')) continue;
    lines.set(name, [...(lines.get(name) ?? []), fromByteString(entries.value(bytes, i))]);
  }
  if (lines.size === 0) return {};
  return {
    headers: Object.fromEntries([...lines].map(([name, values]) => [name, values.length === 1 ? values[0]! : values])),
  };
}

/** Headers that conditions name, and the one that tells the client's address. */
function headersAsked({ planes }: PolicyModel): ReadonlySet<string> {
  const found = new Set(['x-forwarded-for']);
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { of, name } = value as { of?: unknown; name?: unknown }; // any part of a rule
    if (of === 'header' && typeof name === 'string') found.add(name);
    else for (const inner of Object.values(value)) walk(inner);
  };
  for (const { stages } of planes)
    for (const stage of stages) if ('name' in stage) for (const { rules } of stage.policies) walk(rules);
  return found;
}
