/**
 * Addresses that more than one pod says are its own.
 * @module
 */
import type { HeldObject } from './held-object.ts';

/** Who has which address, kept while pods come and go. */
export class SharedAddresses {
  readonly #holders = new Map<string, Set<HeldObject>>();
  readonly #shared = new Set<string>();

  add(pod: HeldObject): void {
    for (const address of addressesOf(pod)) {
      const holders = this.#holders.get(address) ?? new Set();
      this.#holders.set(address, holders.add(pod));
      if (holders.size > 1) this.#shared.add(address);
    }
  }

  remove(pod: HeldObject): void {
    for (const address of addressesOf(pod)) {
      const holders = this.#holders.get(address);
      holders?.delete(pod);
      if ((holders?.size ?? 0) < 2) this.#shared.delete(address);
      if (holders?.size === 0) this.#holders.delete(address);
    }
  }

  /** Each shared address, and who shares it. */
  *all(): Iterable<readonly [address: string, holders: readonly HeldObject[]]> {
    for (const address of this.#shared) yield [address, [...this.#holders.get(address)!]]; // those that are shared are held
  }
}

/** Of pods that have one of their own: those on the host's network share their node's. */
function addressesOf({ good }: HeldObject): readonly string[] {
  const contribution = good?.file.documents[0]?.contribution;
  if (contribution?.to !== 'endpoint' || contribution.endpoint.hostNetwork) return [];
  return contribution.endpoint.addresses;
}
