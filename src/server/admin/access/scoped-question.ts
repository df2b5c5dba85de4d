/**
 * Questions of readers of some namespaces: about their own workloads, with nothing in them that would have the server look up
 * somebody else's.
 * @module
 */
import type { ReadQuestion } from '../../../admin-api/routes.ts';
import { askedRequest } from '../../../analysis/asked-request.ts';
import { readRequestForm } from '../../../analysis/request-form.ts';
import { asGatehouseError, GatehouseError } from '../../../errors.ts';
import { ipInRange, parseCidr, parseZonedIp, unmapped, unmappedRange } from '../../../lib/ip-address.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { notInSight, type Sight } from './sight.ts';

type Question = ReadQuestion<'POST /v1/explain'>;
type Form = Extract<Question, { readonly contextExtensions: unknown }>;

/** What may be explained, and who asks in it: an ID, or whatever name he has. */
export interface ScopedQuestion {
  readonly asked: Question;
  readonly principal: string;
}

/**
 * Reads a question for somebody who reads some namespaces only.
 *
 * @throws GatehouseError `caller_not_authorised` where it names a place of others; `not_found` where a workload of his is none
 */
export function scopedQuestion(
  question: Question,
  sight: Sight,
  deps: Pick<AdminDeps, 'explain' | 'policies'>,
): ScopedQuestion {
  const asked = 'pair' in question ? formOfPair(question.pair, sight, deps) : question;
  const { source = {}, destination = {} } = formOf(asked, deps);
  for (const [end, { address = '' }] of Object.entries({ source, destination })) {
    if (address === '' || isOwnAddress(address, sight, deps)) continue;
    throw notInSight(sight, `the address of the ${end}`, 'leave it out, and name the workload by its SPIFFE ID');
  }
  return { asked, principal: source.principal ?? '' };
}

/** What a question says, read as a decider reads it. Bytes that are no request have no destination, and are refused for that. */
function formOf(asked: Exclude<Question, { readonly pair: unknown }>, { policies }: Pick<AdminDeps, 'policies'>) {
  if (!('checkRequest' in asked)) return 'request' in asked ? asked.request : asked;
  return askedRequest(Buffer.from(asked.checkRequest, 'base64'), policies.current.value.model) ?? {};
}

function formOfPair(
  pair: Extract<Question, { readonly pair: unknown }>['pair'],
  sight: Sight,
  { explain }: Pick<AdminDeps, 'explain'>,
): Form {
  const isFromHere = isOwnName(pair.from, sight);
  if (!isOwnName(pair.to, sight)) throw notInSight(sight, JSON.stringify(pair.to));
  if (!isFromHere && !pair.from.startsWith('spiffe://'))
    throw notInSight(sight, JSON.stringify(pair.from), 'name a caller elsewhere by its SPIFFE ID');
  try {
    const form = readRequestForm(explain.requestOf(pair));
    const { principal } = form.source;
    return isFromHere && sight.hasId(principal)
      ? form
      : { ...form, source: readRequestForm({ source: { principal } }).source };
  } catch (thrown) {
    const { code } = asGatehouseError(thrown);
    throw new GatehouseError(
      code === 'message_invalid' || code === 'spiffe_id_invalid' ? 'message_invalid' : 'not_found',
      `${JSON.stringify(pair.from)} or ${JSON.stringify(pair.to)} names no workload: write namespace/serviceAccount or a SPIFFE ID`,
      { from: pair.from, to: pair.to },
    );
  }
}

/** Whether a name, as people call workloads, is one of his namespaces. An address is none: whose it is has to be looked up. */
function isOwnName(name: string, { has, hasId }: Sight): boolean {
  if (name.startsWith('spiffe://')) return hasId(name);
  const slash = name.indexOf('/');
  return slash > 0 && has(name.slice(0, slash));
}

/** Whether workloads of his, and nobody else's, have an address. */
function isOwnAddress(text: string, { has }: Sight, { policies }: Pick<AdminDeps, 'policies'>): boolean {
  const parsed = parseZonedIp(text);
  if (parsed === undefined) return false;
  const address = unmapped(parsed);
  const holders = (policies.current.value.model.registry?.endpoints ?? []).filter(({ addresses }) =>
    addresses.some((each) => {
      if (each === text) return true;
      const range = parseCidr(each);
      return range !== undefined && ipInRange(address, unmappedRange(range));
    }),
  );
  return holders.length > 0 && holders.every(({ namespace }) => has(namespace));
}
