/**
 * How a policy would write what a request brings: the request's facts as YAML, field by field.
 * @module
 */
import { fromByteString } from '../../lib/byte-string.ts';
import type { Facts } from '../../policy/facts.ts';
import { parseSpiffeId, serviceAccountOf } from '../../spiffe/spiffe-id.ts';
import { scalar } from './yaml-edit.ts';

/** Who asks, as policies name it; undefined without a name. */
export interface Caller {
  /** Without `spiffe://`. */
  readonly principal: string;
  readonly account: { readonly namespace: string; readonly serviceAccount: string } | undefined;
}

/** The caller of a request. */
export function callerOf(facts: Facts): Caller | undefined {
  const name = facts.peerNames[0];
  if (name === undefined || name === '') return undefined;
  return { principal: fromByteString(name).replace(/^spiffe:\/\//, ''), account: accountOf(name) };
}

function accountOf(name: string) {
  try {
    return serviceAccountOf(parseSpiffeId(name));
  } catch {
    return undefined; // a name of another form has no account
  }
}

/** The source's address as a network of one; undefined if it is not known. */
export function sourceNet({ sourceAddress }: Facts): string | undefined {
  return sourceAddress && `${sourceAddress.text}/${sourceAddress.bytes.length * 8}`;
}

type Spell = (facts: Facts) => readonly (string | undefined)[];

const known = (text: string | undefined): string | undefined =>
  text === undefined || text === '' ? undefined : scalar(fromByteString(text));
const principal: Spell = (facts) => [known(callerOf(facts)?.principal)];
const account: Spell = (facts) => {
  const of = callerOf(facts)?.account;
  return [of && scalar(`${of.namespace}/${of.serviceAccount}`)];
};
const requestPrincipal: Spell = (facts) => {
  const [iss] = facts.claim(['iss']);
  const [sub] = facts.claim(['sub']);
  return [iss === undefined || sub === undefined ? undefined : known(`${iss}/${sub}`)];
};
const port: Spell = ({ destinationPort }) =>
  destinationPort < 0
    ? []
    : [`"${destinationPort}"`, String(destinationPort), `{ protocol: TCP, port: ${destinationPort} }`];
const path: Spell = (facts) => [
  known(facts.path),
  facts.path === undefined ? undefined : `{ exact: ${known(facts.path)} }`,
];

const fields: ReadonlyMap<string, Spell> = new Map(
  Object.entries<Spell>({
    principals: principal,
    namespaces: (facts) => [known(callerOf(facts)?.account?.namespace)],
    serviceaccounts: account,
    trustdomains: (facts) => [known(callerOf(facts)?.principal.split('/', 1)[0])],
    requestprincipals: requestPrincipal,
    ipblocks: (facts) => [known(facts.sourceAddress?.text)],
    remoteipblocks: (facts) => [known(facts.remoteAddress?.text)],
    hosts: (facts) => [known(facts.host)],
    methods: (facts) => [known(facts.method)],
    paths: path,
    ports: port,
    nets: (facts) => [known(sourceNet(facts))],
    names: (facts) => [known(callerOf(facts)?.account?.serviceAccount)],
  }),
);

/**
 * What to write into a list of this name so that it takes the request, likeliest first; YAML. Whoever uses it tries it.
 *
 * @param values  the fact's own values, for fields whose name does not tell (`values` of a condition)
 */
export function spellings(field: string, values: readonly string[], facts: Facts): readonly string[] {
  const spell = fields.get(field.replace(/^not(?=[A-Z])/, '').toLowerCase());
  const told = spell?.(facts) ?? [
    ...values.map(known),
    ...principal(facts),
    known(callerOf(facts)?.account?.namespace),
  ];
  return [...new Set(told.filter((each) => each !== undefined))];
}
