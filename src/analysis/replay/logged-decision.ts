/**
 * Reads lines of a decision log: what is a decision, and what is something else.
 * @module
 */
import * as z from 'zod';
import { LOG_SCHEMA } from '../../authz/record/logged-facts.ts';

const effect = z.enum(['allow', 'deny']);
const texts = z.record(z.string(), z.string());
const someTexts = z.array(z.string()).readonly();
const told = z.union([z.null(), z.number(), someTexts, z.object({ sha256: someTexts })]);

const loggedFacts = z.object({
  account: z.object({ namespace: z.string(), serviceAccount: z.string() }).optional(),
  labels: texts.optional(),
  labelsTold: z.literal(true).optional(),
  principal: z.string().optional(),
  address: z.string().optional(),
  port: z.number().optional(),
  ipProtocol: z.number().optional(),
  sni: z.string().optional(),
  ambiguousPath: z.literal(true).optional(),
  mtls: z.literal(true).optional(),
  names: someTexts.optional(),
  client: z.object({ address: z.string().optional(), hops: z.number() }).optional(),
  sourceLabels: texts.optional(),
  tokens: z
    .object({
      outcome: z.enum(['none', 'accepted', 'rejected']),
      status: z.union([z.literal(401), z.literal(403)]).optional(),
      rules: z.string().optional(),
    })
    .optional(),
  read: z.record(z.string(), told).optional(),
});

/** A decision as the log has it; of schema 1 where it has no facts. */
const loggedDecision = z.object({
  schema: z.int().optional(),
  id: z.string(),
  at: z.string(),
  decision: effect,
  reported: z.literal(true).optional(),
  reason: z.string(),
  plane: z.string().optional(),
  stage: z.string().optional(),
  policy: z.string().optional(),
  rule: z.number().optional(),
  destination: z.object({ spiffeId: z.string(), foundBy: z.enum(['context', 'principal', 'address']) }).optional(),
  source: z.object({ principal: z.string(), address: z.string().optional(), port: z.number().optional() }).optional(),
  request: z
    .object({
      protocol: z.enum(['http', 'tcp']),
      method: z.string().optional(),
      host: z.string().optional(),
      path: z.string().optional(),
      requestId: z.string().optional(),
    })
    .optional(),
  facts: loggedFacts.optional(),
  /** Of a decision that an Envoy has told of: what is not here is not known. */
  reportedFacts: loggedFacts.optional(),
  /** A proxy that asked over HTTP. */
  asker: z.object({ proxy: z.string() }).optional(),
});

/** One decision of a log. */
export type LoggedDecision = z.output<typeof loggedDecision>;

/**
 * What a line is. `foreign`: nothing of ours, or ours and no decision. `cut`: the piece of a decision. `newer`: a decision as a later
 * program writes it.
 */
export type LogLine =
  | { readonly is: 'decision'; readonly decision: LoggedDecision }
  | { readonly is: 'foreign' | 'cut' | 'newer' };

const foreign: LogLine = { is: 'foreign' };

/** Reads one line, with whatever a container runtime wrote before it. */
export function readLogLine(line: string): LogLine {
  const isLike = line.includes('"decision":"');
  if (!isLike) return foreign;
  const value = parsed(line);
  if (value === undefined) return { is: 'cut' };
  if (typeof value !== 'object' || value === null) return foreign;
  const { message, schema } = value as { readonly message?: unknown; readonly schema?: unknown }; // any line of JSON
  if (message !== 'decision') return foreign;
  if (typeof schema === 'number' && schema > LOG_SCHEMA) return { is: 'newer' };
  const read = loggedDecision.safeParse(value);
  return read.success ? { is: 'decision', decision: read.data } : { is: 'cut' };
}

function parsed(line: string): unknown {
  const begin = line.indexOf('{');
  try {
    return JSON.parse(line.slice(Math.max(0, begin)));
  } catch {
    return undefined;
  }
}
