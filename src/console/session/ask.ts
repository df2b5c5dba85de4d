/**
 * Asks one route of the admin API, by way of the console's server, which checks the answer.
 * @module
 */
import type { Answer, Question, Route } from '../../admin-api/routes.ts';
import { noteServerTime } from './clock.ts';
import { post, Refused } from './session.ts';
import { noteServerVersion } from './versions.ts';

/** @throws Refused */
export async function ask<R extends Route>(route: R, question: Question<R>, stop?: AbortSignal): Promise<Answer<R>> {
  try {
    const answer = (await post('/ask', { route, question }, stop)) as Answer<R>; // held to the table by the console's server
    if (route === 'GET /v1/status') noteServerTime((answer as { readonly at?: string }).at); // as the route says
    return answer;
  } catch (thrown) {
    // What is not understood names who said it.
    const version = thrown instanceof Refused ? thrown.details['version'] : undefined;
    if (typeof version === 'string' && version !== 'unknown') noteServerVersion(version);
    throw thrown;
  }
}
