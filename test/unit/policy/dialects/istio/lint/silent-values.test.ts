import { checked, istioPolicy, type Planted, testPlanted, tokens } from '../../../../../support/planted.ts';

const from = (fields: string, more = ''): string =>
  istioPolicy(
    `{ selector: { matchLabels: { app: cart } }, ${more} rules: [{ from: [{ source: { ${fields} } }], to: [{ operation: { methods: [GET], paths: ["/api*"], ports: ["8080"] } }] }] }`,
  );
const to = (fields: string, action = 'DENY'): string =>
  istioPolicy(`{ action: ${action}, rules: [{ to: [{ operation: { ${fields}, ports: ["8080"] } }] }] }`);
const when = (condition: string, action = 'ALLOW'): string =>
  istioPolicy(`{ action: ${action}, rules: [{ when: [{ ${condition} }] }] }`);

const blockStyle = `apiVersion: security.istio.io/v1beta1
kind: AuthorizationPolicy
metadata:
  name: productpage-viewer
  namespace: default
  labels: { team: web }
spec:
  selector:
    matchLabels:
      app: productpage
  action: ALLOW
  rules:
    - from:
        - source:
            principals:
              - cluster.local/ns/default/sa/web
              - partner.example/ns/payments/sa/*
      to:
        - operation:
            methods: ["GET"]
`;

const planted: readonly Planted[] = [
  {
    code: 'principal-star-foreign',
    faults: {
      'a whole domain': from('principals: ["partner.example/*"]'),
      'a namespace of it, in a list': blockStyle,
      'an alias with a star in place of parts': from('principals: ["old.example/ns/shop/*"]', 'action: DENY,'),
      'a negation': from('notPrincipals: ["td.corp/ns/web/*"]', 'action: DENY,'),
      'the start of a domain': from('principals: ["partner*"]'),
      'the end of a domain': from('principals: ["*.partner.example/ns/shop/sa/web"]'),
      'a condition': when('key: source.principal, values: ["prod.example/ns/a/sa/*"]'),
      'cluster.local in a list of documents': `apiVersion: v1\nkind: List\nitems: [{ apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: { name: a, namespace: shop }, spec: { rules: [{ from: [{ source: { principals: ["td2/*"] } }] }] } }]`,
    },
    innocent: {
      'our own domain': from('principals: ["cluster.local/ns/shop/*", "cluster.local/*", "cluster.l*"]'),
      'any domain': from('principals: ["*/ns/shop/sa/web", "*", "*/sa/web", "*web"]'),
      'a star in our own domain': from('principals: ["cluster*/ns/shop/sa/web", "*.local/ns/shop/sa/web"]'),
      'an alias with all five parts': from('principals: ["old.example/ns/shop/sa/*"]'),
      'one caller of another domain': from('principals: ["partner.example/ns/payments/sa/api"]'),
    },
  },
  {
    code: 'namespace-star-wide',
    faults: {
      'a star before a': from('namespaces: ["*a"]'),
      'a star before sa': from('namespaces: ["*sa"]'),
      'a start and an end': from('namespaces: ["prod-*a"]', 'action: DENY,'),
      'a negation': from('notNamespaces: ["*a"]', 'action: DENY,'),
      'a condition': when('key: source.namespace, values: [web, "*a"]'),
      'a star on both sides': from('namespaces: ["*s*"]'),
    },
    innocent: {
      'a star at the end': from('namespaces: ["team-*", "*", "a*"]'),
      'an end that no name has behind its namespace': from('namespaces: ["*-data", "*beta", "*-sa", "*team*"]'),
      'no star': from('namespaces: [a, sa]'),
    },
  },
  {
    code: 'range-as-text',
    faults: {
      'the client address': when('key: "request.headers[x-forwarded-for]", values: ["10.0.0.0/8"]'),
      'an address of IPv6': when('key: "request.headers[X-Real-IP]", values: ["fd00::/8"]'),
      'a negation in a DENY': when('key: "request.headers[cf-connecting-ip]", notValues: ["192.0.2.0/24"]', 'DENY'),
      'several ranges': when('key: "request.headers[x-forwarded-for]", values: ["10.0.0.0/8", "172.16.0.0/12"]'),
      'one range among texts': when('key: "request.headers[x-envoy-external-address]", values: ["a", "172.16.0.0/12"]'),
      'a host': to('hosts: ["10.1.0.0/16", "10.1.0.0/16:80"]'),
      'a claim': when('key: "request.auth.claims[ip]", values: ["10.0.0.0/8"]'),
    },
    innocent: {
      'an address': when('key: "request.headers[x-forwarded-for]", values: ["10.0.0.1", "10.0.*"]'),
      'texts with slashes': when('key: "request.headers[accept]", values: ["text/html", "*/8", "a/24"]'),
      'ranges of addresses': from('ipBlocks: ["10.0.0.0/8"], remoteIpBlocks: ["fd00::/8"]'),
      'a condition on the address': when('key: source.ip, values: ["10.0.0.0/8"]'),
    },
  },
  {
    code: 'claim-dots',
    faults: {
      'roles of a realm': when('key: "request.auth.claims[realm_access.roles]", values: [admin]'),
      'three parts': when('key: "request.auth.claims[resource_access.my-client.roles]", values: [admin]'),
      'behind brackets': when('key: "request.auth.claims[user][profile.team]", values: [a]'),
      'a negation': when('key: "request.auth.claims[user.team]", notValues: [a]', 'DENY'),
      'a claim to split': tokens('{ jwtRules: [{ issuer: a, spaceDelimitedClaims: [scp, realm_access.scope] }] }'),
      'before brackets': when('key: "request.auth.claims[a.b][c]", values: ["*"]'),
    },
    innocent: {
      brackets: when('key: "request.auth.claims[realm_access][roles]", values: [admin]'),
      'an address for a name': when('key: "request.auth.claims[https://example.com/groups]", values: [a]'),
      domains: when('key: "request.auth.claims[kubernetes.io][namespace]", values: [a]'),
      'a domain in front': when('key: "request.auth.claims[com.example.role]", values: [a]'),
      'a name with a colon': when('key: "request.auth.claims[cognito:groups]", values: [a]'),
    },
  },
  {
    code: 'host-without-port',
    faults: {
      'one host': to('hosts: [admin.example.com]'),
      'the second of two': to('hosts: ["a.example.com", "a.example.com:*", "b.example.com"]'),
      'a star in front': to('hosts: ["*.internal.example"]'),
      'an action of a provider': istioPolicy(
        '{ action: CUSTOM, provider: { name: oauth }, rules: [{ to: [{ operation: { hosts: [app.example.com] } }] }] }',
      ),
      'a header': when('key: "request.headers[:authority]", values: [admin.example.com]', 'DENY'),
      'the header host, and paths beside': istioPolicy(
        '{ action: DENY, rules: [{ to: [{ operation: { paths: ["/admin*"] } }], when: [{ key: "request.headers[Host]", values: [shop.example.com] }] }] }',
      ),
    },
    innocent: {
      'with every port': to('hosts: [admin.example.com, "ADMIN.example.com:*"]'),
      'with one port': to('hosts: [admin.example.com, "admin.example.com:8443"]'),
      'a start': to('hosts: ["admin.*", "*", "admin.example.com*"]'),
      'an ALLOW': to('hosts: [admin.example.com]', 'ALLOW'),
      'a negation': to('notHosts: [admin.example.com]'),
    },
  },
  {
    code: 'empty-list',
    faults: {
      'no principals beside namespaces': from('principals: [], namespaces: [web]'),
      'no paths beside methods': to('paths: [], methods: [GET]'),
      'no negation': from('notIpBlocks: [], ipBlocks: ["10.0.0.0/8"]', 'action: DENY,'),
      'no hosts': to('hosts: []', 'ALLOW'),
      'no tokens': from('requestPrincipals: [], principals: ["cluster.local/ns/a/sa/b"]'),
    },
    innocent: { 'lists with something in them': from('principals: ["cluster.local/ns/a/sa/b"], namespaces: [web]') },
  },
];

describe('silent values of Istio policies', () => testPlanted(planted, checked));
