import { onScopeDispose, ref } from "vue";

/** Whether the window is at least so wide; what looks altogether different there is not rendered twice. */
export function useWide(pixels: number) {
  const media = window.matchMedia(`(min-width: ${pixels}px)`);
  const wide = ref(media.matches);
  const follow = () => (wide.value = media.matches);
  media.addEventListener("change", follow);
  onScopeDispose(() => media.removeEventListener("change", follow));
  return wide;
}
