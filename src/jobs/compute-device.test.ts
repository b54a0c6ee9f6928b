import { describe, expect, it } from 'vitest';
import { type ComputeDevice, createOnDevice, type Devices, type DeviceWish } from './compute-device.ts';
import type { Trainer } from './job.ts';

/** A browser whose devices take so many ms a step; NaN where one can't compute it. It begins with wasm, as jax-js does. */
class TestBrowser implements Devices {
  now = 0;
  /** Devices of trainers that were made and not disposed of. */
  readonly open: string[] = [];
  private device: ComputeDevice = 'wasm';

  constructor(private readonly stepMs: Partial<Record<ComputeDevice, number>>) {}

  async available() {
    return (['wasm', 'webgpu', 'webgl'] as const).filter((device) => this.stepMs[device] !== undefined);
  }

  async use(device: ComputeDevice) {
    this.device = device;
  }

  readonly make = async (): Promise<Trainer> => {
    const { device } = this;
    this.open.push(device);
    return {
      device,
      keysOf: () => [null],
      gradient: async () => {
        const ms = this.stepMs[device] ?? Number.NaN;
        if (Number.isNaN(ms)) throw new Error('an operation is missing');
        this.now += ms;
        return { lossSum: 0, tables: [] };
      },
      evaluate: () => Promise.reject(new Error('not here')),
      predict: () => Promise.reject(new Error('not here')),
      dispose: () => void this.open.splice(this.open.indexOf(device), 1),
    };
  };

  async choose(wish: DeviceWish, canProbe = true) {
    const block = { kind: 'dense', count: 0, features: 0, x: new Float32Array(), y: new Uint32Array() } as const;
    const probe = canProbe ? (trainer: Trainer) => trainer.gradient([], block) : null;
    const { trainer, choice } = await createOnDevice(this, wish, this.make, probe, () => this.now);
    return { device: trainer.device, choice };
  }
}

describe('a trainer is made on', () => {
  it('the only device there is, without measuring', async () => {
    const browser = new TestBrowser({ wasm: 5 });
    const { device, choice } = await browser.choose('auto');
    expect([device, choice, browser.now]).toEqual(['wasm', { used: 'wasm', available: ['wasm'], stepMs: {} }, 0]);
  });

  it('the fastest of several, and only that one stays', async () => {
    const browser = new TestBrowser({ wasm: 60, webgpu: 4, webgl: 9 });
    const { device, choice } = await browser.choose('auto');
    expect([device, choice.stepMs]).toEqual(['webgpu', { wasm: 60, webgpu: 4, webgl: 9 }]);
    expect(browser.open).toEqual(['webgpu']);
  });

  it('another where the fastest by name is slower here: software in the place of a GPU', async () => {
    expect((await new TestBrowser({ wasm: 5, webgpu: 58 }).choose('auto')).device).toBe('wasm');
  });

  it('without measuring on what is hopeless: one step more than the one that compiles', async () => {
    const browser = new TestBrowser({ wasm: 5, webgl: 500 });
    await browser.choose('auto');
    expect(browser.now).toBe(4 * 5 + 2 * 500);
  });

  it('one that can compute its steps', async () => {
    const { device, choice } = await new TestBrowser({ wasm: 5, webgl: Number.NaN }).choose('auto');
    expect([device, choice.stepMs]).toEqual(['wasm', { wasm: 5 }]);
  });

  it('the one that a person wants, unmeasured; the fastest where this browser lacks it', async () => {
    const browser = new TestBrowser({ wasm: 5, webgpu: 58 });
    expect((await browser.choose('webgpu')).choice).toMatchObject({ used: 'webgpu', stepMs: {} });
    expect(browser.open).toEqual(['webgpu']);
    expect((await new TestBrowser({ wasm: 5, webgpu: 58 }).choose('webgl')).device).toBe('wasm');
  });

  it('the first while there is no batch to measure with', async () => {
    expect((await new TestBrowser({ wasm: 60, webgpu: 4 }).choose('auto', false)).device).toBe('wasm');
  });
});

it('a job that computes by itself is left alone', async () => {
  const browser = new TestBrowser({ wasm: 5, webgpu: 1 });
  const make = async () => ({ ...(await browser.make()), device: 'JavaScript' });
  const { choice } = await createOnDevice(browser, 'auto', make, null, () => 0);
  expect(choice).toEqual({ used: 'JavaScript', available: null, stepMs: {} });
});
