// Which computer a tab is on, as far as a page can tell: tabs that share one share its cores.
import type { Machine } from '../protocol/ratio.ts';

const KEY = 'pushpull-machine';

/** Where a browser doesn't say: a small laptop. */
const DEFAULT_CORES = 4;

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * A page that came over the loopback interface is on the machine of its server, whatever its browser; else tabs of one browser
 * share a number that it keeps. (Two browsers of one computer are two machines then: what they take from each other shows
 * in their measured times only.)
 */
export function machineOf(
  { hostname }: Pick<Location, 'hostname'>,
  { hardwareConcurrency }: Pick<Navigator, 'hardwareConcurrency'>,
  storage: () => Pick<Storage, 'getItem' | 'setItem'>,
  random: () => number,
): Machine {
  const cores = Math.max(1, hardwareConcurrency || DEFAULT_CORES);
  if (LOOPBACK.test(hostname)) return { id: 'loopback', cores };
  const fresh = Math.floor(random() * 2 ** 48).toString(16);
  try {
    const id = storage().getItem(KEY) ?? fresh;
    storage().setItem(KEY, id);
    return { id: id.slice(0, 40), cores };
  } catch {
    // Storage can be forbidden: then this tab is taken for one that shares with nobody.
    return { id: fresh, cores };
  }
}
