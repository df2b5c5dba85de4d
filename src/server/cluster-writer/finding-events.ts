/**
 * Events (events.k8s.io/v1) on policies: one a finding and generation, whoever leads, since its name is made of both.
 * @module
 */
import { hash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Finding } from '../../policy/documents/finding.ts';
import { type Identified, lineOf, type ToldObject } from './told-object.ts';

/** More of one generation are not told by events: who mends those sees the others. */
const MOST_OF_ONE = 10;
const MOST_NOTE_BYTES = 1_024;
const MOST_NAME = 230;

/** The events of an object, to be created as they are. @param now  as the API has times: RFC 3339 with six fractional digits */
export function eventsOf(object: ToldObject, identified: Identified, now: string): readonly FindingEvent[] {
  return object.findings.slice(0, MOST_OF_ONE).map((finding) => eventOf(object, identified, finding, now));
}

function eventOf(
  { apiVersion, kind, namespace, name }: ToldObject,
  { uid, generation }: Identified,
  finding: Finding,
  now: string,
): FindingEvent {
  const { code, path, message, severity } = finding;
  const id = hash('sha256', [uid, generation, code, path, message].join('\n')).slice(0, 16);
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    // Of what belongs to no namespace events lie in default.
    metadata: { name: `${name.slice(0, MOST_NAME)}.${id}`, namespace: namespace || 'default' },
    eventTime: now,
    reportingController: 'gatehouse.io/gatehouse',
    reportingInstance: hostname().slice(0, 128),
    action: severity === 'error' ? 'KeepLastGood' : 'Read',
    reason: code.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()).slice(0, 128),
    type: 'Warning',
    regarding: { apiVersion, kind, name, uid, ...(namespace !== '' && { namespace }) },
    note: cut(lineOf(finding)),
  };
}

/** Whole characters of at most so many bytes. */
function cut(text: string): string {
  if (Buffer.byteLength(text) <= MOST_NOTE_BYTES) return text;
  let out = text.slice(0, MOST_NOTE_BYTES);
  while (Buffer.byteLength(out) > MOST_NOTE_BYTES - 3) out = out.slice(0, -1);
  return `${out.toWellFormed()}…`;
}

/** As it is created. */
export interface FindingEvent {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly action: string;
  readonly reason: string;
  readonly type: string;
  readonly regarding: Readonly<Record<string, string>>;
  readonly note: string;
}
