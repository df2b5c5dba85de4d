import assert from 'node:assert/strict';
import type { RequestForm } from '../../../../src/admin-api/request-form.ts';
import { encodeRequestForm } from '../../../../src/analysis/request-form.ts';
import { createRedactor } from '../../../../src/authz/record/redacted-decision.ts';
import type { PolicyModel, TextPattern } from '../../../../src/policy/model.ts';

const position = { file: 'f', line: 1, column: 1 };

/** A model that compares a header with patterns, and takes tokens from a parameter. */
function modelWith(header: string, any: readonly TextPattern[]): PolicyModel {
  const ref = { dialect: 'istio', kind: 'AuthorizationPolicy', namespace: 'default', name: 'p' } as const;
  const http = { op: 'text', fact: { of: 'header', name: header }, any } as const;
  const rule = { index: 0, position, effect: 'allow', http, tcp: undefined } as const;
  const subject = { namespace: 'default', labels: [] };
  const policy = { ref, position, owner: '', mode: 'enforce', subject, rules: [rule] } as const;
  const tokenRule = {
    position,
    issuer: 'i',
    audiences: [],
    keys: { from: 'inline', id: 'k', jwks: '' },
    fromHeaders: [{ name: 'X-Token', prefix: '' }],
    fromParams: ['jwt'],
    fromCookies: [],
    forwardOriginalToken: false,
    outputPayloadToHeader: '',
    outputClaimToHeaders: [],
    spaceDelimitedClaims: [],
    fetchTimeoutMs: 1000,
  } as const;
  return {
    generation: 1,
    absence: 'upstream',
    planes: [
      {
        id: 'istio',
        mode: 'enforce',
        stages: [
          { kind: 'token', policies: [{ ref, position, owner: '', subject, rules: [tokenRule] }] },
          { kind: 'any-allow', name: 'ALLOW', policies: [policy] },
        ],
      },
    ],
  };
}

const requestWith = (headers: Record<string, string>, path = '/x'): RequestForm => ({
  http: { method: 'GET', path, headers },
});

interface Case {
  readonly name: string;
  readonly header: string;
  readonly value: string;
  readonly patterns: readonly TextPattern[];
  readonly want: string;
}

const cases: readonly Case[] = [
  { name: 'nothing compares it', header: 'authorization', value: 'Bearer s3cret', patterns: [], want: 'xxxxxxxxxxxxx' },
  {
    name: 'a prefix of it counts',
    header: 'authorization',
    value: 'Bearer s3cret',
    patterns: [{ is: 'prefix', value: 'Bearer ' }],
    want: 'Bearer xxxxxx',
  },
  {
    name: 'a suffix of it counts',
    header: 'cookie',
    value: 'id=77; theme=dark',
    patterns: [{ is: 'suffix', value: 'theme=dark' }],
    want: 'xxxxxxxtheme=dark',
  },
  { name: 'it must be there', header: 'cookie', value: 'id=77', patterns: [{ is: 'present' }], want: 'xxxxx' },
  {
    name: 'the policy spells it out',
    header: 'authorization',
    value: 'Basic YTpi',
    patterns: [{ is: 'exact', value: 'Basic YTpi' }],
    want: 'Basic YTpi',
  },
  {
    name: 'another one is spelt out',
    header: 'authorization',
    value: 'Basic YTpi',
    patterns: [{ is: 'exact', value: 'Basic YTpj' }],
    want: 'xxxxxxxxxx',
  },
  { name: 'a header that tokens come in', header: 'x-token', value: 's3cret', patterns: [], want: 'xxxxxx' },
  { name: 'any other header', header: 'x-team', value: 'blue', patterns: [], want: 'blue' },
];

describe('createRedactor', () => {
  for (const { name, header, value, patterns, want } of cases) {
    it(`covers a header: ${name}`, () => {
      const redact = createRedactor(modelWith(header, patterns));
      const before = encodeRequestForm(requestWith({ [header]: value }));
      const after = encodeRequestForm(requestWith({ [header]: want }));
      assert.equal(redact(before).toString('latin1'), after.toString('latin1'));
    });
  }

  it('covers parameters that tokens come in, wherever the path stands, and leaves the others', () => {
    const redact = createRedactor(modelWith('x', []));
    const before = encodeRequestForm(requestWith({}, '/x?jwt=s3cret&page=2&access_token=abc'));
    const after = encodeRequestForm(requestWith({}, '/x?jwt=xxxxxx&page=2&access_token=xxx'));
    assert.equal(redact(before).toString('latin1'), after.toString('latin1'));
  });

  it('covers a JWT in a place that nobody named', () => {
    const redact = createRedactor(modelWith('x', []));
    const kept = redact(encodeRequestForm(requestWith({ 'x-other': 'eyJhbGciOi.eyJpc3Mi.c2ln' }))).toString('latin1');
    assert.doesNotMatch(kept, /eyJ/);
  });

  it('keeps nothing of what is no CheckRequest', () => {
    assert.equal(createRedactor(modelWith('x', []))(Buffer.from('\xff\xff secret', 'latin1')).length, 0);
  });
});
