import { type Rest, TaskbeamError } from "taskbeam-client";
import { onScopeDispose, reactive, ref, shallowRef, watch } from "vue";
import { suggestionsFor } from "./suggest";
import { api, upload } from "@/api";

const PAUSE = 300; // ms after the last change

export type Defaults = Record<"type_name" | "subject_name" | "channel_code" | "source", string>;

/**
 * A file on its way into a bank: sent once, looked at as often as its reader changes what the columns mean.
 *
 * The server keeps what was sent for an hour; where it has let it go (or was moved), the file is sent again.
 */
export function useImport() {
  const file = shallowRef<File>();
  const preview = shallowRef<Rest.ImportPreview>();
  const error = shallowRef<unknown>();
  const sent = ref<number>(); // 0 … 1, while the file is on its way
  const isLooking = ref(false);
  const suggested = shallowRef<string[]>([]); // columns whose meaning was guessed
  const mapping = reactive<Record<string, string>>({});
  const defaults = reactive<Defaults>({ type_name: "", subject_name: "", channel_code: "", source: "" });
  let asked = new AbortController();
  let timer: ReturnType<typeof setTimeout>;

  function open(chosen: File | undefined) {
    asked.abort();
    clearTimeout(timer);
    file.value = chosen;
    preview.value = error.value = undefined;
    suggested.value = [];
    for (const name of Object.keys(mapping)) delete mapping[name];
    if (chosen) void look();
  }

  async function look() {
    asked.abort();
    const own = (asked = new AbortController());
    isLooking.value = true;
    try {
      const found = await shown(own.signal);
      if (own !== asked) return;
      if (!preview.value && !found.has_stem) suggest(found);
      preview.value = found;
      error.value = undefined;
    } catch (fault) {
      if (own === asked) error.value = fault;
    } finally {
      if (own === asked) isLooking.value = false;
    }
  }

  /** Only where nothing could be imported as it is; the mapping that changes is looked at by itself. */
  function suggest(found: Rest.ImportPreview) {
    const guesses = suggestionsFor(found.columns);
    suggested.value = Object.keys(guesses);
    Object.assign(mapping, guesses);
  }

  async function shown(signal: AbortSignal): Promise<Rest.ImportPreview> {
    const token = preview.value?.upload.token;
    if (!token) return send(signal);
    try {
      return (await api("POST /api/banks/import/preview", { form: { upload: token, ...asForm() }, signal })).data;
    } catch (fault) {
      if (isGone(fault)) return send(signal);
      throw fault;
    }
  }

  async function send(signal: AbortSignal): Promise<Rest.ImportPreview> {
    const form = new FormData();
    form.append("file", file.value!);
    for (const [name, value] of Object.entries(asForm())) if (name !== "file_name") form.append(name, value);
    sent.value = 0;
    try {
      return await upload<Rest.ImportPreview>("/api/banks/import/preview", form, (part) => (sent.value = part), signal);
    } finally {
      sent.value = undefined;
    }
  }

  /** Starts the import; gives its task. */
  async function start(bank: number): Promise<Rest.Task> {
    const common = { ...asForm(), format: preview.value!.format };
    const path = { bank_id: bank };
    try {
      return (await api("POST /api/banks/{bank_id}/import", { path, form: { upload: preview.value!.upload.token, ...common } })).data;
    } catch (fault) {
      if (!isGone(fault)) throw fault;
      return (await api("POST /api/banks/{bank_id}/import", { path, form: { file: file.value!, ...common } })).data;
    }
  }

  function asForm(): Record<string, string> {
    const given = Object.fromEntries(Object.entries(defaults).filter(([, value]) => value.trim()));
    return { file_name: file.value!.name, ...given, ...(Object.keys(mapping).length && { mapping: JSON.stringify(mapping) }) };
  }

  watch([mapping, defaults], () => {
    clearTimeout(timer);
    if (preview.value) timer = setTimeout(look, PAUSE);
  });
  onScopeDispose(() => {
    asked.abort();
    clearTimeout(timer);
  });

  return { file, preview, error, sent, isLooking, suggested, mapping, defaults, open, start };
}

const isGone = (fault: unknown) => fault instanceof TaskbeamError && fault.code === "UPLOAD_GONE";
