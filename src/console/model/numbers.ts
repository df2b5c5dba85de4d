/**
 * Numbers for people.
 * @module
 */

/** E.g. `1,234,567`. The browser's own formats take tens of milliseconds to load, and this one is asked for in each row of a table. */
export const countText = (count: number): string => `${count}`.replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
