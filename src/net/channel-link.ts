// A link over one RTCDataChannel, in the page or, better, in the worker that the channel was transferred to.
import { ChunkedLink, type LinkOptions } from './chunked-link.ts';
import type { OpenLink } from './link.ts';

/**
 * Opens a link over a data channel that is connecting or open. Call it in the task that received the channel, or messages
 * can be missed. Frames may be sent at once; they wait until the channel is open.
 */
export const channelLink =
  (channel: RTCDataChannel, options: LinkOptions = {}): OpenLink =>
  (handlers) => {
    channel.binaryType = 'arraybuffer';
    const silence = (): void => {
      channel.onopen = channel.onmessage = channel.onclose = channel.onerror = null;
    };
    const transport = {
      canSend: () => {
        // A browser may close a channel with its connection and fire nothing.
        if (isOver(channel)) end('the data channel is closed');
        return channel.readyState === 'open';
      },
      send: (message: Uint8Array<ArrayBuffer>) => channel.send(message),
      close: () => {
        silence();
        closeChannel(channel);
      },
    };
    const link = new ChunkedLink(transport, handlers, (run) => queueMicrotask(run), options);
    const end = (reason: string): void => {
      silence();
      link.end(reason);
    };
    channel.onopen = () => link.pump();
    channel.onmessage = (event) => link.receive(event.data);
    channel.onclose = () => end('the data channel was closed by the other end or lost');
    // Chromium reports a lost connection as an error, with the cause, just before the close.
    channel.onerror = ({ error }) => {
      if (isOver(channel)) end(`the data channel failed: ${error?.message ?? 'no reason given'}`);
    };
    // A transferred channel may have closed before anyone listened; told only once the caller holds the link.
    if (isOver(channel)) queueMicrotask(() => end('the data channel was already closed'));
    return link;
  };

const isOver = (channel: RTCDataChannel): boolean =>
  channel.readyState === 'closing' || channel.readyState === 'closed';

/** Closes a channel so that the other end hears of it: Chromium tells it nothing when the channel was not open yet. */
export function closeChannel(channel: RTCDataChannel): void {
  if (channel.readyState === 'connecting') channel.onopen = () => channel.close();
  else channel.close();
}
