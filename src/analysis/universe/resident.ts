/**
 * One of a class: who calls, and who is called.
 * @module
 */
import type { Endpoint } from '../../policy/registry/registry.ts';

/** A pod with its name and addresses, or an address that is no pod's. */
export type Resident =
  | { readonly endpoint: Endpoint; readonly principal: string; readonly addresses: readonly string[] }
  | { readonly endpoint?: undefined; readonly addresses: readonly string[] };
