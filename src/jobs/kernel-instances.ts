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
      if (memory !== null) kept.set(module, { memory, instance });
      return instance;
    },
  });
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
