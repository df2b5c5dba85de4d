import { checked, istioPolicy, type Planted, testPlanted, tokens } from '../../../../../support/planted.ts';

const google = tokens(
  '{ selector: { matchLabels: { app: cart } }, jwtRules: [{ issuer: "https://accounts.google.com" }] }',
);
const cart = (rules: string, more = '', name = 'viewer'): string =>
  istioPolicy(`{ selector: { matchLabels: { app: cart } }, ${more} rules: [${rules}] }`, name);
const from = (values: string, field = 'requestPrincipals'): string =>
  `{ from: [{ source: { ${field}: [${values}] } }] }`;
const demand = cart(from('"*"'));

const planted: readonly Planted[] = [
  {
    code: 'issuer-unread',
    faults: {
      'another issuer': google + cart(from('"https://login.example.com/*"')),
      'a slash too many': google + cart(from('"https://accounts.google.com//*"')),
      'no scheme': google + cart(from('"accounts.google.com/*"')),
      'a negation in a DENY': google + cart(from('"issuer.example/*"', 'notRequestPrincipals'), 'action: DENY,'),
      'a condition':
        google + cart('{ when: [{ key: request.auth.principal, values: ["testing@secure.istio.io/a"] }] }'),
      'a condition on the claim': google + cart('{ when: [{ key: "request.auth.claims[iss]", values: [google] }] }'),
      'the end of an issuer': google + cart(from('"*.example.com/a"')),
      'one of two': google + cart(from('"https://accounts.google.com/*", "https://accounts.goggle.com/*"')),
      'an issuer that ends in a slash':
        tokens('{ jwtRules: [{ issuer: "https://shop.auth.example/" }] }') +
        cart(from('"https://shop.auth.example/*"')),
      'in another namespace alone':
        tokens('{ jwtRules: [{ issuer: a }] }') +
        tokens('{ jwtRules: [{ issuer: b }] }', 't', 'other') +
        cart(from('"b/*"')),
    },
    innocent: {
      'the issuer': google + cart(from('"https://accounts.google.com/*", "https://accounts.google.com/me"')),
      'any issuer': google + cart(from('"*", "*/me", "*me"')),
      'a rule for any issuer':
        google + tokens('{ jwtRules: [{ jwksUri: "https://a.example/k" }] }', 'any') + cart(from('"x/*"')),
      'no tokens at all': cart(from('"x/*"')),
      'the root namespace': tokens('{ jwtRules: [{ issuer: b }] }', 't', 'istio-system') + google + cart(from('"b/*"')),
      'a start of it': google + cart('{ when: [{ key: "request.auth.claims[iss]", values: ["https://accounts.*"] }] }'),
    },
  },
  {
    code: 'token-not-demanded',
    faults: {
      'no policy': google,
      'policies that ask for other things': google + cart('{ to: [{ operation: { methods: [GET] } }] }'),
      'a policy of other workloads':
        google + istioPolicy(`{ selector: { matchLabels: { app: web } }, rules: [${from('"*"')}] }`),
      'a DENY of one token': google + cart(from('"https://accounts.google.com/evil"'), 'action: DENY,'),
      'a policy of another namespace': google + istioPolicy(`{ rules: [${from('"*"')}] }`, 'a', 'other'),
      'a negation in an ALLOW': google + cart(from('"https://accounts.google.com/evil"', 'notRequestPrincipals')),
      'an ALLOW of nothing beside one of others':
        google + istioPolicy('{}', 'nothing') + cart('{ to: [{ operation: { methods: [GET] } }] }'),
      'a dry run': `${google}${demand.replace('namespace: shop }', 'namespace: shop, annotations: { istio.io/dry-run: "true" } }')}`,
      'the whole mesh': tokens('{ jwtRules: [{ issuer: a }] }', 't', 'istio-system'),
    },
    innocent: {
      'an ALLOW of tokens': google + demand,
      'a DENY without tokens': google + cart(from('"*"', 'notRequestPrincipals'), 'action: DENY,'),
      'a condition on a claim': google + cart('{ when: [{ key: "request.auth.claims[group]", values: [a] }] }'),
      'a policy of the namespace': google + istioPolicy(`{ rules: [${from('"*"')}] }`),
      'a policy of the mesh': google + istioPolicy(`{ rules: [${from('"*"')}] }`, 'a', 'istio-system'),
      'a provider': google + istioPolicy('{ action: CUSTOM, provider: { name: oauth }, rules: [{}] }'),
      'an ALLOW of nothing': google + istioPolicy('{}'),
      'no rules for tokens': tokens('{}'),
    },
  },
  {
    code: 'policies-shadowed',
    faults: {
      'an ALLOW of everything in the namespace': istioPolicy('{ rules: [{}] }', 'all') + demand,
      'an ALLOW of everything for the workload': cart('{}', '', 'all') + demand,
      'an ALLOW of everything in the mesh': demand + istioPolicy('{ rules: [{}] }', 'all', 'istio-system'),
      'a DENY of everything': demand + istioPolicy('{ action: DENY, rules: [{}] }', 'deny-all'),
      'a DENY of everything, and another':
        istioPolicy('{ action: DENY, rules: [{}] }', 'deny-all') + cart(from('"a.b"', 'namespaces'), 'action: DENY,'),
      'one rule of several': cart(`${from('web', 'namespaces')}, {}`, '', 'all') + demand,
    },
    innocent: {
      'an ALLOW of nothing': `${istioPolicy('{}', 'nothing')}${demand}`,
      'an ALLOW of other workloads':
        istioPolicy('{ selector: { matchLabels: { app: web } }, rules: [{}] }', 'all') + demand,
      'an ALLOW of one workload beside one of all':
        cart('{}', '', 'all') + istioPolicy(`{ rules: [${from('web', 'namespaces')}] }`),
      'a DENY beside an ALLOW of everything':
        istioPolicy('{ rules: [{}] }', 'all') + cart(from('web', 'namespaces'), 'action: DENY,'),
      'the same twice': istioPolicy('{ rules: [{}] }', 'all') + cart('{}', '', 'again'),
      'a record of everything': istioPolicy('{ action: AUDIT, rules: [{}] }', 'all') + demand,
    },
  },
];

describe('what Istio policies do together', () => testPlanted(planted, checked));
