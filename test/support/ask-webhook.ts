/**
 * Asks the admission webhook of a running Gatehouse as an API server would.
 * @module
 */
import { request } from 'node:https';

/** What an API server hears. */
export interface WebhookResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly warnings?: readonly string[];
  readonly status?: { readonly code: number; readonly message: string };
}

/** One change, as a review has it. */
export interface AskedChange {
  readonly operation?: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly object?: ClusterObject;
  readonly oldObject?: ClusterObject;
  readonly user?: string;
  readonly subResource?: string;
}

/** As the API has it. */
export interface ClusterObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: object;
    readonly annotations?: object;
  };
  readonly [field: string]: unknown;
}

/** Asks about one change. @param address  of the webhook, `HOST:PORT` @param timeout  as the API server says it, such as `10s` */
export function askWebhook(address: string, asked: AskedChange, timeout = '30s'): Promise<WebhookResponse> {
  const { operation = 'CREATE', object, oldObject, user = 'alice', subResource } = asked;
  const { apiVersion, kind, metadata } = (object ?? oldObject)!; // a change has one of them
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const body = JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      ...{ uid: 'u', operation, object, oldObject, subResource, kind: { group, version, kind } },
      ...{ namespace: kind === 'Namespace' ? metadata.name : (metadata.namespace ?? ''), name: metadata.name },
      userInfo: { username: user },
    },
  });
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const path = `/validate?timeout=${timeout}`;
    const sent = request(
      { host, port, method: 'POST', path, headers, agent: false, rejectUnauthorized: false },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => {
          if (answer.statusCode !== 200) reject(new Error(`${answer.statusCode}: ${text}`));
          else resolve((JSON.parse(text) as { readonly response: WebhookResponse }).response); // the API's own form
        });
      },
    );
    sent.on('error', reject).end(body);
  });
}
