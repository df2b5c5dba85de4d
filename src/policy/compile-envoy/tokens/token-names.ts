/**
 * Names under which jwt_authn files what it found, and trees look for it.
 * @module
 */
import type { Input } from '../tree/tree.ts';

/** The claims of the token that was accepted. */
export const PAYLOAD = 'gh_payload';
/** The header of a token that was good by the rule of that number. */
export const goodKey = (rule: number): string => `gh_good_${rule}`;
/** Why the tokens of a request are not accepted by the rule of that number. */
export const faultKey = (rule: number): string => `gh_fault_${rule}`;

/** What is in jwt_authn's metadata, as an input of trees. */
export const tokenInput = (...path: readonly string[]): Input => `token:${JSON.stringify(path)}`;

/** Keys of the filter state that are filled between jwt_authn and the tree; `-` stands for what is not there. */
export const tokenState = {
  issuer: 'gh.iss',
  subject: 'gh.sub',
  /** How large the request's headers are, in bytes. */
  headerBytes: 'gh.header-bytes',
} as const;
