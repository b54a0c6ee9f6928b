// How BSP makes one gradient of a clock's pushes, in words: a name, a sentence and the paper for each rule.
import type { AggregatorView } from '../../store/view.ts';

export const AGGREGATORS: readonly { value: AggregatorView['kind']; label: string }[] = [
  { value: 'mean', label: 'Mean' },
  { value: 'median', label: 'Median' },
  { value: 'trimmed-mean', label: 'Trimmed mean' },
  { value: 'centred-clipping', label: 'Centred clipping' },
];

const DEFAULTS: Readonly<Record<AggregatorView['kind'], AggregatorView>> = {
  mean: { kind: 'mean' },
  median: { kind: 'median' },
  'trimmed-mean': { kind: 'trimmed-mean', share: 0.2 },
  'centred-clipping': { kind: 'centred-clipping', iterations: 3 },
};

export const aggregatorOf = (kind: AggregatorView['kind']): AggregatorView => DEFAULTS[kind];

/** Does the rule compare workers? Then it needs BSP, where the gradients of a clock come together. */
export const isRobust = ({ kind }: AggregatorView): boolean => kind !== 'mean';

export const aggregatorName = ({ kind }: AggregatorView): string =>
  AGGREGATORS.find(({ value }) => value === kind)?.label.toLowerCase() ?? kind;

export interface AggregatorWords {
  readonly sentence: string;
  readonly paper: string | null;
}

export function explainAggregator(rule: AggregatorView): AggregatorWords {
  switch (rule.kind) {
    case 'mean':
      return { sentence: 'Every sample counts the same. Right where you trust every tab.', paper: null };
    case 'median':
      return {
        sentence: 'Of each value the middle one of all tabs: fewer than half of them may lie. Needs BSP.',
        paper: 'Yin et al. 2018',
      };
    case 'trimmed-mean':
      return {
        sentence: `Of each value the ${Math.round(rule.share * 100)} % smallest and largest are dropped, and the mean of the others is taken. Needs BSP.`,
        paper: 'Yin et al. 2018',
      };
    case 'centred-clipping':
      return {
        sentence: 'Gradients far from the middle are shortened, so that none pulls harder than others. Needs BSP.',
        paper: 'Karimireddy et al. 2021',
      };
    default:
      return rule satisfies never;
  }
}
