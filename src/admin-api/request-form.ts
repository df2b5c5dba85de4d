/**
 * A request as people write it in JSON: whole, or as a pair of workloads by their names.
 * @module
 */
import * as z from 'zod';
import { parseZonedIp } from '../lib/ip-address.ts';

const text = z.string().default('');
/** An address that cannot be read would count as none, and so slip past what denies by address. */
const address = text.refine((written) => written === '' || parseZonedIp(written) !== undefined, {
  error: 'this is no IP address: write e.g. 10.0.0.7',
});
const headerName = z
  .string()
  .regex(/^:?[-!#$%&'*+.^_`|~0-9A-Za-z]+$/, 'this is no name of a header: write it without colon and blanks');
const port = z.int().min(0).max(65_535).default(0);
const peer = z
  .strictObject({
    principal: text,
    address,
    port,
    labels: z.record(z.string(), z.string()).default({}),
    /** URL-encoded PEM, as Envoy sends it, or plain PEM. */
    certificate: text,
  })
  .prefault({});

/** Protocols over which requests come. */
const protocol = z.enum(['TCP', 'UDP', 'SCTP']);

/** The shape of a request in JSON. */
export const requestForm = z.strictObject({
  /** Absent: TCP, over which alone HTTP comes. */
  protocol: protocol.optional(),
  source: peer,
  destination: peer,
  /** Absent: a connection. */
  http: z
    .strictObject({
      method: z.string().default('GET'),
      path: z.string().default('/'),
      host: text,
      scheme: z.string().default('https'),
      /** A list where a header stands in several lines. */
      headers: z.record(headerName, z.union([z.string(), z.array(z.string())])).default({}),
    })
    .optional(),
  tls: z.strictObject({ sni: text }).optional(),
  contextExtensions: z.record(z.string(), z.string()).default({}),
});

/** A request in JSON, as it may be written. */
export type RequestForm = z.input<typeof requestForm>;

/** The shape of a pair of workloads in JSON. */
export const pairForm = z.strictObject({
  /** `namespace/serviceAccount`, `namespace/pod`, a SPIFFE ID or an address. */
  from: z.string(),
  to: z.string(),
  port: z.int().min(1).max(65_535).optional(),
  /** Absent: a TCP connection. */
  http: requestForm.shape.http,
});
