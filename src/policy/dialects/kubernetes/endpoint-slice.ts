/**
 * EndpointSlices: the places behind a Service, whoever wrote them.
 * @module
 */
import { parseIp } from '../../../lib/ip-address.ts';
import type { PolicyDocument } from '../../documents/document.ts';
import type { Reporter } from '../../documents/finding.ts';
import { anything, listOf, object, type Shape, text } from '../../documents/shape.ts';
import { fieldOf, listAt, textAt, textsAt, type Value } from '../../documents/value.ts';
import type { SliceEntry } from '../../registry/registry.ts';
import type { Contribution } from '../contribution.ts';

/** The label by which a slice names its Service. */
const SERVICE_NAME = 'kubernetes.io/service-name';

export const sliceFields: Readonly<Record<string, Shape>> = {
  addressType: { is: 'text', oneOf: ['IPv4', 'IPv6', 'FQDN'] },
  endpoints: listOf(
    object(
      {
        ...{ addresses: listOf(text, 100), conditions: anything, hostname: anything, targetRef: anything },
        ...{ deprecatedTopology: anything, nodeName: anything, zone: anything, hints: anything },
      },
      ['addresses'],
    ),
  ),
  ports: listOf(
    object({
      name: text,
      port: { is: 'number' },
      protocol: { is: 'text', oneOf: ['TCP', 'UDP', 'SCTP'] },
      appProtocol: text,
    }),
  ),
};

/** Reads one; undefined where no Service is named. All addresses count, ready or not. */
export function readSlice(
  { root, namespace, name, labels }: PolicyDocument,
  report: Reporter,
): Contribution | undefined {
  const service = labels.get(SERVICE_NAME) ?? '';
  const isNames = textAt(root, 'addressType') === 'FQDN';
  const addresses = (listAt(root, 'endpoints')?.items ?? []).flatMap((endpoint, i) =>
    isNames ? [] : addressesOf(endpoint, `endpoints[${i}].addresses`, report),
  );
  const ports = (listAt(root, 'ports')?.items ?? []).flatMap((port, i) => portOf(port, `ports[${i}].port`, report));
  return service === '' ? undefined : { to: 'slice', slice: { namespace, name, service, addresses, ports } };
}

function addressesOf(endpoint: Value, path: string, report: Reporter): readonly string[] {
  return textsAt(endpoint.is === 'map' ? endpoint : undefined, 'addresses').flatMap((address, i) => {
    if (parseIp(address.text) !== undefined) return [address.text];
    const message = `${JSON.stringify(address.text)} is no IP address`;
    report.error(address, 'address-invalid', `${path}[${i}]`, message, 'write e.g. 10.0.0.7');
    return [];
  });
}

/** A port without number stands for every one, which no rule by Service can mean: it is none. */
function portOf(value: Value, path: string, report: Reporter): SliceEntry['ports'] {
  const written = fieldOf(value, 'port');
  if (written?.is !== 'number') return [];
  const port = Number(written.text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    report.error(written, 'port-invalid', path, `${written.text} is no port`, 'write a number from 1 to 65535');
    return [];
  }
  const protocol = textAt(value.is === 'map' ? value : undefined, 'protocol');
  return [{ port, protocol: protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP' }];
}
