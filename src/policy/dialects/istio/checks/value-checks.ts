/**
 * What Istio's webhook asks of the values of one list.
 * @module
 */

import { parseCidr, parseIp } from '../../../../lib/ip-address.ts';
import type { FindingCode } from '../../../documents/codes/finding-codes.ts';
import type { Reporter } from '../../../documents/finding.ts';
import type { TextValue } from '../../../documents/value.ts';
import { isPort } from '../read/attribute.ts';
import { hasTemplate } from '../read/pattern.ts';

export type ValueCheck = 'text' | 'address' | 'port' | 'path' | 'service-account' | 'trust-domain' | 'wildcard';

interface Problem {
  readonly code: FindingCode;
  readonly message: string;
  readonly fix: string;
}

const checks: Readonly<Record<ValueCheck, (value: string) => Problem | undefined>> = {
  text: () => undefined,
  address: addressProblem,
  port: portProblem,
  path: pathProblem,
  'service-account': serviceAccountProblem,
  'trust-domain': (value) => wildcardProblem(value) ?? slashProblem(value),
  wildcard: wildcardProblem,
};

/** Reports the values that Istio refuses. `path` names the list. */
export function checkValues(values: readonly TextValue[], check: ValueCheck, path: string, report: Reporter): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!; // within
    const problem = value.text === '' ? emptyProblem : checks[check](value.text);
    if (problem !== undefined) report.error(value, problem.code, `${path}[${i}]`, problem.message, problem.fix);
  }
}

const emptyProblem: Problem = {
  code: 'empty-value',
  message: 'an empty text matches nothing',
  fix: 'remove it, or use "*" for any value',
};

function addressProblem(value: string): Problem | undefined {
  const zone = value.indexOf('%');
  const valid = value.includes('/')
    ? parseCidr(value) !== undefined
    : zone < 0
      ? parseIp(value) !== undefined
      : value.includes(':') && zone < value.length - 1 && parseIp(value.slice(0, zone)) !== undefined;
  if (valid) return undefined;
  const what = value.includes('/') ? 'a CIDR range' : 'an IP address';
  return {
    code: 'address-invalid',
    message: `${JSON.stringify(value)} is not ${what}`,
    fix: 'write e.g. 10.1.2.3, 10.0.0.0/8 or fd00::/16',
  };
}

function portProblem(value: string): Problem | undefined {
  if (isPort(value)) return undefined;
  return {
    code: 'port-invalid',
    message: `${JSON.stringify(value)} is not a port`,
    fix: 'write a number from 0 to 65535, in quotes',
  };
}

function pathProblem(value: string): Problem | undefined {
  let tail = false;
  const trimmed = value.replaceAll(/^\/+|\/+$/g, '');
  for (const segment of trimmed.split('/')) {
    const operator = segment === '{*}' || segment === '{**}';
    if (operator && tail) {
      return {
        code: 'path-template-order',
        message: `{**} is not the last operator of ${value}`,
        fix: 'put {**} last',
      };
    }
    if (operator) {
      tail = segment === '{**}';
      continue;
    }
    if (/[{}]/.test(segment)) {
      const message = `${JSON.stringify(segment)} has braces; a segment may only be {*} or {**} as a whole`;
      return { code: 'path-template-braces', message, fix: 'use {*} for one segment, {**} for any number' };
    }
    if (hasTemplate(value) && !/^[a-zA-Z0-9\-._~%!$&'()+,;:@=]+$/.test(segment)) {
      const message = `segment ${JSON.stringify(segment)} of a path template holds characters that a template cannot`;
      return {
        code: 'path-template-literal',
        message,
        fix: "use letters, digits and -._~%!$&'()+,;:@= only, and no empty segment",
      };
    }
  }
  return undefined;
}

function serviceAccountProblem(value: string): Problem | undefined {
  const code = 'service-account-invalid';
  const fix = 'write "name" or "namespace/name"';
  if (value.includes('*'))
    return { code, message: `${JSON.stringify(value)} has a wildcard; service accounts know none`, fix };
  const parts = value.split('/');
  if (parts.length > 2 || parts.includes(''))
    return { code, message: `${JSON.stringify(value)} is no service account`, fix };
  return undefined;
}

function wildcardProblem(value: string): Problem | undefined {
  const code = 'wildcard-invalid';
  const stars = value.split('*').length - 1;
  const fix = 'use one star, at the start or at the end';
  if (stars > 1) return { code, message: `${JSON.stringify(value)} has ${stars} stars`, fix };
  if (stars === 0 || value.startsWith('*') || value.endsWith('*')) return undefined;
  return { code, message: `${JSON.stringify(value)} has a star in the middle`, fix };
}

function slashProblem(value: string): Problem | undefined {
  if (!value.includes('/')) return undefined;
  const message = `${JSON.stringify(value)} has a slash; a trust domain has none`;
  return { code: 'trust-domain-invalid', message, fix: 'name the trust domain only, e.g. cluster.local' };
}
