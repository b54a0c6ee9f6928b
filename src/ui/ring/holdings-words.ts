// What a node holds, what that means for closing tabs, and what is near it, in words. Pure.
import type { NodeId } from '../../protocol/ids.ts';
import type { RingView, RunView } from '../../store/view.ts';
import { formatPercent } from '../format.ts';
import { nodeName } from '../node-style.ts';
import type { Holdings } from './ring-geometry.ts';

/** "owns 28 % of the parameters", "keeps copies of 31 %", "is filling copies of 12 %": as far as it does. */
export function holdingsInWords({ owned, copied, filling }: Holdings): string[] {
  const parts = [
    { share: owned, verb: 'owns', of: '' },
    { share: copied, verb: 'keeps', of: 'copies of ' },
    { share: filling, verb: 'is filling', of: 'copies of ' },
  ].filter(({ share }) => share > 0);
  return parts.map(({ share, verb, of }, index) => {
    const whole = index === 0 ? ' of the parameters' : '';
    return `${verb} ${of}${formatPercent(share, 0)}${whole}`;
  });
}

/** "exchanges 32-bit values with node 2": what isn't rounded for slower links; null where nothing or everything is. */
export function nearInWords(near: RunView['near'], node: NodeId): string | null {
  const others = near.flatMap(({ worker, servers }) => {
    if (worker === node) return servers;
    return servers.includes(node) ? [worker] : [];
  });
  if (others.length === 0) return null;
  const names = [...new Set(others)].toSorted((a, b) => a - b).map((other) => nodeName(other).toLowerCase());
  return `exchanges 32-bit values with ${names.join(', ')}`;
}

export interface Safety {
  readonly level: 'info' | 'warning';
  readonly text: string;
}

/**
 * Which tabs may be closed now, from what is on the ring. Null while there is nothing to lose.
 * @param wanted copies of each segment that the run asks for
 */
export function safetyOf({ segments }: RingView, wanted: number): Safety | null {
  if (segments.length === 0) return null;
  if (wanted === 0) return { level: 'info', text: 'No copies are kept: every server must stay open.' };
  const copies = Math.min(...segments.map(({ replicas }) => replicas.length));
  if (segments.some(({ learners }) => learners.length > 0)) {
    const text = copies > 0 ? 'Copies are being filled; any tab may be closed.' : 'Copies are being filled…';
    return { level: copies > 0 ? 'info' : 'warning', text };
  }
  if (copies === 0)
    return { level: 'warning', text: 'There are no copies: open one more tab, then any may be closed.' };
  const any = copies === 1 ? 'Any tab may be closed' : `Any ${copies} tabs may be closed at once`;
  const each = `every parameter has ${copies === 1 ? 'a copy' : `${copies} copies`}`;
  const more = copies < wanted ? ` Open another tab for ${wanted}.` : '';
  return { level: 'info', text: `${any}: ${each}.${more}` };
}
