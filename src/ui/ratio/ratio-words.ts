// The ratio advisor's findings in words. Pure.
import type { AdviceView, RatioView } from '../../store/view.ts';
import { formatCount, formatMilliseconds, plural } from '../format.ts';

export const isSameRatio = (a: RatioView, b: RatioView): boolean => a.workers === b.workers && a.servers === b.servers;

/** "4 workers, 2 servers". */
export const ratioName = ({ workers, servers }: RatioView): string =>
  `${plural(workers, 'worker')}, ${plural(servers, 'server')}`;

/** What a ratio does, as far as it is known: measured rather than predicted. */
export function rateOf({ points }: AdviceView, ratio: RatioView): { rate: number; isMeasured: boolean } | null {
  const point = points.find((one) => isSameRatio(one, ratio));
  if (point === undefined) return null;
  return { rate: point.measured ?? point.predicted, isMeasured: point.measured !== null };
}

/** Which one is best, and by how much. */
export function adviceSentence(advice: AdviceView): string {
  const { best, current } = advice;
  if (isSameRatio(best, current)) return 'No other division is likely to be faster by a tenth or more.';
  const [now, then] = [rateOf(advice, current), rateOf(advice, best)];
  if (then === null) return '';
  const gain = now === null || now.rate === 0 ? '' : `, ${Math.round((then.rate / now.rate - 1) * 100)} % more`;
  const how = then.isMeasured ? 'was measured before' : 'is predicted';
  return `With ${ratioName(best)}, ${formatCount(then.rate)} samples/s ${how}${gain}.`;
}

/** What the prediction is made of. */
export function figuresSentence({ figures }: AdviceView): string {
  const { clockMs, computeMs, bytes, serveMs } = figures;
  const megabytes = (bytes / 1e6).toFixed(bytes < 1e6 ? 2 : 1);
  const compute = formatMilliseconds(computeMs);
  return `Measured: a clock takes ${formatMilliseconds(clockMs)}. A worker computes ${compute} of it and moves ${megabytes} MB; serving takes ${formatMilliseconds(serveMs)}.`;
}
