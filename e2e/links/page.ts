// Bundled into a blank page by links.spec.ts: the link compliance suite over real data channels.
import { channelLink } from '../../src/net/channel-link.ts';
import { type LinkFixture, linkCompliance } from '../../src/net/link-compliance.ts';

const CHANNEL = { negotiated: true, id: 100 };

/** Two connections of this page, each to the other, with a channel between them that is open. */
async function connect(): Promise<{ left: RTCDataChannel; right: RTCDataChannel; close(): void }> {
  const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
  const [left, right] = [a.createDataChannel('test', CHANNEL), b.createDataChannel('test', CHANNEL)];
  a.onicecandidate = ({ candidate }) => void b.addIceCandidate(candidate ?? undefined);
  b.onicecandidate = ({ candidate }) => void a.addIceCandidate(candidate ?? undefined);
  await a.setLocalDescription(await a.createOffer());
  if (a.localDescription) await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription(await b.createAnswer());
  if (b.localDescription) await a.setRemoteDescription(b.localDescription);
  await Promise.all([left, right].map((channel) => opened(channel)));
  const close = () => {
    a.close();
    b.close();
  };
  return { left, right, close };
}

const opened = (channel: RTCDataChannel): Promise<void> =>
  new Promise((resolve) => {
    if (channel.readyState === 'open') resolve();
    else channel.onopen = () => resolve();
  });

const bytes = (...values: number[]): ArrayBuffer => new Uint8Array(values).buffer;

const channels: LinkFixture = {
  makePair: async () => {
    const { left, right, close } = await connect();
    const a = channelLink(left);
    const inject = (data: unknown): void => left.send(data as ArrayBuffer);
    return { a, b: channelLink(right), inject, dispose: close };
  },
  garbage: [
    { what: 'text', data: 'hello', reason: /text where bytes belong/ },
    { what: 'an odd length', data: bytes(0, 3, 0, 0, 1, 0, 0, 0, 7), reason: /a message of 9 bytes/ },
    { what: 'an unknown priority', data: bytes(4, 3, 0, 0, 0, 0, 0, 0), reason: /unknown priority 4/ },
    { what: 'too large a claim', data: bytes(0, 1, 0, 0, 255, 255, 255, 255), reason: /4294967295 bytes/ },
  ],
};

export interface LinkCases {
  readonly names: readonly string[];
  run(name: string): Promise<void>;
}

declare global {
  interface Window {
    linkCases: LinkCases;
  }
}

window.linkCases = {
  names: linkCompliance.map(({ name }) => name),
  run: async (name) => linkCompliance.find((test) => test.name === name)?.run(channels),
};
