// The settings of the next run, folded away: the defaults are good.
import { useState } from 'react';
import { aggregatorName, isRobust } from '../common/aggregator-words.ts';
import { FiltersChoice } from '../common/filters-choice.tsx';
import { filtersName } from '../common/filters-words.ts';
import { NumberInput } from '../common/number-input.tsx';
import { reduceName } from '../common/reduce-words.ts';
import { replicasName } from '../common/replicas-words.ts';
import { isAdding, UPDATERS, updaterLabel } from '../common/updaters.ts';
import { formatCount, formatRate } from '../format.ts';
import { ConsistencyChoice } from '../training/consistency-choice.tsx';
import { consistencyName } from '../training/consistency-words.ts';
import { AggregatorChoice } from './aggregator-choice.tsx';
import { BackupsChoice } from './backups-choice.tsx';
import { CheckpointsChoice } from './checkpoints-choice.tsx';
import { fitting } from './fitting.ts';
import { ReduceChoice } from './reduce-choice.tsx';
import { ReplicasChoice } from './replicas-choice.tsx';
import { DILOCO, MEAN, outerOf, type Settings, type StartForm } from './start-form.ts';

const summarise = (settings: Settings): string =>
  [
    `${formatCount(settings.steps)} steps`,
    `batch ${formatCount(settings.batch)}`,
    updaterLabel(settings.updater) + (isAdding(settings.updater) ? '' : ` ${formatRate(settings.learningRate)}`),
    consistencyName(settings.consistency),
    replicasName(settings.replicas),
    filtersName(settings.filters),
    ...(isRobust(settings.aggregator) ? [aggregatorName(settings.aggregator)] : []),
    ...(settings.reduce === 'ring' ? [reduceName(settings.reduce)] : []),
    ...(settings.hasBackups ? ['backup tasks'] : []),
    ...(settings.localSteps > 1 ? [`${settings.localSteps} local steps`] : []),
  ].join(' · ');

export function SettingsFields({ form }: { readonly form: StartForm }) {
  const { settings, isChanged } = form;
  // Own settings are in sight when the panel comes back.
  const [isOpenAtFirst] = useState(isChanged);
  return (
    <details className="settings" open={isOpenAtFirst}>
      <summary>
        <span className="lobby-step">Settings</span>
        <span className="muted small">{settings ? summarise(settings) : ''}</span>
      </summary>
      {settings && <Fields settings={settings} form={form} />}
    </details>
  );
}

function Fields({ settings, form }: { readonly settings: Settings; readonly form: StartForm }) {
  const { change } = form;
  return (
    <div className="settings-fields">
      <NumberInput
        label="Steps"
        value={settings.steps}
        min={1}
        max={1e6}
        step={1}
        onChange={(steps) => change({ steps })}
      />
      <NumberInput
        label="Batch"
        value={settings.batch}
        min={1}
        max={65_536}
        step={1}
        onChange={(batch) => change({ batch })}
      />
      {!isAdding(settings.updater) && <UpdaterFields settings={settings} change={change} />}
      <NumberInput
        label="Local steps"
        value={settings.localSteps}
        min={1}
        max={64}
        step={1}
        onChange={(localSteps) => change({ localSteps })}
      />
      {settings.localSteps > 1 && form.job?.isWhole === true && <OuterChoice settings={settings} change={change} />}
      <NumberInput
        label="Seed"
        value={settings.seed}
        min={0}
        max={4_294_967_295}
        step={1}
        onChange={(seed) => change({ seed })}
      />
      <button type="button" className="button button-quiet settings-reset" onClick={form.reset}>
        Reset
      </button>
      <div className="settings-wide">
        <ConsistencyChoice value={settings.consistency} onChange={(consistency) => change(fitting({ consistency }))} />
      </div>
      {!isAdding(settings.updater) && (
        <div className="settings-wide">
          <AggregatorChoice value={settings.aggregator} onChange={(aggregator) => change(fitting({ aggregator }))} />
        </div>
      )}
      {form.job?.isWhole === true && (
        <div className="settings-wide">
          <ReduceChoice value={settings.reduce} onChange={(reduce) => change(fitting({ reduce }))} />
        </div>
      )}
      {!isAdding(settings.updater) && (
        <div className="settings-wide">
          <BackupsChoice value={settings.hasBackups} onChange={(hasBackups) => change(fitting({ hasBackups }))} />
        </div>
      )}
      <div className="settings-wide">
        <ReplicasChoice value={settings.replicas} onChange={(replicas) => change({ replicas })} />
      </div>
      <div className="settings-wide">
        <FiltersChoice value={settings.filters} choice={null} onChange={(filters) => change(fitting({ filters }))} />
      </div>
      <div className="settings-wide">
        <CheckpointsChoice value={settings.checkpoints} onChange={(checkpoints) => change({ checkpoints })} />
      </div>
    </div>
  );
}

/** Only steps of dense jobs have a way that servers can go along. */
function OuterChoice({ settings, change }: { readonly settings: Settings } & Pick<StartForm, 'change'>) {
  return (
    <label className="field">
      Every {settings.localSteps} steps
      <select
        className="input"
        value={outerOf(settings).momentum === 0 ? 'mean' : 'diloco'}
        onChange={({ target }) => change({ outer: target.value === 'mean' ? MEAN : DILOCO })}
      >
        <option value="diloco">DiLoCo: momentum along the way</option>
        <option value="mean">Mean of the workers</option>
      </select>
    </label>
  );
}

function UpdaterFields({ settings, change }: { readonly settings: Settings } & Pick<StartForm, 'change'>) {
  return (
    <>
      <NumberInput
        label="Learning rate"
        value={settings.learningRate}
        min={1e-7}
        max={100}
        step="any"
        onChange={(learningRate) => change({ learningRate })}
      />
      <label className="field">
        Updater
        <select
          className="input"
          value={settings.updater}
          onChange={(event) => change({ updater: event.target.value })}
        >
          {UPDATERS.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}
