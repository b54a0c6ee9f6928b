// The links worker's inside: joins the trainer's connections to ports of its own. A trainer computes for tens of
// milliseconds at a time and would neither take what arrives nor credit it meanwhile; this worker does nothing else, so
// the next parameters flow while the gradient of the last ones is computed.
import { portLink } from '../net/port-link.ts';
import { type Endpoint, openerOf, priorityOf } from './frame-link.ts';

export class LinksHost {
  /** Carries whole frames between a connection and a port, both ways, until either ends. */
  join(endpoint: Endpoint, port: MessagePort): void {
    const outer = openerOf(endpoint)({
      onFrame: (frame) => inner.send([frame], priorityOf(frame)),
      onClose: (reason) => inner.close(reason),
    });
    const inner = portLink(port)({
      onFrame: (frame) => outer.send([frame], priorityOf(frame)),
      onClose: (reason) => outer.close(reason),
    });
  }
}
