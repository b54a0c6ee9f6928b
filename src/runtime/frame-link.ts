// A link that carries frames instead of bytes: encodes, decodes, gives each kind its priority, and closes on garbage.
import { channelLink } from '../net/channel-link.ts';
import { type DeflatingOptions, deflatingLink } from '../net/deflating-link.ts';
import { type Link, type OpenLink, Priority } from '../net/link.ts';
import type { Pacer } from '../net/pacer.ts';
import { portLink } from '../net/port-link.ts';
import { relayedLink } from '../net/relay.ts';
import { MalformedBytes } from '../protocol/bytes.ts';
import { decodeFrame, encodeFrame, kindOfFrame } from '../protocol/frame-codec.ts';
import type { Frame } from '../protocol/frames.ts';

/** One end of a connection, as the page hands it to a worker. */
export type Endpoint =
  | { readonly kind: 'channel'; readonly channel: RTCDataChannel }
  /** A data channel that the browser can't transfer: the page relays its messages. */
  | { readonly kind: 'relay'; readonly port: MessagePort }
  /** The links worker carries the frames of a connection to another tab. */
  | { readonly kind: 'joined'; readonly port: MessagePort }
  /** Trainer and shard of one tab. */
  | { readonly kind: 'local'; readonly port: MessagePort };

const PRIORITIES: Record<Frame['kind'], Priority> = {
  ack: Priority.control,
  refuse: Priority.control,
  pull: Priority.pull,
  answer: Priority.pull,
  push: Priority.push,
  filteredPull: Priority.pull,
  filteredAnswer: Priority.pull,
  filteredPush: Priority.push,
  // Snapshots and updates of one segment must arrive in the order in which they were sent.
  snapshot: Priority.push,
  update: Priority.push,
  codedUpdate: Priority.push,
  confirm: Priority.control,
  follow: Priority.control,
  // These stay in the tab.
  cut: Priority.bulk,
  restore: Priority.control,
  blockRequest: Priority.pull,
  blockAnswer: Priority.bulk,
  ringPush: Priority.push,
  ringAnswer: Priority.pull,
};

/** How urgent an encoded frame is; what is no frame waits for all that is one. */
export function priorityOf(frame: Uint8Array): Priority {
  const kind = kindOfFrame(frame);
  return kind === null ? Priority.bulk : PRIORITIES[kind];
}

export interface FrameHandlers {
  onFrame(frame: Frame, bytes: number): void;
  /** @param isGarbage the other end sent what no honest end sends */
  onClose(reason: string, isGarbage: boolean): void;
  /** A frame travelled deflated, either way. @param saved bytes that didn't travel */
  onSaved?(kind: Frame['kind'], saved: number): void;
}

/** A link of frames. Sending on a closed one does nothing. */
export class FrameLink {
  private readonly link: Link;
  private isGarbage = false;

  constructor(
    endpoint: Endpoint,
    private readonly handlers: FrameHandlers,
    pacer?: Pacer,
  ) {
    this.link = openerOf(endpoint, pacer, (kind, saved) => this.handlers.onSaved?.(kind, saved))({
      onFrame: (bytes) => this.receive(bytes),
      onClose: (reason, isGarbage = false) => this.handlers.onClose(reason, isGarbage || this.isGarbage),
    });
  }

  get stats(): Link['stats'] {
    return this.link.stats;
  }

  get bytesPerMs(): Link['bytesPerMs'] {
    return this.link.bytesPerMs;
  }

  /** @returns bytes of the encoded frame */
  send(frame: Frame): number {
    const parts = encodeFrame(frame);
    this.link.send(parts, PRIORITIES[frame.kind]);
    return parts.reduce((sum, part) => sum + part.byteLength, 0);
  }

  close(reason: string): void {
    this.link.close(reason);
  }

  private receive(bytes: Uint8Array): void {
    let frame: Frame;
    try {
      frame = decodeFrame(bytes);
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      this.isGarbage = true;
      this.link.close(`the other end sent a malformed frame: ${error.message}`);
      return;
    }
    this.handlers.onFrame(frame, bytes.byteLength);
  }
}

/** @param pacer of what leaves the tab @param onSaved hears of what travelled deflated */
export function openerOf(endpoint: Endpoint, pacer?: Pacer, onSaved?: DeflatingOptions['onSaved']): OpenLink {
  switch (endpoint.kind) {
    case 'channel':
      return deflatingLink(channelLink(endpoint.channel, { pacer }), { onSaved });
    case 'relay':
      return deflatingLink(relayedLink(endpoint.port, { pacer }), { onSaved });
    case 'joined':
    case 'local':
      return portLink(endpoint.port);
    default:
      return endpoint satisfies never;
  }
}
