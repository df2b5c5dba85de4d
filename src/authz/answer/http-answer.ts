/**
 * Answers over HTTP: 200 passes, 401 and 403 do not, and there is no other; a fault of ours is a 403 that says so.
 *
 * Proxies take every 2xx for a yes, or hand it to the client as an answer, and some take a 5xx for no answer at all. What a proxy
 * copies into a request stands in every 200, empty if need be: of a header that is missing some of them pass the client's own.
 * @module
 */
import type { Reason } from '../../policy/decision.ts';
import type { AnswerForm } from './answer-cache.ts';
import { type AnswerContext, decisionText, escaped, isHeaderValue, refusalOf } from './respond.ts';
import { certificateRefusals, REASON_HEADER } from './told-reasons.ts';

/** Names and values, one after the other; `body` is empty where there is none. */
export interface HttpAnswer {
  readonly status: 200 | 401 | 403;
  readonly headers: string[];
  readonly body: string;
}

interface PreparedHttpAnswer extends HttpAnswer {
  /** Where in `headers` the id stands, and texts that hold it. */
  readonly idAt: readonly number[];
}

/** The id of the decision. */
export const ID_HEADER = 'X-Gatehouse-Id';

const PLACEHOLDER = '\x01';
/** What is wrong with a proxy, with us, or with the connection, and not with the request. */
const told = new Set<Reason>([
  ...certificateRefusals,
  'internal_error',
  'not_ready',
  'malformed_request',
  'fact_unknown',
  'caller_not_authorised',
  'destination_unknown',
  'namespace_unknown',
]);

/** How answers over HTTP are made. */
export const httpAnswers: AnswerForm<PreparedHttpAnswer, HttpAnswer> = {
  prepare(context) {
    const made = context.decision.effect === 'allow' ? allow(context) : deny(context);
    const headers = [...common(context), ...made.headers];
    const idAt = headers.flatMap((text, i) => (text.includes(PLACEHOLDER) ? [i] : []));
    return { ...made, headers, idAt };
  },
  withId({ status, headers, body, idAt }, id) {
    const text = id.toString('latin1');
    const own = headers.slice();
    for (let i = 0; i < idAt.length; i++) {
      const at = idAt[i]!;
      own[at] = own[at] === PLACEHOLDER ? text : own[at]!.replace(PLACEHOLDER, text);
    }
    return { status, headers: own, body };
  },
};

function common(context: AnswerContext): string[] {
  const { decision, decisionHeader } = context;
  const { reason, lacks } = decision;
  const why = told.has(reason) ? `${reason}${lacks === undefined ? '' : `: ${lacks}`}` : '';
  return [
    ...['Cache-Control', 'no-store', ID_HEADER, PLACEHOLDER],
    ...(why === '' ? [] : [REASON_HEADER, why]),
    ...(decisionHeader ? ['X-Gatehouse-Decision', `${escaped(decisionText(context, ''))}${PLACEHOLDER}`] : []),
  ];
}

/** With what token verification changes in the request: values to set, and empty ones for what is to go. */
function allow({ effects }: AnswerContext): HttpAnswer {
  const headers: string[] = [];
  const written = new Set<string>();
  for (const [name, value] of effects?.headersToSet ?? []) {
    if (!isHeaderValue(value)) continue;
    headers.push(name, value);
    written.add(name);
  }
  const gone = (effects?.headersToRemove ?? []).filter((name) => !written.has(name));
  for (const name of gone) headers.push(name, '');
  if (gone.length > 0) headers.push('X-Envoy-Auth-Headers-To-Remove', gone.join(','));
  headers.push('Content-Length', '0');
  return { status: 200, headers, body: '' };
}

function deny(context: AnswerContext): HttpAnswer {
  const { status, body, wwwAuthenticate } = refusalOf(context);
  const headers = wwwAuthenticate === undefined ? [] : ['WWW-Authenticate', wwwAuthenticate];
  headers.push('Content-Type', 'text/plain', 'Content-Length', String(Buffer.byteLength(body, 'latin1')));
  return { status: status === 401 ? 401 : 403, headers, body };
}
