// What this browser can do for the network, found by trying.

/** WebRTC is missing or was switched off. */
export class WebRtcMissing extends Error {
  override name = 'WebRtcMissing';
  constructor() {
    super(
      'This browser has no WebRTC, so this tab cannot reach the others. Use a recent Chromium, Firefox or Safari, and ' +
        'check that no extension or policy switches WebRTC off.',
    );
  }
}

/** Whether tabs can be connected at all. */
export const hasWebRtc = (): boolean =>
  typeof RTCPeerConnection === 'function' && 'createDataChannel' in RTCPeerConnection.prototype;

/**
 * Whether a data channel can be handed to a dedicated worker (Chromium 130, Firefox 144, Safari 15): else the page
 * relays it. Tries it on a connection that never connects.
 */
export function canTransferChannel(): boolean {
  if (!hasWebRtc()) return false;
  const connection = new RTCPeerConnection();
  const { port1, port2 } = new MessageChannel();
  try {
    const channel = connection.createDataChannel('test', { negotiated: true, id: 1 });
    port1.postMessage(channel, [channel]);
    return true;
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError) return false;
    throw error;
  } finally {
    port1.close();
    port2.close();
    connection.close();
  }
}
