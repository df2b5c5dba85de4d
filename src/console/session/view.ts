/**
 * Which view is shown, as the address says.
 * @module
 */
import { signal } from '@preact/signals';
import { type Address, readAddress, tokenOf, type ViewName, writeAddress } from '../model/address.ts';

export const address = signal<Address>({ view: 'live', query: {} });

/** Reads the address now and whenever it changes. */
export function watchAddress(): void {
  const read = (): void => {
    if (tokenOf(location.hash) !== undefined) {
      location.reload(); // another link, into the same tab: the page is opened anew, and takes its token
      return;
    }
    address.value = readAddress(location.hash);
  };
  addEventListener('hashchange', read);
  read();
}

/** Goes to a view. */
export function go(view: ViewName, query: Readonly<Record<string, string>> = {}): void {
  location.hash = writeAddress({ view, query });
}

/** Changes what the address says beside the view, without a step in the history. */
export function tell(changes: Readonly<Record<string, string>>): void {
  const { view, query } = address.value;
  address.value = { view, query: { ...query, ...changes } };
  history.replaceState(null, '', writeAddress(address.value));
}
