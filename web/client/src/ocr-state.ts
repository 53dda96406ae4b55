import { TaskbeamError } from "./errors.js";
import type { OcrResult, Requirements } from "./generated/sockets.js";
import type { Client } from "./client.js";
import type { OcrStep, Picture } from "./ocr.js";
import { type Readable, Store } from "./store.js";

export interface OcrView {
  isBusy: boolean;
  /** What is done now; null: nothing. */
  step: OcrStep | null;
  result: OcrResult | null;
  error: TaskbeamError | null;
}

const NOTHING: OcrView = { isBusy: false, step: null, result: null, error: null };

/** One picture at a time, for the adapters: a new one takes the place of the one before. */
export class OcrState implements Readable<OcrView> {
  readonly #client: Client;
  readonly #view = new Store<OcrView>(NOTHING);
  #asked: AbortController | null = null;

  constructor(client: Client) {
    this.#client = client;
  }

  get(): OcrView {
    return this.#view.get();
  }

  subscribe(listener: (view: OcrView) => void): () => void {
    return this.#view.subscribe(listener);
  }

  /** Never rejects: gives null where it failed or was cancelled, and the view says why. */
  readonly recognize = async (picture: Picture, requirements?: Partial<Requirements>): Promise<OcrResult | null> => {
    this.cancel();
    const { signal } = (this.#asked = new AbortController());
    const show = (view: Partial<OcrView>) => signal.aborted || this.#view.set({ ...NOTHING, ...view });
    show({ isBusy: true });
    try {
      const onProgress = (step: OcrStep) => show({ isBusy: true, step });
      const result = await this.#client.recognize(picture, requirements, { signal, onProgress });
      show({ result });
      return result;
    } catch (error) {
      show({ error: TaskbeamError.of(error) });
      return null;
    }
  };

  readonly cancel = (): void => {
    this.#asked?.abort();
    this.#view.set(NOTHING);
  };
}
