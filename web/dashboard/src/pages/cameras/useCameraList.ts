import type { Rest } from "taskbeam-client";
import { ref, shallowRef } from "vue";
import { list } from "@/api";
import { onReconnected } from "@/stores/connection";

/** All cameras, and the recordings that are being written. */
export function useCameraList() {
  const cameras = shallowRef<Rest.Camera[]>([]);
  const recordings = shallowRef<Rest.Recording[]>([]);
  const loading = ref(true);
  const error = shallowRef<unknown>();

  async function load() {
    try {
      cameras.value = await list("GET /api/cameras");
      await loadRecordings();
      error.value = undefined;
    } catch (fault) {
      error.value = fault;
    } finally {
      loading.value = false;
    }
  }

  async function loadRecordings() {
    recordings.value = await list("GET /api/recordings");
  }

  void load();
  onReconnected(load);
  return { cameras, recordings, loading, error, load, loadRecordings };
}
