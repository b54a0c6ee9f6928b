// jax-js compiles a kernel once, but makes a new WebAssembly instance of it for every run on the thread that asks (0.1.25, `dispatch`
// in its wasm backend; its own threads keep theirs). Each is garbage a moment later, and Chromium counts every one in its usage
// metrics: 2,300 messages a second to the browser's process while two tabs trained digits-cnn. A kernel has no state but the memory
// that it is given, so one instance does for all of its runs.

type Instances = typeof WebAssembly.Instance;

/** Answers with the instance made before where a module gets the same memory again, and nothing else; modules live as long as before. */
export function keepingInstances(original: Instances): Instances {
  const kept = new WeakMap<WebAssembly.Module, { memory: unknown; instance: WebAssembly.Instance }>();
  return new Proxy(original, {
    construct(target, [module, imports]: [WebAssembly.Module, WebAssembly.Imports?], newTarget) {
      const memory = onlyMemoryOf(imports);
      const known = memory === null ? undefined : kept.get(module);
      if (known !== undefined && known.memory === memory) return known.instance;
      const instance: WebAssembly.Instance = Reflect.construct(target, [module, imports], newTarget);
      if (memory === null) return instance;
      const called = throughClosures(instance);
      kept.set(module, { memory, instance: called });
      return called;
    },
  });
}

/**
 * The same instance, with functions that JavaScript calls through a closure. Called directly from optimised code a kernel may take
 * 2.7 times as long, for good (Chromium 156, digits-mlp's X^T·dH after 2,700 steps: 170 gradients a second, then 87).
 */
function throughClosures(instance: WebAssembly.Instance): WebAssembly.Instance {
  const exports = Object.entries(instance.exports).map(([name, value]) => [
    name,
    typeof value === 'function' ? (...parts: unknown[]) => value(...parts) : value,
  ]);
  return Object.create(instance, { exports: { value: Object.freeze(Object.fromEntries(exports)), enumerable: true } });
}

/** The memory where it is all that is imported, as `env.memory`; else null. */
function onlyMemoryOf(imports: WebAssembly.Imports | undefined): WebAssembly.Memory | null {
  const { env, ...others } = imports ?? {};
  const { memory, ...rest } = env ?? {};
  const isAll = Object.keys(others).length === 0 && Object.keys(rest).length === 0;
  return isAll && memory instanceof WebAssembly.Memory ? memory : null;
}

let isKeeping = false;

/** From now on, on this thread. */
export function keepKernelInstances(): void {
  if (isKeeping || typeof WebAssembly === 'undefined') return;
  isKeeping = true;
  WebAssembly.Instance = keepingInstances(WebAssembly.Instance);
}
