// The links worker's inside: joins the trainer's connections to ports of its own. A trainer computes for tens of
// milliseconds at a time and would neither take what arrives nor credit it meanwhile; this worker does nothing else, so
// the next parameters flow while the gradient of the last ones is computed.
import type { Link } from '../net/link.ts';
import { Pacer } from '../net/pacer.ts';
import { portLink } from '../net/port-link.ts';
import { startTimer } from '../net/timers.ts';
import type { NodeId } from '../protocol/ids.ts';
import { type Endpoint, openerOf, priorityOf } from './frame-link.ts';

export class LinksHost {
  private readonly pacer = new Pacer(() => performance.now(), startTimer);
  /** Those to shards that are open, with the node that they are of. */
  private readonly links = new Map<Link, NodeId>();

  /** @param bytesPerSecond each way, of all connections together; null lifts the cap */
  setBandwidth(bytesPerSecond: number | null): void {
    this.pacer.setRate(bytesPerSecond);
  }

  /**
   * Carries whole frames between a connection and a port, both ways, until either ends.
   * @param server the node whose shard is at the other end; null for a trainer
   */
  join(server: NodeId | null, endpoint: Endpoint, port: MessagePort): void {
    const outer: Link = openerOf(
      endpoint,
      this.pacer,
    )({
      onFrame: (frame) => inner.give(frame, priorityOf(frame)),
      onClose: (reason) => {
        this.links.delete(outer);
        inner.close(reason);
      },
    });
    const inner = portLink(port)({
      onFrame: (frame) => outer.send([frame], priorityOf(frame), () => inner.giveBack(frame)),
      onClose: (reason) => outer.close(reason),
    });
    if (server !== null) this.links.set(outer, server);
  }

  /** Bytes per second that connections to shards have drained lately, or are allowed; those of which nobody knows are not there. */
  drains(): [NodeId, number][] {
    return [...this.links].flatMap(([{ bytesPerMs }, node]): [NodeId, number][] =>
      bytesPerMs === null ? [] : [[node, 1000 * bytesPerMs]],
    );
  }
}
