/**
 * Policy tests as people write them: YAML → checked values. `docs/policy-test.schema.json` is made of this.
 * @module
 */
import * as z from 'zod';
import { requestForm } from '../../admin-api/request-form.ts';

const effect = z.enum(['allow', 'deny']);
const name = z.string().describe('namespace/name, or the bare name of a cluster-scoped policy.');

const verdict = z.strictObject({
  decision: effect.optional(),
  reason: z.string().optional(),
  policy: name.nullable().optional(),
  rule: z.int().min(0).nullable().optional(),
});

const token = z
  .union([
    z.strictObject({ claims: z.record(z.string(), z.json()) }).describe('A verified token with these claims.'),
    z
      .strictObject({
        rejected: z.strictObject({
          status: z.union([z.literal(401), z.literal(403)]).prefault(401),
          body: z.string().prefault('Jwt verification fails'),
        }),
      })
      .describe('A token that verification refuses.'),
  ])
  .describe('What became of the token, in place of a real one in a header.');

/** The schema of one test. */
export const testCase = z.strictObject({
  name: z.string().min(1),
  now: z.iso.datetime({ offset: true }).optional().describe("When it is asked; a token's times are compared with it."),
  request: requestForm.describe('The request, as `policy explain --request` takes it.'),
  token: token.optional(),
  expect: z.strictObject({
    decision: effect,
    reason: z.string().optional(),
    policy: name.nullable().optional().describe('The policy that decides; null: none does.'),
    rule: z.int().min(0).nullable().optional(),
    dryRun: effect.optional().describe('The verdict if every dry-run policy were enforced.'),
    planes: z
      .partialRecord(z.enum(['istio', 'calico', 'l4', 'site']), verdict)
      .optional()
      .describe('Verdicts of single planes, enforced or observed.'),
  }),
});

/** A file of tests. */
export const testFile = z.strictObject({
  config: z
    .string()
    .optional()
    .describe('gatehouse.yaml that names policies, registry and workloads; relative to this file.'),
  policies: z
    .array(z.string())
    .optional()
    .describe('Policy files and directories, relative to this file; in place of those of `config`.'),
  registry: z.array(z.string()).optional().describe('Registry files and directories, relative to this file.'),
  trustDomain: z.string().optional(),
  now: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('When the tests are asked, unless one says otherwise; else now.'),
  defaults: z
    .strictObject({
      source: z.record(z.string(), z.unknown()).optional(),
      destination: z.record(z.string(), z.unknown()).optional(),
      http: z.record(z.string(), z.unknown()).optional(),
    })
    .optional()
    .describe('Parts of requests; what a test itself says goes before.'),
  tests: z
    .array(
      testCase.extend({
        request: z.record(z.string(), z.unknown()).describe('The request, as `policy explain --request` takes it.'),
      }),
    )
    .min(1),
});

/** One test, as it is written. */
export type TestForm = z.input<typeof testCase>;
export type TestCase = z.output<typeof testCase>;
export type TestFile = z.output<typeof testFile>;
