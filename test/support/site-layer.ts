/**
 * The site's own layer alone: read from texts, and asked about connections.
 * @module
 */
import assert from 'node:assert/strict';
import { compileSnapshot } from '../../src/policy/compile/compile-snapshot.ts';
import { usualDialect } from '../../src/policy/dialects/contribution.ts';
import { siteKinds } from '../../src/policy/dialects/site/kinds.ts';
import type { SiteOptions } from '../../src/policy/dialects/site/ranges.ts';
import { evaluate } from '../../src/policy/evaluate/evaluate.ts';
import { loadPolicies } from '../../src/policy/load.ts';
import { readPolicies } from '../../src/policy/read-policies.ts';
import { plainFacts } from './plain-facts.ts';

/** What a pod network and what is outside of it are, in all examples. */
export const usualTags: SiteOptions = {
  subnets: ['10.1.0.0/16'],
  tags: { VirtualNetwork: ['10.0.0.0/8'], Internet: { except: ['10.0.0.0/8'] } },
};

/** Reads a file of the site. */
export const readSite = (text: string, options: SiteOptions = usualTags, file = 'site.json') =>
  readPolicies(file, text, { ...usualDialect, kinds: siteKinds(options) });

/** A connection. */
export interface Asked {
  readonly from: string;
  readonly to: string;
  readonly port?: number;
  readonly sourcePort?: number;
  /** IANA's number; TCP unless said otherwise. */
  readonly protocol?: number;
}

/** Asks both evaluators, which must agree: `allow` or `deny`, and the rule of the file that said so. */
export function askSite(texts: readonly string[], options: SiteOptions = usualTags): (asked: Asked) => string {
  const files = texts.map((text, i) => readSite(text, options, `site${i}.json`));
  const { model, findings } = loadPolicies(files, {
    generation: 1,
    absence: 'upstream',
    rootNamespace: usualDialect.rootNamespace,
    planes: { calico: 'enforce', l4: 'enforce', site: 'enforce' },
  });
  assert.deepEqual(findings, []);
  const planes = model.planes.filter(({ id }) => id === 'site');
  const snapshot = compileSnapshot({ ...model, planes }, { allowEmpty: true });
  return ({ from, to, port = 443, sourcePort = 40_000, protocol = 6 }) => {
    const facts = plainFacts({
      protocol: 'tcp',
      source: from,
      remote: from,
      address: to,
      destinationPort: port,
      sourcePort,
      ipProtocol: protocol,
    });
    const made = snapshot.decide(facts);
    assert.deepEqual(evaluate({ ...model, planes }, facts, { allowEmpty: true }).decision, made);
    return made.policy === undefined ? made.effect : `${made.effect} ${made.rule}`;
  };
}
