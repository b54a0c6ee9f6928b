// How many copies of every parameter are kept, and what that means for closing tabs.
import { useView } from '../../store/use-view.ts';
import { Choice } from '../common/choice.tsx';
import { explainReplicas } from '../common/replicas-words.ts';

const OPTIONS = ['0', '1', '2', '3'].map((value) => ({ value, label: value }));

interface ReplicasChoiceProps {
  readonly value: number;
  onChange(value: number): void;
}

export function ReplicasChoice({ value, onChange }: ReplicasChoiceProps) {
  const tabs = useView((state) => state.nodes.length);
  return (
    <div className="replicas">
      <Choice
        legend="Replicas"
        options={OPTIONS}
        value={String(value)}
        onChange={(chosen) => onChange(Number(chosen))}
      />
      <p className="replicas-words">{explainReplicas(value, tabs)}</p>
    </div>
  );
}
