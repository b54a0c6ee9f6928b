// One connection between two tabs of one browser, offers passed by BroadcastChannel, with the channels that both sides want.

const SIGNALS = 'bench-signals';

/** Both ends see the offering side's and the answering side's signals; each takes those of the other. */
interface Signal {
  readonly from: 'offer' | 'answer';
  /** Said once listening, and in reply by the answering side: what was said before the other listened is lost. */
  readonly isHere?: true;
  readonly description?: RTCSessionDescriptionInit;
  readonly candidate?: RTCIceCandidateInit | null;
}

/**
 * Connects this tab to the other, which calls it too, with the other side; in whatever order.
 * @param open makes the negotiated channels, in the task that made the connection; resolves once they are where they belong
 * @returns once the connection stands
 */
export async function connect(side: 'offer' | 'answer', open: (pc: RTCPeerConnection) => Promise<void>): Promise<void> {
  const pc = new RTCPeerConnection();
  const opened = open(pc);
  const signals = new BroadcastChannel(SIGNALS);
  const tell = (signal: Omit<Signal, 'from'>) => signals.postMessage({ from: side, ...signal } satisfies Signal);
  const describe = async (description: RTCSessionDescriptionInit) => {
    await pc.setLocalDescription(description);
    tell({ description });
  };
  pc.onicecandidate = ({ candidate }) => tell({ candidate: candidate?.toJSON() ?? null });
  // One after the other: a candidate must not overtake its description.
  let last: Promise<unknown> = opened;
  signals.onmessage = ({ data }: MessageEvent<Signal>) => {
    if (data.from === side) return;
    last = last.then(async () => {
      if (data.isHere && side === 'answer') tell({ isHere: true });
      if (data.isHere && side === 'offer' && pc.signalingState === 'stable') await describe(await pc.createOffer());
      if (data.candidate) await pc.addIceCandidate(data.candidate);
      if (!data.description) return;
      await pc.setRemoteDescription(data.description);
      if (side === 'answer') await describe(await pc.createAnswer());
    });
  };
  tell({ isHere: true });
  await new Promise<void>((resolve, reject) => {
    pc.onconnectionstatechange = () => {
      if (pc.connectionState === 'connected') resolve();
      if (pc.connectionState === 'failed') reject(new Error('The two tabs could not be connected.'));
    };
  });
  await opened;
}
