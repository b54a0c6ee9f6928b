// Tabs come and go while it trains.
import { expect, report, test } from './fixtures/test.ts';

test('a tab joins in mid-run and takes steps; a worker is closed in mid-run and training finishes', async ({
  room,
}) => {
  const first = await room.joinTab();
  const worker = await room.joinTab({ role: 'worker' });
  await first.start({ steps: 600 });
  await first.clockOver(10);

  const late = await room.openTab();
  const reached = await late.page.evaluate(momentsOfJoining);
  report('late tab, since it was opened', `worker ${reached.worker} ms, first step ${reached.step} ms`);
  const lateId = await late.id();
  await first.clockOver(await first.clockOf(lateId), lateId);

  await worker.page.close();
  await expect.poll(async () => (await first.nodes()).length, { message: 'two nodes are left' }).toBe(2);
  await first.clockOver((await first.value('Clock')) ?? 0);
  await first.finished();
  await late.finished();
  // How stale gradients are, and so how fast it learns, depends on the machine; that it learns does not.
  await first.hasValueOver('Test accuracy', 0.6);
  await expect(first.runState).toHaveText('Finished');
});

/**
 * Runs in the page: when this tab became a worker, and when its first step was done, acknowledged by every segment.
 * Milliseconds since it opened.
 */
function momentsOfJoining(): Promise<{ worker: number; step: number }> {
  let worker = 0;
  return new Promise((resolve) => {
    const look = async () => {
      const self = window.pushpull.status().nodes.find(({ isSelf }) => isSelf);
      if (self?.isWorker) worker ||= Math.round(performance.now());
      // Asked for once there is one, so that asking delays nothing.
      const [first] = self?.isWorker && self.samplesPerSecond > 0 ? await window.pushpull.stepLog() : [];
      if (first === undefined) requestAnimationFrame(() => void look());
      else resolve({ worker, step: Math.round(first[1] - performance.timeOrigin) });
    };
    void look();
  });
}
