// Where a browser can't transfer a data channel to a worker: the page relays its messages over a MessagePort, and the
// worker opens an ordinary link on the port.
// Page → worker: an ArrayBuffer is a message, 'open', or `close: reason`.
// Worker → page: an ArrayBuffer is a message, 'close'.
import { closeChannel } from './channel-link.ts';
import { ChunkedLink, type LinkOptions } from './chunked-link.ts';
import type { OpenLink } from './link.ts';

const CLOSE = 'close: ';

/**
 * Connects a channel to a worker's port, in the page. Messages are moved, not copied. The link's window bounds what is
 * on its way, so the page holds no queue.
 */
export function relayChannel(channel: RTCDataChannel, port: MessagePort): void {
  const silence = (): void => {
    channel.onopen = channel.onmessage = channel.onclose = null;
    port.onmessage = null;
  };
  const end = (reason: string): void => {
    silence();
    port.postMessage(`${CLOSE}${reason}`);
    port.close();
    closeChannel(channel);
  };
  const forward = (data: unknown): void => {
    if (!(data instanceof ArrayBuffer)) {
      end('the worker closed the link');
      return;
    }
    try {
      channel.send(data);
    } catch (error) {
      end(`sending failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  channel.binaryType = 'arraybuffer';
  channel.onopen = () => port.postMessage('open');
  channel.onmessage = ({ data }) => port.postMessage(data, data instanceof ArrayBuffer ? [data] : []);
  channel.onclose = () => end('the data channel was closed by the other end or lost');
  port.onmessage = ({ data }) => forward(data);
  if (channel.readyState === 'open') port.postMessage('open');
  if (channel.readyState === 'closing' || channel.readyState === 'closed') end('the data channel was already closed');
}

/** Opens a link, in the worker, on a port whose other end is with `relayChannel`. */
export const relayedLink =
  (port: MessagePort, options: LinkOptions = {}): OpenLink =>
  (handlers) => {
    let isOpen = false;
    const stop = (): void => {
      port.onmessage = null;
      port.close();
    };
    const transport = {
      canSend: () => isOpen,
      send: (message: Uint8Array<ArrayBuffer>) => {
        const { buffer } = message.slice();
        port.postMessage(buffer, [buffer]);
      },
      close: () => {
        port.postMessage('close');
        stop();
      },
    };
    const link = new ChunkedLink(transport, handlers, (run) => queueMicrotask(run), options);
    port.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data === 'open') {
        isOpen = true;
        link.pump();
      } else if (typeof data === 'string' && data.startsWith(CLOSE)) {
        stop();
        link.end(data.slice(CLOSE.length));
      } else link.receive(data);
    };
    return link;
  };
