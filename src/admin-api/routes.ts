/**
 * The table of the admin API: each route with what it is asked and what it answers. The server is held to it by types, whoever asks
 * by types and by parsing, docs/reference.md by a test.
 *
 * A GET has its question in the query, a POST in a JSON body. `{id}` of a path is the question's field of that name.
 * @module
 */
import type * as z from 'zod';
import { auditAnswer, auditQuestion } from './audit.ts';
import {
  authoritiesAnswer,
  authoritiesQuestion,
  gateAnswer,
  gateQuestion,
  verbAnswer,
  verbOrder,
} from './authorities.ts';
import {
  bundleAnswer,
  bundleDeletedAnswer,
  bundleDeletion,
  bundleOrder,
  bundleQuestion,
  bundleSetAnswer,
  bundlesAnswer,
} from './bundles.ts';
import { candidateAnswer, candidateQuestion } from './candidate.ts';
import { decisionsAnswer, decisionsQuestion, derivationAnswer, whyQuestion } from './decisions.ts';
import { edgesAnswer, edgesQuestion } from './edges.ts';
import { entriesAnswer, entryAnswer, entryQuestion } from './entries.ts';
import { envoysAnswer } from './envoys.ts';
import { explainAnswer, explainQuestion } from './explain.ts';
import { nothing } from './fields.ts';
import { joinTokenAnswer, joinTokenOrder } from './join-tokens.ts';
import { rewrapAnswer, rewrapOrder } from './keys.ts';
import { ledgerAnswer, ledgerQuestion } from './ledger.ts';
import { objectsAnswer, objectsQuestion } from './objects.ts';
import { policiesAnswer, policiesQuestion, policyFileAnswer, policyFileQuestion } from './policies.ts';
import { comparisonAnswer, forecastAnswer, rehearsalOrder } from './rehearsal.ts';
import { crlAnswer, revocationOrder, revocationsAnswer, revokedAnswer, undoneAnswer } from './revocations.ts';
import { requestsAnswer, requestsQuestion } from './seen/requests.ts';
import { rulesAnswer, rulesQuestion } from './seen/rules.ts';
import { statusAnswer } from './status.ts';
import { streamEvent, streamQuestion } from './stream.ts';
import { tenantsAnswer } from './tenants.ts';

/** What an operator may do: look, or also change what is. */
export type AdminRole = 'read' | 'operate';

/**
 * What a route takes.
 *
 * - `operate`: the role of that name; the route changes something, or gives a secret away.
 * - `read`: either role, in all namespaces; its answer cannot be told apart by namespace.
 * - `read-scoped`: either role; who reads some namespaces is answered with what lies there, and nothing else.
 */
export type Need = 'operate' | 'read' | 'read-scoped';

interface RouteShape {
  readonly asks: z.ZodType;
  /** `bytes`: no JSON, but bytes in pieces. */
  readonly answers: z.ZodType | 'bytes';
  /** The answer does not end: `answers` is one line of it. */
  readonly lines?: true;
  /** What it takes to be answered. */
  readonly needs: Need;
}

const verb = { asks: verbOrder, answers: verbAnswer, needs: 'operate' } as const;

export const routes = {
  'GET /v1/status': { asks: nothing, answers: statusAnswer, needs: 'read' },
  'GET /v1/authorities': { asks: authoritiesQuestion, answers: authoritiesAnswer, needs: 'read' },
  'POST /v1/authorities/prepare': verb,
  'POST /v1/authorities/activate': verb,
  'POST /v1/authorities/taint': verb,
  'POST /v1/authorities/revoke': verb,
  'POST /v1/authorities/undo': verb,
  'GET /v1/authorities/gate': { asks: gateQuestion, answers: gateAnswer, needs: 'read' },
  'POST /v1/rehearsal': { asks: rehearsalOrder, answers: forecastAnswer, needs: 'operate' },
  'GET /v1/rehearsal': { asks: nothing, answers: comparisonAnswer, needs: 'read' },
  'GET /v1/ledger': { asks: ledgerQuestion, answers: ledgerAnswer, needs: 'read' },
  'GET /v1/audit': { asks: auditQuestion, answers: auditAnswer, needs: 'read' },
  'GET /v1/revocations': { asks: nothing, answers: revocationsAnswer, needs: 'read' },
  'POST /v1/revocations': { asks: revocationOrder, answers: revokedAnswer, needs: 'operate' },
  'POST /v1/revocations/undo': { asks: revocationOrder, answers: undoneAnswer, needs: 'operate' },
  'GET /v1/crl': { asks: nothing, answers: crlAnswer, needs: 'read' },
  'POST /v1/join-tokens': { asks: joinTokenOrder, answers: joinTokenAnswer, needs: 'operate' },
  'POST /v1/backup': { asks: nothing, answers: 'bytes', needs: 'operate' },
  'POST /v1/keys/rewrap': { asks: rewrapOrder, answers: rewrapAnswer, needs: 'operate' },
  'GET /v1/bundles': { asks: nothing, answers: bundlesAnswer, needs: 'read' },
  'GET /v1/bundles/{trustDomain}': { asks: bundleQuestion, answers: bundleAnswer, needs: 'read' },
  'POST /v1/bundles': { asks: bundleOrder, answers: bundleSetAnswer, needs: 'operate' },
  'POST /v1/bundles/delete': { asks: bundleDeletion, answers: bundleDeletedAnswer, needs: 'operate' },
  'GET /v1/entries': { asks: nothing, answers: entriesAnswer, needs: 'read' },
  'GET /v1/entries/explain': { asks: entryQuestion, answers: entryAnswer, needs: 'read' },
  'GET /v1/policies/file': { asks: policyFileQuestion, answers: policyFileAnswer, needs: 'read-scoped' },
  'GET /v1/policies': { asks: policiesQuestion, answers: policiesAnswer, needs: 'read-scoped' },
  'GET /v1/decisions': { asks: decisionsQuestion, answers: decisionsAnswer, needs: 'read-scoped' },
  'GET /v1/stream': { asks: streamQuestion, answers: streamEvent, lines: true, needs: 'read-scoped' },
  'GET /v1/decisions/{id}': { asks: whyQuestion, answers: derivationAnswer, needs: 'read-scoped' },
  'GET /v1/edges': { asks: edgesQuestion, answers: edgesAnswer, needs: 'read-scoped' },
  'GET /v1/envoys': { asks: nothing, answers: envoysAnswer, needs: 'read' },
  'GET /v1/objects': { asks: objectsQuestion, answers: objectsAnswer, needs: 'read' },
  'GET /v1/requests': { asks: requestsQuestion, answers: requestsAnswer, needs: 'read-scoped' },
  'GET /v1/rules': { asks: rulesQuestion, answers: rulesAnswer, needs: 'read-scoped' },
  'GET /v1/candidate': { asks: candidateQuestion, answers: candidateAnswer, needs: 'read' },
  'GET /v1/tenants': { asks: nothing, answers: tenantsAnswer, needs: 'read' },
  'POST /v1/explain': { asks: explainQuestion, answers: explainAnswer, needs: 'read-scoped' },
} as const satisfies Readonly<Record<`${'GET' | 'POST'} /v1/${string}`, RouteShape>>;

type Routes = typeof routes;

/** A method and a path, e.g. `GET /v1/status`. */
export type Route = keyof Routes;

/** Routes that also those are answered who may read some namespaces only: of what lies there. */
export type ScopedRoute = { [R in Route]: Routes[R]['needs'] extends 'read-scoped' ? R : never }[Route];

/** What a route may be asked, as one writes it. */
export type Question<R extends Route> = z.input<Routes[R]['asks']>;

/** A question as the server reads it: checked, with every default filled in. */
export type ReadQuestion<R extends Route> = z.output<Routes[R]['asks']>;

/** What a route answers. */
export type Answer<R extends Route> = Routes[R]['answers'] extends infer A
  ? A extends z.ZodType
    ? Routes[R] extends { readonly lines: true }
      ? AsyncIterable<z.output<A>>
      : z.output<A>
    : AsyncIterable<Uint8Array>
  : never;
