/**
 * One screen of a running server, for people.
 * @module
 */
import type { Look, Style } from '../terminal/look.ts';
import { spanText } from '../terminal/span-text.ts';
import type { StatusReport } from './status-report.ts';

/** A line of the screen: what it is about, and what there is to say. */
type Line = readonly [label: string, text: string, style?: Style];

/** Renders it; as of `nowMs`, milliseconds since 1970. */
export function statusText(report: StatusReport, look: Look, nowMs: number): string {
  const lines: readonly Line[] = [
    ...headLines(report, nowMs),
    ...troubleLines(report, nowMs),
    ...authorityLines(report, nowMs),
    ...deciderLines(report, nowMs),
    ...policyLines(report, nowMs),
    ...report.notShown.map(({ what, why }): Line => [what, `not shown: ${why}`, 'dim']),
  ];
  const width = Math.max(...lines.map(([label]) => label.length)) + 2;
  const room = look.columns === undefined ? Number.POSITIVE_INFINITY : look.columns - width;
  return lines
    .flatMap(([label, text, style], i) =>
      wrapped(text, room).map((part, j) => {
        const isNew = j === 0 && label !== lines[i - 1]?.[0];
        return `${(isNew ? label : '').padEnd(width)}${style === undefined ? part : look.style(style, part)}\n`;
      }),
    )
    .join('');
}

/** Breaks a text between words; a word that is longer than a line has one of its own. */
function wrapped(text: string, room: number): readonly string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!;
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function* headLines(report: StatusReport, nowMs: number): Iterable<Line> {
  const { version, ready, roles, pid, trustDomain, startedAt } = report;
  const other = version.server === version.client ? '' : ` (this command: ${version.client})`;
  yield ['gatehouse', `${version.server ?? 'of an unknown version'}${other}, ${roles.join(' and ')}, pid ${pid}`];
  yield ['trust domain', trustDomain];
  yield ['state', `${ready ? 'ready' : 'NOT READY'}, up ${ageText(startedAt, nowMs)}`, ready ? 'good' : 'bad'];
}

/** Servers before `troubles` say what is wrong, and not since when. */
function* troubleLines(report: StatusReport, nowMs: number): Iterable<Line> {
  const { waiting, degraded, troubles } = report;
  const isWaiting = (what: string): boolean =>
    Object.entries(waiting).some(([part, why]) => what === `${part}: ${why}`);
  const untold = [...Object.entries(waiting).map(([part, why]) => `${part}: ${why}`), ...degraded];
  for (const { what, since } of troubles ?? untold.map((each) => ({ what: each, since: undefined }))) {
    const waits = isWaiting(what);
    const text = since === undefined ? what : `${what} (since ${since}, ${ageText(since, nowMs)})`;
    yield waits ? ['waiting for', text, 'bad'] : ['degraded', text, 'warning'];
  }
}

function* authorityLines({ authorities, svids, lastChange }: StatusReport, nowMs: number): Iterable<Line> {
  for (const each of authorities ?? []) {
    const { use, slot, id, notAfter, keyPlace, unexpiredSvids, unacknowledgedCount, unacknowledgedNotByWaiting } = each;
    if (slot === 'revoked') continue;
    const lacking =
      unacknowledgedCount === 0
        ? 'known to all'
        : `not known to ${unacknowledgedCount} (${unacknowledgedNotByWaiting} not by waiting)`;
    yield [
      'authorities',
      `${use} ${slot} ${id.slice(0, 16)}, until ${notAfter.slice(0, 10)}, ${keyPlace.startsWith('pkcs11:') ? `key ${keyPlace}, ` : ''}${unexpiredSvids} SVIDs out, ${lacking}`,
    ];
  }
  if (authorities !== null) yield ['rotation', rotationOf(authorities)];
  if (svids !== null) yield ['SVIDs live', `${svids.x509} X.509, ${svids.jwt} JWT`];
  if (lastChange !== null) {
    const { verb, use, who, at, result, reason } = lastChange;
    const why = reason === '' ? '' : `: ${reason}`;
    yield ['last change', `${verb} ${use} by ${who}, ${result}, ${ageText(at, nowMs)} ago${why}`];
  }
}

/** What has been begun and is not over yet. */
function rotationOf(authorities: NonNullable<StatusReport['authorities']>): string {
  const steps = (['prepared', 'tainted'] as const).flatMap((slot) =>
    authorities
      .filter((each) => each.slot === slot)
      .map((each) =>
        slot === 'prepared'
          ? `${each.use}: prepared, to be activated`
          : `${each.use}: tainted, ${each.unexpiredSvids} SVIDs to renew`,
      ),
  );
  return steps.length === 0 ? 'none under way' : steps.join('; ');
}

function* deciderLines(
  { deciders, followers, feed, decisions, generation }: StatusReport,
  nowMs: number,
): Iterable<Line> {
  if (deciders.length > 0) {
    const behind = deciders.filter((each) => each.generation !== generation).length;
    yield [
      'deciders',
      `${deciders.length} here${behind === 0 ? '' : `, ${behind} not at generation ${generation} yet`}`,
    ];
  }
  if (followers !== undefined && followers.length > 0) {
    const oldest = Math.min(...followers.map(({ lastSeenAt }) => lastSeenAt));
    yield ['followers', `${followers.length} elsewhere, the quietest heard ${spanText(nowMs - oldest)} ago`];
  }
  if (feed !== undefined) {
    const where = feed.authorityAddresses.join(', ');
    const how = feed.connected ? `connected to ${where}` : `NOT connected to ${where}: ${feed.why}`;
    const age =
      feed.ageSeconds === null ? 'knows nothing yet' : `what it knows is ${spanText(feed.ageSeconds * 1000)} old`;
    yield ['follows', `${how}; as ${feed.decider}, ${age}`];
  }
  if (decisions !== undefined) {
    const { perSecond, deniedPerSecond, allowed, denied } = decisions;
    yield [
      'decisions',
      `${perSecond.toFixed(1)}/s, ${deniedPerSecond.toFixed(1)}/s denied (last minute); ${allowed + denied} since the start, ${denied} denied`,
    ];
  }
}

function* policyLines({ policies, generation, policiesSince }: StatusReport, nowMs: number): Iterable<Line> {
  if (policies === null) return;
  const total = policies.counts.reduce((sum, { count }) => sum + count, 0);
  const since = policiesSince === undefined ? '' : ` since ${policiesSince} (${ageText(policiesSince, nowMs)})`;
  const inForce = `${total} in force, generation ${generation}${since}`;
  yield total === 0 ? ['policies', inForce, 'warning'] : ['policies', inForce];
  yield ['policies', policies.summary];
  const { errors, warnings } = policies.findings;
  if (errors + warnings > 0)
    yield ['policies', `${errors} errors, ${warnings} warnings: gatehouse policy list shows them`];
}

const ageText = (instant: string, nowMs: number): string => spanText(nowMs - Date.parse(instant));
