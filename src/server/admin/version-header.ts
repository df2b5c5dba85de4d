/**
 * The header by which every answer of the admin API names the server's version.
 * @module
 */
import { programVersion } from '../../lib/version.ts';

/** Whoever cannot read an answer can say of which version it was. */
export const versionHeader = { 'gatehouse-version': programVersion() } as const;
