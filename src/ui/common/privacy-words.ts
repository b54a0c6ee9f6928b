// What is asked of each tab in a room where data stay in their tabs.
import type { ViewState } from '../../store/view.ts';

/** What this tab should do next, in a sentence; null where nothing is asked of it. */
export function nextInPrivate({ privacy, dataset, self, run, nodes, role }: ViewState): string | null {
  const isRunPrivate = run?.isPrivate ?? false;
  if (!privacy.isPrivate && !isRunPrivate) return null;
  if (role === 'watch' || role === 'server') return 'This tab only watches or serves: it needs no data.';
  const isTold = privacy.tabs.some(({ node }) => node === self);
  if (isRunPrivate && (run?.phase === 'running' || run?.phase === 'preparing' || run?.phase === 'paused')) {
    if (nodes.some(({ isSelf, isWorker }) => isSelf && isWorker)) return null;
    if (isTold) return 'This tab has told the others of its data and gets ready to train on them.';
    return 'This run learns from files that stay in each tab. Drop your own here to take part, or just watch and serve.';
  }
  if (privacy.whyNot !== null && dataset?.source === 'files') return privacy.whyNot;
  return isTold
    ? null
    : 'Drop your own files here: this tab has nothing to train on yet. Without, it can watch and serve.';
}
