/**
 * What a running server says of itself: its parts, its deciders, who follows it, what is in force.
 * @module
 */

import type { PoliciesAnswer } from '../../admin-api/policies.ts';
import type { StatusAnswer } from '../../admin-api/status.ts';
import type { Config } from '../../config/config.ts';
import { programVersion } from '../../lib/version.ts';
import { placeText } from '../../policy/documents/position.ts';
import { bad, good, type Outcome, warning } from './outcome.ts';
import { emptiness, policyCount } from './policies.ts';

/** Followers say something every few seconds. */
const SILENT_MS = 30_000;

/** Whether it is ready, and what is broken though it serves. */
export function checkServer({
  version = 'unknown',
  pid,
  startedAt,
  ready,
  waiting,
  degraded,
}: StatusAnswer): readonly Outcome[] {
  const own = programVersion();
  return [
    ready
      ? good('ready', `the server (pid ${pid}, since ${startedAt}) is ready`)
      : bad('not-ready', `the server (pid ${pid}, since ${startedAt}) is not ready`, 'see what it waits for, below'),
    ...Object.entries(waiting).map(([part, why]) =>
      (ready ? warning : bad)('waiting', `${part}: ${why}`, 'see Troubleshooting in docs/operations.md'),
    ),
    ...degraded.map((each) => warning('degraded', each, 'see "It is degraded" in docs/operations.md')),
    version === own
      ? good('version', `server and program are of version ${own}`)
      : warning(
          'version',
          `the server is of version ${version}, this program of ${own}`,
          'restart the server with this version, or use that program',
        ),
  ];
}

/** Whether as many deciders run as are wanted, all by the same policies. */
export function checkDeciders({ deciders, generation }: StatusAnswer, { extAuthz }: Config): readonly Outcome[] {
  const behind = deciders.filter((each) => each.generation !== generation);
  return [
    deciders.length >= extAuthz.workers
      ? good('deciders', `${deciders.length} of ${extAuthz.workers} deciders run`)
      : bad(
          'deciders-missing',
          `${deciders.length} of ${extAuthz.workers} deciders run`,
          'the log says why one ended; it is started again by itself',
        ),
    ...behind.map(({ pid, generation: held }) =>
      warning(
        'decider-behind',
        `decider ${pid} decides by generation ${held} of the policies, not ${generation}`,
        'ask again; if it stays so, the log says why it refused them',
      ),
    ),
  ];
}

/** Deciders elsewhere, or the authority elsewhere. */
export function checkFollowing({ followers = [], feed }: StatusAnswer, nowMs: number): readonly Outcome[] {
  const silent = followers.filter(({ lastSeenAt }) => nowMs - lastSeenAt > SILENT_MS);
  const followed = feed?.authorityAddresses.join(', ') ?? '';
  return [
    ...(followers.length > 0
      ? [
          good(
            'followers',
            `${followers.length - silent.length} of ${followers.length} deciders elsewhere were seen within ${SILENT_MS / 1000} s`,
          ),
        ]
      : []),
    ...silent.map(({ decider, lastSeenAt }) =>
      warning(
        'follower-silent',
        `decider ${decider} elsewhere was last seen at ${new Date(lastSeenAt).toISOString()}`,
        'look at its own gatehouse check; what is revoked meanwhile is not refused there',
      ),
    ),
    ...(feed === undefined
      ? []
      : [
          feed.connected
            ? good('feed', `follows the authority at ${followed}`)
            : bad(
                'feed-away',
                `the authority at ${followed} is away: ${feed.why}`,
                'bring it back; Checks are decided by what is known',
              ),
        ]),
  ];
}

/** What is in force, and what files say that is not. */
export function checkInForce(
  { planes, summary, findings, generation }: PoliciesAnswer,
  config: Config,
): readonly Outcome[] {
  return [
    ...emptiness(policyCount(planes), config, `generation ${generation}: ${summary}`),
    ...findings
      .filter(({ severity }) => severity === 'error')
      .map(({ file, line, path, message, fix }) =>
        bad('policy-broken', `${placeText({ file, line }, path)}: ${message}`, fix),
      ),
  ];
}
