/**
 * `/v1/tenants`: whether the tenants of the configuration are alone, by the proof of what is in force that was made last.
 * @module
 */
import * as z from 'zod';
import { instant, list } from './fields.ts';

/** One end of what passes and should not. */
const end = z.object({
  /** Empty: it is of another trust domain. */
  namespace: z.string(),
  /** Null: a pod to come, of these labels and this account. */
  pod: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  serviceAccount: z.string(),
});

const leak = z.object({
  from: end,
  to: end,
  /** Such as `GET /x for shop on tcp 8080`. */
  request: z.string(),
  /** The policy that lets it pass; null: none keeps it out. */
  by: z.object({ namespace: z.string(), name: z.string(), text: z.string() }).nullable(),
  /** All of it in one sentence. */
  why: z.string(),
});

const tenant = z.object({
  tenant: z.string(),
  /** `in`: whether others reach it; `out`: whether it reaches others. */
  direction: z.enum(['in', 'out']),
  proved: z.boolean(),
  /** For whom it is proved: nobody, the pods of today, those to come too, and with namespaces to come. */
  extent: z.enum(['none', 'today', 'future', 'namespaces']),
  /** What breaks the next extent; null: nothing, or it was not looked at. */
  leak: leak.nullable(),
  /** Since when it is less alone than it was since the start of this server; null: it is not. */
  lostSince: instant.nullable(),
});

export type TenantRow = z.output<typeof tenant>;

export const tenantsAnswer = z.object({
  /** `off`: the configuration has no `admission.prove`; `waiting`: the first proof is not made; `unknown`: nobody can say, and `why`. */
  state: z.enum(['off', 'waiting', 'known', 'unknown']),
  why: z.string(),
  /** Policies have changed since: another proof is made. */
  isOlder: z.boolean(),
  tenants: list(tenant),
});

export type TenantsAnswer = z.output<typeof tenantsAnswer>;
