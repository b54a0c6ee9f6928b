// How often a checkpoint is kept, and what that is good for.
import type { CheckpointPolicyView } from '../../store/view.ts';
import { Choice } from '../common/choice.tsx';

const POLICIES = {
  off: { label: 'Off', policy: { steps: null, seconds: null } },
  seldom: { label: 'Seldom', policy: { steps: 1_000, seconds: 120 } },
  regular: { label: 'Regularly', policy: { steps: 200, seconds: 30 } },
  often: { label: 'Often', policy: { steps: 50, seconds: 10 } },
} as const;
type Name = keyof typeof POLICIES;

const NAMES = Object.keys(POLICIES) as Name[];
const OPTIONS = NAMES.map((value) => ({ value, label: POLICIES[value].label }));

const nameOf = ({ steps, seconds }: CheckpointPolicyView): Name =>
  NAMES.find((name) => POLICIES[name].policy.steps === steps && POLICIES[name].policy.seconds === seconds) ?? 'off';

function explain({ steps, seconds }: CheckpointPolicyView): string {
  if (steps === null || seconds === null) return 'When all tabs are gone at once, the run is lost.';
  return `Every ${steps.toLocaleString('en')} steps or ${seconds} s each browser keeps a checkpoint: reload all tabs, and go on from there.`;
}

interface CheckpointsChoiceProps {
  readonly value: CheckpointPolicyView;
  onChange(value: CheckpointPolicyView): void;
}

export function CheckpointsChoice({ value, onChange }: CheckpointsChoiceProps) {
  return (
    <div className="replicas">
      <Choice
        legend="Checkpoints"
        options={OPTIONS}
        value={nameOf(value)}
        onChange={(name) => onChange(POLICIES[name].policy)}
      />
      <p className="replicas-words">{explain(value)}</p>
    </div>
  );
}
