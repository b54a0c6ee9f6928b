// What dense jobs compute with: the fastest of the devices that this browser has, measured with the job's own step, or the one
// that a person wants. Devices round differently, so runs repeat bit by bit on the same one only.
import { loadJax, warmUpJax } from './jax.ts';
import type { Trainer } from './job.ts';

export const computeDevices = ['wasm', 'webgpu', 'webgl'] as const;
export type ComputeDevice = (typeof computeDevices)[number];
export type DeviceWish = 'auto' | ComputeDevice;

/** What a trainer computes with, and why. */
export interface DeviceChoice {
  /** Name of a compute device, or another: "JavaScript". */
  readonly used: string;
  /** Null where the job computes with none of them. */
  readonly available: readonly ComputeDevice[] | null;
  /** Milliseconds of a step, where there was a choice. */
  readonly stepMs: Readonly<Partial<Record<ComputeDevice, number>>>;
}

/** Where devices come from: the compute library, or a test. */
export interface Devices {
  available(): Promise<readonly ComputeDevice[]>;
  /** Trainers made from now on compute with it. */
  use(device: ComputeDevice): Promise<void>;
}

/** Steps after the first, which compiles. The shortest counts: others may share the machine. */
const MEASURED_STEPS = 3;

/** A step so many times as long as the shortest of another device: no more are needed. */
const HOPELESS = 3;

/**
 * Makes a trainer on the device of choice.
 * @param probe computes one step; null where there is nothing to measure with yet: then it is the first device
 */
export async function createOnDevice(
  devices: Devices,
  wish: DeviceWish,
  make: () => Promise<Trainer>,
  probe: ((trainer: Trainer) => Promise<unknown>) | null,
  now: () => number,
): Promise<{ readonly trainer: Trainer; readonly choice: DeviceChoice }> {
  const first = await make();
  if (!isComputeDevice(first.device)) return { trainer: first, choice: { used: first.device, ...NOTHING } };
  const available = await devices.available();
  const wanted = available.filter((device) => device === wish);
  const candidates = wanted.length > 0 || probe === null ? wanted : available;
  if (candidates.length === 1 || probe === null) {
    const [device = first.device] = candidates;
    const trainer = device === first.device ? first : await remake(first, devices, device, make);
    return { trainer, choice: { used: device, available, stepMs: {} } };
  }
  first.dispose();
  const stepMs = await measure(candidates, devices, make, probe, now);
  const [used = 'wasm'] = candidates.toSorted((a, b) => (stepMs[a] ?? Infinity) - (stepMs[b] ?? Infinity));
  await devices.use(used);
  return { trainer: await make(), choice: { used, available, stepMs } };
}

const NOTHING = { available: null, stepMs: {} };

const isComputeDevice = (name: string): name is ComputeDevice => computeDevices.some((device) => device === name);

async function remake(old: Trainer, devices: Devices, device: ComputeDevice, make: () => Promise<Trainer>) {
  old.dispose();
  await devices.use(device);
  return make();
}

/** A device that can't compute the step is left out. */
async function measure(
  candidates: readonly ComputeDevice[],
  devices: Devices,
  make: () => Promise<Trainer>,
  probe: (trainer: Trainer) => Promise<unknown>,
  now: () => number,
): Promise<Partial<Record<ComputeDevice, number>>> {
  const stepMs: Partial<Record<ComputeDevice, number>> = {};
  for (const device of candidates) {
    await devices.use(device);
    const trainer = await make();
    try {
      await probe(trainer);
      for (let step = 0; step < MEASURED_STEPS; step++) {
        const start = now();
        await probe(trainer);
        stepMs[device] = Math.min(stepMs[device] ?? Number.POSITIVE_INFINITY, now() - start);
        if (stepMs[device] > HOPELESS * Math.min(...Object.values(stepMs))) break;
      }
    } catch (error) {
      console.warn(`${device} can't compute this job:`, error);
    } finally {
      trainer.dispose();
    }
  }
  return stepMs;
}

/** Those of jax-js. Software in the place of a GPU counts as none: it takes seconds to find out that wasm is faster. */
export const jaxDevices: Devices = {
  available() {
    there ??= findDevices();
    return there;
  },
  async use(device) {
    const { defaultDevice } = await loadJax();
    defaultDevice(device);
  },
};

/** Asked once: the browser's GPU process takes its time to answer, and answers the same. */
let there: Promise<readonly ComputeDevice[]> | null = null;

async function findDevices(): Promise<readonly ComputeDevice[]> {
  const { init } = await loadJax();
  const isReal: Record<ComputeDevice, boolean> = { wasm: true, webgpu: await hasWebGpu(), webgl: hasWebGl() };
  const found = await init(...computeDevices.filter((device) => isReal[device]));
  return computeDevices.filter((device) => found.includes(device));
}

/** Everything that a trainer on jax-js waits for before it can compile its own step: called while nobody waits for it yet. */
export async function preloadJax(): Promise<void> {
  await Promise.all([warmUpJax(), jaxDevices.available()]);
}

/** As much of WebGPU as is asked here. */
interface Gpu {
  readonly gpu: { requestAdapter(): Promise<{ readonly info?: { readonly isFallbackAdapter?: boolean } } | null> };
}

async function hasWebGpu(): Promise<boolean> {
  const { navigator }: { navigator?: Partial<Gpu> } = globalThis;
  const adapter = await navigator?.gpu?.requestAdapter();
  return adapter != null && adapter.info?.isFallbackAdapter !== true;
}

/** What renderers in software call themselves: some browsers offer them as if they were none. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

function hasWebGl(): boolean {
  if (typeof OffscreenCanvas === 'undefined') return false;
  const gl = new OffscreenCanvas(1, 1).getContext('webgl2', { failIfMajorPerformanceCaveat: true });
  if (gl === null) return false;
  const unmasked = gl.getExtension('WEBGL_debug_renderer_info')?.UNMASKED_RENDERER_WEBGL;
  return !SOFTWARE.test(String(gl.getParameter(unmasked ?? gl.RENDERER)));
}
