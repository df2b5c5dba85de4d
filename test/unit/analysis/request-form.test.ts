import assert from 'node:assert/strict';
import { encodeRequestForm } from '../../../src/analysis/request-form.ts';

/** A member that is wrong, and what is said. */
const cases: readonly { readonly name: string; readonly input: unknown; readonly want: string }[] = [
  {
    name: 'a member that nobody knows',
    input: { source: { principle: 'spiffe://td/ns/a/sa/b' } },
    want: 'source: there is no "principle" (did you mean principal?)',
  },
  {
    name: 'one near nothing',
    input: { http: { method: 'GET', verb: 'GET' } },
    want: 'http: there is no "verb" (known here: method, path, host, scheme, headers)',
  },
  {
    name: 'one of the request itself',
    input: { sources: {} },
    want: 'request: there is no "sources" (did you mean source?)',
  },
  {
    name: 'an address that is none',
    input: { source: { address: '10.0.0.256' } },
    want: 'source.address: this is no IP address: write e.g. 10.0.0.7',
  },
  {
    name: 'a range for an address',
    input: { destination: { address: '10.0.0.0/8' } },
    want: 'destination.address: this is no IP address: write e.g. 10.0.0.7',
  },
  {
    name: 'a header with its colon',
    input: { http: { headers: { 'X-Token:': 'a' } } },
    want: 'http.headers.X-Token:: this is no name of a header: write it without colon and blanks',
  },
];

describe('encodeRequestForm', () => {
  for (const { name, input, want } of cases) {
    it(`refuses ${name}`, () => {
      assert.throws(() => encodeRequestForm(input), {
        code: 'message_invalid',
        message: `the request is not one: ${want}`,
      });
    });
  }

  it('takes addresses of both families, with a zone as Envoy writes it, and names of headers in any case', () => {
    for (const address of ['', '10.0.0.7', '::1', '::ffff:10.0.0.7', 'fe80::1%4'])
      encodeRequestForm({ source: { address }, http: { headers: { 'X-Token': ['a', 'b'], ':scheme': 'http' } } });
  });
});
