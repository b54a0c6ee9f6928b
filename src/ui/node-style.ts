// How a node is shown everywhere: its name, its colour, its roles in words.
import type { NodeId } from '../protocol/ids.ts';
import type { NodeView } from '../store/view.ts';

/** Colours in tokens.css: --node-0 … --node-9. With more nodes they repeat; the number still names the node. */
const COLOURS = 10;

/** Name of a node's colour token, the same in every tab and for as long as the node lives. */
export const nodeToken = (node: NodeId): string => `--node-${(node + COLOURS - 1) % COLOURS}`;

/** CSS colour of a node, or of what nobody owns. */
export const nodeColour = (node: NodeId | null): string => `var(${node === null ? '--nobody' : nodeToken(node)})`;

export const nodeName = (node: NodeId): string => `Node ${node}`;

/** "worker and server", "watch only"; before the first run nobody has a role. */
export function rolesInWords({ isWorker, isServer }: Pick<NodeView, 'isWorker' | 'isServer'>, hasRun: boolean): string {
  if (!hasRun) return 'ready';
  if (isWorker && isServer) return 'worker and server';
  if (isWorker) return 'worker';
  return isServer ? 'server' : 'watch only';
}
