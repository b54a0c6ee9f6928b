// The port through which frames travel: an ordered, reliable, flow-controlled pipe between two roles.
// Implementations: in-memory (tests, simulator), MessagePort (inside a tab), data channel (between tabs).

/** What a frame waits behind. Lower numbers go first; frames of one priority stay in order. */
export const Priority = { control: 0, pull: 1, push: 2, bulk: 3 } as const;
export type Priority = (typeof Priority)[keyof typeof Priority];

/** Bytes and frames a link has carried, as the wire counts them (with chunk headers). */
export interface LinkStats {
  framesIn: number;
  framesOut: number;
  bytesIn: number;
  bytesOut: number;
}

export interface LinkHandlers {
  /** One whole frame. The bytes and all of their buffer are the handler's to keep; they start at a multiple of 8 in it. */
  onFrame(frame: Uint8Array): void;
  /**
   * The link has ended, once; nothing arrives after it. `reason` is a sentence for a person.
   * @param isGarbage the other end sent what no honest end sends
   */
  onClose(reason: string, isGarbage?: boolean): void;
}

export interface Link {
  /**
   * Queues one frame, given as parts that are sent one after the other as if they were one array.
   * The parts must not change until they are sent (they aren't copied before); `onCopied` is called when they are, unless
   * the link closes before. Sending on a closed link does nothing: the close was reported. Over `MAX_LINK_QUEUE_BYTES` waiting, the link closes with a reason.
   */
  send(parts: readonly Uint8Array[], priority: Priority, onCopied?: () => void): void;
  /** Bytes accepted by `send` and not yet handed to the transport. */
  readonly queuedBytes: number;
  /** Bytes per millisecond that it has drained of what waited, lately; null where nothing has, or nobody measures. */
  readonly bytesPerMs: number | null;
  readonly stats: Readonly<LinkStats>;
  close(reason: string): void;
}

/** How a link is made: handlers first, so that no frame can be missed. */
export type OpenLink = (handlers: LinkHandlers) => Link;
