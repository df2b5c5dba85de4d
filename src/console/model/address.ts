/**
 * The view as the address of the page holds it: `#/live?show=deny&to=shop`. A token is never part of it.
 * @module
 */

export const viewNames = ['live', 'map', 'what-if', 'rotation', 'certificates', 'policies'] as const;

export type ViewName = (typeof viewNames)[number];

export interface Address {
  readonly view: ViewName;
  readonly query: Readonly<Record<string, string>>;
}

/** Reads a fragment; what is no view is the first one. */
export function readAddress(fragment: string): Address {
  const [, name = '', query = ''] = /^#\/([^?]*)(?:\?(.*))?$/s.exec(fragment) ?? [];
  const view = viewNames.find((each) => each === name) ?? 'live';
  return { view, query: Object.fromEntries(new URLSearchParams(query)) };
}

/** Writes a fragment; what is empty is left out. */
export function writeAddress({ view, query }: Address): string {
  const told = Object.entries(query).filter(([, value]) => value !== '');
  const text = new URLSearchParams(told).toString();
  return `#/${view}${text === '' ? '' : `?${text}`}`;
}

/** The token of a link, if the fragment has one. */
export function tokenOf(fragment: string): string | undefined {
  return /^#token=([\w-]+)$/.exec(fragment)?.[1];
}
