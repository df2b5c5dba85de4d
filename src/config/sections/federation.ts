/**
 * `federation`: other trust domains, and where their bundles are fetched.
 * @module
 */
import * as z from 'zod';
import * as field from '../fields.ts';

const url = z
  .string()
  .refine(isEndpoint, 'must be https://HOST[:PORT][/PATH], without a user in it')
  .meta({ description: 'https://HOST[:PORT][/PATH]' });

/** SPIFFE Federation §5.1.1: https, no userinfo. */
function isEndpoint(text: string): boolean {
  const parsed = URL.parse(text);
  return parsed?.protocol === 'https:' && parsed.username === '' && parsed.password === '' && parsed.hash === '';
}

const endpoint = url.describe('Its bundle endpoint.');

/** One of `federation.trustDomains`: the profile is agreed with the other side, never guessed (SPIFFE Federation §5.2). */
const foreign = z
  .discriminatedUnion('profile', [
    z.strictObject({
      url: endpoint,
      profile: z.literal('https_web').describe('The endpoint proves itself by a certificate for its host name.'),
      ca: z
        .string()
        .prefault('')
        .describe("PEM file of the authorities for that, in place of the system's; read at each fetch."),
    }),
    z.strictObject({
      url: endpoint,
      profile: z
        .literal('https_spiffe')
        .describe('The endpoint proves itself by an SVID; the first bundle is given by hand: `gatehouse bundle set`.'),
      endpointSpiffeId: field.spiffeId.describe('Whose SVID the endpoint shows.'),
    }),
  ])
  .meta({ description: '{ url, profile: https_web, ca } or { url, profile: https_spiffe, endpointSpiffeId }.' });

/** `federation`. */
export const federation = z.strictObject({
  trustDomains: z
    .record(field.trustDomain, foreign)
    .prefault({})
    .describe('Other trust domains by name, whose bundles are fetched.'),
  acceptForeignNamespaces: z
    .boolean()
    .prefault(false)
    .describe(
      'Whether namespaces and serviceAccounts in policies that name no trustDomains may mean those of other trust domains too.',
    ),
});
