/**
 * Who may what: whether we may install, and whether the service accounts may what they need.
 * @module
 */
import type { KubernetesClient } from '../../../platform/kubernetes/client.ts';
import { bad, good, type Outcome, warning } from '../../check/outcome.ts';
import { holds, type Installation, plain, resolve } from '../chart/resolve.ts';
import { nameOf, type Part } from '../objects/names.ts';
import { type Grant, grants } from '../objects/roles.ts';
import type { Cluster } from './cluster.ts';
import { type InstalledObject, pathOf } from './objects.ts';

/** One question to the authorizer. */
interface Question {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  readonly namespace?: string;
  readonly name?: string;
}

interface Subject {
  readonly user: string;
  readonly groups: readonly string[];
}

/** Asks about ourselves, or about another, which is a permission of its own. @throws KubernetesError */
async function may(client: KubernetesClient, asked: Question, subject?: Subject): Promise<boolean> {
  const { resource: whole, ...rest } = asked;
  const [resource, subresource] = whole.split('/');
  const kind = subject === undefined ? 'SelfSubjectAccessReview' : 'SubjectAccessReview';
  const { status } = await client.request<{ readonly status: { readonly allowed: boolean } }>({
    method: 'POST',
    path: `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`,
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind,
      spec: { ...subject, resourceAttributes: { ...rest, resource, ...(subresource && { subresource }) } },
    },
  });
  return status.allowed;
}

/** Whether whoever asks could apply these objects. @throws KubernetesError */
export async function checkInstalling(
  client: KubernetesClient,
  objects: readonly InstalledObject[],
): Promise<readonly Outcome[]> {
  const kinds = new Map(objects.map((object) => [object.kind, object]));
  return Promise.all(
    [...kinds.values()].map(async (object): Promise<Outcome> => {
      const { group, resource, namespace } = pathOf(object);
      const lacked: string[] = [];
      for (const verb of ['get', 'create', 'patch'])
        if (!(await may(client, { group, resource, verb, ...(namespace !== undefined && { namespace }) })))
          lacked.push(verb);
      const where = namespace === undefined ? '' : ` in ${namespace}`;
      if (lacked.length === 0) return good('may-install', `we may install: ${resource}${where}`);
      return bad(
        'may-not-install',
        `we may not ${lacked.join(', ')} ${resource}${where}`,
        'let somebody install it who may, such as cluster-admin',
      );
    }),
  );
}

/** Whether the account of a part may all that it needs. @throws KubernetesError */
export async function checkAccount(
  client: KubernetesClient,
  to: Installation,
  part: Part,
  { who }: Cluster,
): Promise<readonly Outcome[]> {
  const account = String(plain(resolve(nameOf(part), to)!));
  const user = `system:serviceaccount:${to.namespace}:${account}`;
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${to.namespace}`, 'system:authenticated'];
  const subject = who === user ? undefined : { user, groups };
  if (subject !== undefined && !(await mayAskForOthers(client)))
    return [
      warning(
        'not-visible',
        `what ${account} may cannot be seen: we may not create subjectaccessreviews`,
        'ask as cluster-admin, or in its pod: gatehouse kubernetes check',
      ),
    ];
  const needed = grants.filter(({ of }) => {
    const condition = of[part];
    return condition !== undefined && (condition === true || holds(condition, to));
  });
  return Promise.all(needed.map((grant) => granted(client, to, account, grant, subject)));
}

const mayAskForOthers = (client: KubernetesClient): Promise<boolean> =>
  may(client, { group: 'authorization.k8s.io', resource: 'subjectaccessreviews', verb: 'create' });

async function granted(
  client: KubernetesClient,
  to: Installation,
  account: string,
  grant: Grant,
  subject: Subject | undefined,
): Promise<Outcome> {
  const lacked: string[] = [];
  for (const question of questionsOf(grant, to))
    if (!(await may(client, question, subject))) lacked.push(`${question.verb} ${question.resource}`);
  if (lacked.length === 0) return good('may', `${account} may ${grant.verbs.join(', ')} ${grant.resources.join(', ')}`);
  return bad(
    'may-not',
    `${account} may not ${lacked.join(', ')}; needed for this: ${grant.why}`,
    `apply its role again: gatehouse kubernetes manifests --namespace ${to.namespace} | kubectl apply -f -`,
  );
}

function questionsOf({ groups, resources, verbs, scope, names = [] }: Grant, to: Installation): readonly Question[] {
  const where = scope === 'namespace' ? { namespace: to.namespace } : {};
  const all = groups.flatMap((group) =>
    resources.flatMap((resource) => verbs.map((verb): Question => ({ group, resource, verb, ...where }))),
  );
  if (names.length === 0) return all;
  const texts = names.map((name) => String(plain(resolve(name, to)!)));
  return all.flatMap((question) => texts.map((name) => ({ ...question, name })));
}
