/**
 * A CheckRequest for people.
 * @module
 */
import { fromBinary } from '@bufbuild/protobuf';
import type { AttributeContext_Peer } from '../../src/gen/envoy/service/auth/v3/attribute_context_pb.ts';
import { CheckRequestSchema } from '../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';

/** Several lines: who, to whom, what. */
export function describeRequest(bytes: Uint8Array): string {
  const { attributes } = fromBinary(CheckRequestSchema, bytes);
  const http = attributes?.request?.http;
  const lines = [`source      ${peer(attributes?.source)}`, `destination ${peer(attributes?.destination)}`];
  if (attributes?.tlsSession?.sni) lines.push(`sni         ${attributes.tlsSession.sni}`);
  if (http === undefined) return [...lines, 'tcp connection'].join('\n');
  lines.push(`request     ${http.method} ${http.path} host=${JSON.stringify(http.host)} ${http.protocol}`);
  for (const [name, value] of Object.entries(http.headers)) lines.push(`   ${name}: ${value}`);
  for (const { key, value, rawValue } of http.headerMap?.headers ?? []) {
    lines.push(`   ${key}: ${value || Buffer.from(rawValue).toString('latin1')}`);
  }
  return lines.join('\n');
}

function peer(each: AttributeContext_Peer | undefined): string {
  const address = each?.address?.address;
  const at =
    address?.case === 'socketAddress' ? `${address.value.address}:${String(address.value.portSpecifier.value)}` : '-';
  const certificate = each?.certificate ? ` certificate ${each.certificate.length} bytes` : '';
  return `${at} ${each?.principal ?? ''} ${JSON.stringify(each?.labels ?? {})}${certificate}`;
}
