import type { CameraOptions, CameraView } from "taskbeam-client";
import { onMounted, onScopeDispose, type Ref, shallowRef, watch } from "vue";
import { client } from "@/api";

/** A camera on a canvas; nothing is fetched while the tab or the canvas is out of sight. */
export function useViewer(id: number, canvas: Ref<HTMLCanvasElement | undefined>, options: Ref<CameraOptions>) {
  const view = shallowRef<CameraView>();
  onMounted(() => {
    const own = client.watchCamera(id, canvas.value!, options.value);
    const end = own.subscribe((value) => (view.value = value));
    const follow = watch(options, (changed) => own.set(changed));
    onScopeDispose(() => (follow(), end(), own.stop()));
  });
  return view;
}
