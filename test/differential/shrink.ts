/**
 * Makes a disagreement small: takes away from policies and request whatever it can be had without.
 * @module
 */
import { parse } from 'yaml';
import { destinationOf } from './addresses.ts';
import type { Case, Request } from './case.ts';
import { askJudge } from './judge.ts';
import { playCase } from './play-case.ts';

const MOST_AT_ONCE = 300;
const MOST_ROUNDS = 25;

/** Whether the two sides still disagree about a case; one trial of the judge for all of them. */
async function disagreeing(cases: readonly Case[]): Promise<readonly Case[]> {
  const asked = cases.map((each, i) => ({ ...atAddress(each, i + 1), id: `${i}` }));
  const answers = Map.groupBy(await askJudge(asked), (answer) => answer.case);
  const outcomes = await Promise.all(asked.map((each) => playCase(each, answers.get(each.id) ?? [])));
  return cases.filter((_, i) => outcomes[i]!.differences.length > 0);
}

/** The smallest case that the judge and the product still answer differently; the case itself if it does not differ again. */
export async function shrink(whole: Case): Promise<Case> {
  let smallest = whole;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const [next] = (await disagreeing(smallerThan(smallest))).toSorted((a, b) => weight(a) - weight(b));
    if (next === undefined) break;
    smallest = next;
  }
  return smallest;
}

const weight = ({ documents, requests, aliases }: Case): number =>
  JSON.stringify([documents, requests, aliases]).length;

/** The n-th case has the n-th address: policies that name their own address must name that one. */
function atAddress(of: Case, n: number): Case {
  const [v4, v6] = destinationOf(n);
  const documents = of.documents.map((text) => text.replaceAll(OWN_ADDRESS, v4).replaceAll(OWN_ADDRESS_6, v6));
  return { ...of, documents };
}

/** Stand for the case's own addresses in documents. */
export const OWN_ADDRESS = '10.64.255.254';
export const OWN_ADDRESS_6 = 'fd00:64::ffff';

function smallerThan(of: Case): readonly Case[] {
  const [request] = of.requests;
  if (request === undefined) return [];
  const documents = of.documents.map((text) => parse(text) as unknown);
  const out: Case[] = [
    ...documents.map((_, i): Case => ({ ...of, documents: of.documents.toSpliced(i, 1) })),
    ...smallerRequests(request).map((each): Case => ({ ...of, requests: [each] })),
    ...documents.flatMap((document, i) =>
      without(document).map((each): Case => ({ ...of, documents: of.documents.with(i, JSON.stringify(each)) })),
    ),
  ];
  if (of.aliases.length > 0) out.push({ ...of, aliases: [] });
  return out.slice(0, MOST_AT_ONCE);
}

const kept = new Set(['apiVersion', 'kind', 'metadata', 'name', 'namespace', 'spec']);

/** Every value that has one member or element less, at any depth; the largest pieces first. */
function without(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) {
    return [
      ...value.map((_, i) => value.toSpliced(i, 1)),
      ...value.flatMap((element, i) => without(element).map((each) => value.with(i, each))),
    ];
  }
  if (typeof value !== 'object' || value === null) return [];
  const members = Object.entries(value);
  return [
    ...members
      .filter(([name]) => !kept.has(name))
      .map(([name]) => Object.fromEntries(members.filter(([each]) => each !== name))),
    ...members.flatMap(([name, member]) => without(member).map((each) => ({ ...value, [name]: each }))),
  ];
}

const simple: Request = {
  h2: false,
  grpc: false,
  identity: { name: 'plain', plain: true },
  sni: '',
  source: '10.1.5.6',
  port: '8080',
  method: 'GET',
  path: '/',
  host: 'example.com',
};

function smallerRequests(request: Request): readonly Request[] {
  const headers = request.headers ?? [];
  const out: Request[] = headers.map((_, i) => ({ ...request, headers: headers.toSpliced(i, 1) }));
  for (const [name, value] of Object.entries(simple)) {
    const field = name as keyof Request; // of the object above
    if (request.tcp === true && field === 'port') continue;
    if (JSON.stringify(request[field] ?? value) !== JSON.stringify(value)) out.push({ ...request, [field]: value });
  }
  const query = request.path?.indexOf('?') ?? -1;
  if (query >= 0) out.push({ ...request, path: request.path!.slice(0, query) });
  return out;
}
