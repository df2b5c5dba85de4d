import { checked, istioPolicy, type Planted, testPlanted } from '../../../../../support/planted.ts';

const policy = (action: string, rules: string): string => istioPolicy(`{ action: ${action}, rules: [${rules}] }`);
const caller = 'from: [{ source: { namespaces: [web] } }]';
const admin = 'to: [{ operation: { paths: ["/admin*"], ports: ["80"] } }]';
const header = 'when: [{ key: "request.headers[x-env]", values: [prod] }]';

const planted: readonly Planted[] = [
  {
    code: 'split-rule',
    faults: {
      'a DENY of callers, and of paths': policy('DENY', `{ ${caller} }, { ${admin} }`),
      'paths before callers': policy('DENY', `{ ${admin} }, { ${caller} }`),
      'three parts': policy('DENY', `{ ${caller} }, { ${admin} }, { ${header} }`),
      'a condition of its own': policy('DENY', `{ ${caller}, ${admin} }, { ${header} }`),
      'an action of a provider': istioPolicy(
        `{ action: CUSTOM, provider: { name: oauth }, rules: [{ ${admin} }, { ${header} }] }`,
      ),
      'an ALLOW': policy('ALLOW', `{ ${caller} }, { ${admin} }`),
      'a second rule': policy('DENY', `{ ${caller}, ${admin} }, { ${caller} }, { ${admin} }`),
    },
    innocent: {
      'one rule': policy('DENY', `{ ${caller}, ${admin} }`),
      'two whole rules': policy('DENY', `{ ${caller}, ${admin} }, { ${caller}, ${header} }`),
      'two rules on callers': policy('DENY', `{ ${caller} }, { from: [{ source: { namespaces: [db] } }] }`),
      'an ALLOW of callers, and of probes': policy(
        'ALLOW',
        `{ ${caller} }, { to: [{ operation: { paths: [/healthz, "/metrics*"] } }] }`,
      ),
      'a record': policy('AUDIT', `{ ${caller} }, { ${admin} }`),
    },
  },
  {
    code: 'split-list',
    faults: {
      'methods apart from paths': policy(
        'DENY',
        '{ to: [{ operation: { methods: [DELETE] } }, { operation: { paths: ["/admin*"] } }] }',
      ),
      'in an ALLOW': policy('ALLOW', '{ to: [{ operation: { methods: [GET] } }, { operation: { hosts: [a.com] } }] }'),
      'callers apart from addresses': policy(
        'DENY',
        '{ from: [{ source: { namespaces: [web] } }, { source: { ipBlocks: ["10.0.0.0/8"] } }] }',
      ),
      'callers apart from tokens': policy(
        'DENY',
        '{ from: [{ source: { principals: ["*/sa/web"] } }, { source: { requestPrincipals: ["*"] } }] }',
      ),
      'two negations': policy(
        'DENY',
        '{ from: [{ source: { notNamespaces: [web] } }, { source: { notPrincipals: ["cluster.local/ns/a/sa/b"] } }] }',
      ),
      'a negation beside a caller': policy(
        'DENY',
        '{ from: [{ source: { namespaces: [web] } }, { source: { notPrincipals: ["cluster.local/ns/web/sa/b"] } }] }',
      ),
      'the same negation twice': policy(
        'DENY',
        '{ to: [{ operation: { notPaths: ["/a*"] } }, { operation: { notPaths: ["/b*"] } }] }',
      ),
      'three entries': policy(
        'DENY',
        '{ to: [{ operation: { methods: [PUT] } }, { operation: { paths: ["/a*"] } }, { operation: { ports: ["80"] } }] }',
      ),
    },
    innocent: {
      'one entry': policy('DENY', '{ to: [{ operation: { methods: [DELETE], paths: ["/admin*"], ports: ["80"] } }] }'),
      'whole entries': policy(
        'ALLOW',
        '{ to: [{ operation: { methods: [GET], paths: ["/info*"] } }, { operation: { methods: [POST], paths: [/data] } }] }',
      ),
      'callers by principal or by namespace': policy(
        'DENY',
        '{ from: [{ source: { principals: ["cluster.local/ns/a/sa/b"] } }, { source: { namespaces: [dev] } }] }',
      ),
      'an ALLOW of callers or addresses': policy(
        'ALLOW',
        '{ from: [{ source: { namespaces: [web] } }, { source: { ipBlocks: ["10.0.0.0/8"] } }] }',
      ),
      'an ALLOW of methods, and of probes': policy(
        'ALLOW',
        '{ to: [{ operation: { methods: [GET] } }, { operation: { paths: [/healthz] } }] }',
      ),
      'negations in one entry': policy(
        'DENY',
        '{ from: [{ source: { notNamespaces: [web], notPrincipals: ["cluster.local/ns/a/sa/b"] } }] }',
      ),
    },
  },
];

describe('rules that stray dashes split', () => testPlanted(planted, checked));
