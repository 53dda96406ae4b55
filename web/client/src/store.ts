/** A value that changes, and who is told of it. Svelte's contract: a subscriber hears the present value at once. */
export interface Readable<T> {
  /** The present value; never changed in place, so that `===` says whether it is still the same. */
  get(): T;
  /** Gives what ends the subscription. */
  subscribe(listener: (value: T) => void): () => void;
}

/** Subscribers hear of a burst of changes once, when the page is about to be painted. */
export class Store<T> implements Readable<T> {
  readonly #listeners = new Set<(value: T) => void>();
  #value: T;
  #make: (() => T) | undefined;

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    const make = this.#make;
    if (make) {
      this.#make = undefined;
      this.#value = make();
    }
    return this.#value;
  }

  set(value: T): void {
    if (!this.#make && Object.is(value, this.#value)) return;
    this.#make = undefined;
    this.#value = value;
    if (this.#listeners.size) soon(this.#tell);
  }

  /** A value that is worth making only when somebody looks. */
  setLater(make: () => T): void {
    this.#make = make;
    if (this.#listeners.size) soon(this.#tell);
  }

  subscribe(listener: (value: T) => void): () => void {
    const own = (value: T) => listener(value); // the same listener may subscribe twice
    this.#listeners.add(own);
    own(this.get());
    return () => void this.#listeners.delete(own);
  }

  readonly #tell = () => {
    const value = this.get();
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        reportError(error); // of one listener; the others still hear
      }
    }
  };
}

const LONGEST_WAIT = 100; // ms; a hidden page paints nothing and would wait for ever
const NO_FRAMES_WAIT = 16; // ms, where there is no page

const waiting = new Set<() => void>();
let timer: ReturnType<typeof setTimeout> | undefined;
let frame: number | undefined;

function soon(call: () => void): void {
  waiting.add(call);
  if (timer !== undefined) return;
  const hasFrames = typeof requestAnimationFrame === "function";
  if (hasFrames) frame = requestAnimationFrame(flush);
  timer = setTimeout(flush, hasFrames ? LONGEST_WAIT : NO_FRAMES_WAIT);
}

function flush(): void {
  clearTimeout(timer);
  if (frame !== undefined) cancelAnimationFrame(frame);
  timer = frame = undefined;
  const calls = [...waiting];
  waiting.clear();
  for (const call of calls) call();
}

/** As an uncaught error would be, without ending what else is to be done. */
export function reportError(error: unknown): void {
  setTimeout(() => {
    throw error;
  });
}
