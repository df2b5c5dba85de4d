/**
 * An explanation: stages, policies, rules and their clauses; near misses; what would turn it round.
 * @module
 */
import type { JSX } from 'preact';
import type { ExplainAnswer, ExplainedPolicy, ExplainedStage } from '../../admin-api/explain.ts';
import { visible } from '../model/visible.ts';
import { Place } from '../parts/place.tsx';

export function Explained({ told }: { readonly told: ExplainAnswer }): JSX.Element {
  const { summary, stages, nearMisses, flip, dryRun, planes } = told;
  return (
    <div class="explained">
      <p>{summary}</p>
      {dryRun !== null && (
        <p>
          with its dry-run policies enforced: <b class={dryRun.decision}>{dryRun.decision}</b> {dryRun.policy}
        </p>
      )}
      {planes.length > 1 && (
        <p>
          {planes.map(({ plane, mode, decision }) => (
            <span key={plane} class="chip">
              {plane} ({mode}): <b class={decision}>{decision}</b>
            </span>
          ))}
        </p>
      )}
      <h3>Rule by rule</h3>
      {stages.map((stage, i) => (
        <Stage key={`${stage.plane} ${i}`} stage={stage} />
      ))}
      {nearMisses.length > 0 && <h3>Near misses</h3>}
      <ul>
        {nearMisses.map((miss) => (
          <li key={`${miss.policy} ${miss.rule}`}>
            <b>{miss.policy}</b> rule {miss.rule}: {visible(miss.first.text)}{' '}
            <Place file={miss.file} line={miss.first.line ?? miss.line} />
          </li>
        ))}
      </ul>
      {(flip.request !== undefined || flip.policy !== undefined) && <h3>What would turn it round</h3>}
      {flip.request && (
        <p>
          Another request: {flip.request.text} <b class={flip.request.decision}>{flip.request.decision}</b>
        </p>
      )}
      {flip.policy && (
        <>
          <p>
            {flip.policy.text} ({flip.policy.policy}
            {flip.policy.owner !== null && `, of ${flip.policy.owner}`}){' '}
            <b class={flip.policy.decision}>{flip.policy.decision}</b>
          </p>
          <pre class="diff">{flip.policy.diff}</pre>
        </>
      )}
    </div>
  );
}

function Stage({ stage }: { readonly stage: ExplainedStage }): JSX.Element {
  return (
    <details open={stage.decision !== 'continue'}>
      <summary>
        {stage.plane} · {stage.stage}
        {stage.direction !== undefined && ` · ${stage.direction}`}: <b class={stage.decision}>{stage.decision}</b>{' '}
        {stage.said}
      </summary>
      {stage.policies.map((policy) => (
        <Policy key={`${policy.kind} ${policy.policy}`} policy={policy} />
      ))}
    </details>
  );
}

const Policy = ({ policy }: { readonly policy: ExplainedPolicy }): JSX.Element => (
  <div class="policy">
    <b>{policy.policy}</b>{' '}
    <small>
      {policy.kind}
      {policy.mode === 'dry-run' && ', dry run'}
      {policy.owner !== null && `, of ${policy.owner}`}
    </small>{' '}
    <Place file={policy.file} line={policy.line} />
    <ol>
      {policy.rules.map(({ rule, effect, holds, clauses }) => (
        <li key={rule} value={rule} class={holds ? 'holds' : ''}>
          {effect}: {holds ? 'holds' : 'does not hold'}
          <ul>
            {clauses.map(({ text }, i) => (
              <li key={`${i} ${text}`}>{visible(text)}</li>
            ))}
          </ul>
        </li>
      ))}
    </ol>
  </div>
);
