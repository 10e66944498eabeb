import { createRequire } from 'node:module';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { TransformOptions } from 'jiti';

/** How long one file may take, in milliseconds. */
const LIMIT_MS = 20_000;
/** Milliseconds without a file after which the thread ends. */
const IDLE_MS = 500;

/** The thread is this text, so that it is the same whether this file is run from the sources or from what was built of them. */
const THREAD = `
const { workerData: { jiti, port, replied } } = require('node:worker_threads');
const importer = require(jiti)(jiti, { fsCache: false });
port.on('message', (options) => {
  try {
    port.postMessage({ code: importer.transform(options) });
  } catch (error) {
    port.postMessage({ error });
  }
  Atomics.store(replied, 0, 1);
  Atomics.notify(replied, 0);
});
`;

/**
 * Makes JavaScript of TypeScript in a thread of its own. The compiler takes some 40 MiB that a process would not get back; a
 * thread that ends gives them back to the system. One thread for the process, started by the first file and ended when
 * none has come for half a second.
 */
class TransformThread {
  readonly #port: MessagePort;
  readonly #replied = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #worker: Worker;
  readonly #idle: NodeJS.Timeout;

  constructor(onEnd: () => void) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#port.unref();
    const jiti = createRequire(import.meta.url).resolve('jiti');
    this.#worker = new Worker(THREAD, {
      eval: true,
      // None of this process's: a profiler or a loader of it is not meant.
      execArgv: [],
      workerData: { jiti, port: port2, replied: this.#replied },
      transferList: [port2],
    });
    this.#worker.unref();
    // The timeout reports the failure: the caller is blocked, and no event reaches it.
    this.#worker.on('error', () => {});
    this.#idle = setTimeout(() => {
      onEnd();
      void this.#worker.terminate();
    }, IDLE_MS).unref();
  }

  /** Waits for the thread: modules are required synchronously. @throws Error what the compiler throws; when it takes too long */
  transform(options: TransformOptions): string {
    Atomics.store(this.#replied, 0, 0);
    this.#port.postMessage(options);
    const how = Atomics.wait(this.#replied, 0, 0, LIMIT_MS);
    this.#idle.refresh();
    const received: { readonly message: unknown } | undefined = receiveMessageOnPort(this.#port);
    const reply = received?.message;
    if (how === 'timed-out' || typeof reply !== 'object' || reply === null)
      throw new Error(`${options.filename ?? 'a program'} was not compiled within ${LIMIT_MS / 1000} s`);
    if ('code' in reply && typeof reply.code === 'string') return reply.code;
    throw 'error' in reply ? reply.error : new Error('the compiler did not respond');
  }
}

let thread: TransformThread | undefined;

/** @see TransformThread */
export function transformInThread(options: TransformOptions): { code: string } {
  thread ??= new TransformThread(() => {
    thread = undefined;
  });
  return { code: thread.transform(options) };
}
