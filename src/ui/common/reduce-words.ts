// Where the gradients of a clock are made one, in words.
import type { ReduceView } from '../../store/view.ts';

export const REDUCES: readonly { value: ReduceView; label: string }[] = [
  { value: 'server', label: 'Servers' },
  { value: 'ring', label: 'Ring' },
];

export const reduceName = (reduce: ReduceView): string => (reduce === 'ring' ? 'ring all-reduce' : 'servers');
