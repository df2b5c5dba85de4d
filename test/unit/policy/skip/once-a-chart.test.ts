import assert from 'node:assert/strict';
import type { Finding } from '../../../../src/policy/documents/finding.ts';
import { onceAChart } from '../../../../src/policy/skip/once-a-chart.ts';

const finding = (file: string, code: Finding['code'] = 'helm-template'): Finding => ({
  ...{
    file,
    line: 1,
    column: 1,
    severity: 'error',
    code,
    path: '',
    message: 'this is a template',
    fix: 'render first',
  },
});

describe('onceAChart', () => {
  it('says once of each chart what all of its templates are, and of everything else what it said', () => {
    const findings = [
      finding('web/templates/a.yaml'),
      finding('web/templates/policies/b.yaml'),
      finding('web/templates/a.yaml', 'kind-unknown'),
      finding('web/charts/db/templates/a.yaml'),
      finding('web/templates/c.yaml'),
      finding('web/charts/db/templates/b.yaml'),
      finding('alone/d.yaml'),
    ];
    assert.deepEqual(
      onceAChart(findings).map(({ file, message }) => `${file}: ${message}`),
      [
        'web/templates/a.yaml: this is a template; so it is with 2 more files of web',
        'web/templates/a.yaml: this is a template',
        'web/charts/db/templates/a.yaml: this is a template; so it is with 1 more file of web/charts/db',
        'alone/d.yaml: this is a template',
      ],
    );
  });
});
